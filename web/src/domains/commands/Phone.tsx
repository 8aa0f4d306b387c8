import { Button, Stack, TextInput } from "@mantine/core";
import { IconCheck, IconDeviceMobile, IconDeviceMobileOff, IconDeviceMobileQuestion } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { client, isNotFound, Problem, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { useAccount } from "../../kit/session";
import styles from "./commands.module.css";
import { makeKey, offer, type DigitalKey, type Ticket } from "./keys";
import { useNow } from "../../kit/live";
import { usePhones } from "./remoteCommands";
import { ChooseCode } from "./SafetyCode";
import { useTicket } from "./ticket";

/** The car answers in seconds; after this long something is amiss, and the person is told what it may be. */
const SLOW_MS = 15_000;
const MAX_LABEL = 40;

type Offered = Schemas["PhoneBody"] & { offeredAt: number };

/** The page behind the code on a car's screen: this browser becomes a phone of that car. REQ RC-7. */
export default function Phone() {
  const [ticket, forget] = useTicket();
  const { t } = useTexts("commands");
  const [offered, setOffered] = useState<Offered | null>(null);
  const [vehicleId, setVehicleId] = useState<string | null>(null);
  const begin = (phone: Offered, car: string) => {
    setOffered(phone);
    setVehicleId(car);
    forget();
  };
  return (
    <Page title={t("phone.title")} back="/">
      {ticket !== null ? (
        <Naming key={`${ticket.vehicleId}.${ticket.secret.join()}`} ticket={ticket} onOffered={(phone) => begin(phone, ticket.vehicleId)} />
      ) : offered !== null && vehicleId !== null ? (
        <Answer offered={offered} vehicleId={vehicleId} />
      ) : (
        <NoTicket />
      )}
    </Page>
  );
}

/** What to do in the car; shown wherever somebody needs a phone of the car and has none. */
export function HowToAdd() {
  const { t } = useTexts("commands");
  return (
    <ol className={styles.numbered}>
      <li>{t("phone.step1")}</li>
      <li>{t("phone.step2")}</li>
      <li>{t("phone.step3")}</li>
    </ol>
  );
}

function NoTicket() {
  const { t } = useTexts("commands");
  return (
    <Stack gap="md">
      <Big icon={<IconDeviceMobileQuestion size={44} aria-hidden />} />
      <h2 className={`${styles.cardTitle} ${styles.centre}`}>{t("phone.none")}</h2>
      <p className={`${styles.message} ${styles.centre}`}>{t("phone.noneHow")}</p>
      <section className={styles.card}>
        <HowToAdd />
      </section>
    </Stack>
  );
}

function Naming({ ticket, onOffered }: { ticket: Ticket; onOffered: (phone: Offered) => void }) {
  const { t } = useTexts("commands");
  const [label, setLabel] = useState(() => t(`phone.names.${deviceKind()}`));
  // One key for one code of the car: where the answer was lost, the same key is offered again, and the car knows it already.
  const made = useRef<DigitalKey | null>(null);
  const add = useMutation({
    mutationFn: async () => {
      const key = made.current ?? (await makeKey(ticket.vehicleId).catch((cause: unknown) => {
        throw new Unable(cause);
      }));
      made.current = key;
      const body = await offer(key, ticket, label.trim());
      const params = { path: { vehicle_id: ticket.vehicleId } };
      return told(client.POST("/api/v1/vehicles/{vehicle_id}/digital-keys", { params, body }));
    },
    onSuccess: (phone) => onOffered({ ...phone, offeredAt: Date.now() }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Stack gap="lg">
        <Big icon={<IconDeviceMobile size={44} aria-hidden />} />
        <p className={`${styles.message} ${styles.centre}`}>{t("phone.what")}</p>
        <TextInput
          size="lg"
          label={t("phone.name")}
          description={t("phone.nameHint")}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
          maxLength={MAX_LABEL}
          autoComplete="off"
          required
        />
        <Failed error={add.error} />
        <Button type="submit" size="xl" loading={add.isPending} disabled={label.trim() === ""}>
          {t("phone.add")}
        </Button>
      </Stack>
    </form>
  );
}

/** This browser keeps no key. */
class Unable extends Error {
  constructor(cause: unknown) {
    super("no key can be kept", { cause });
  }
}

function Failed({ error }: { error: unknown }) {
  const { t } = useTexts("commands");
  if (error instanceof Unable) {
    return <Words message={t("phone.unable")} cure="" />;
  }
  if (isNotFound(error)) {
    return <Words message={t("phone.notYours")} cure={t("phone.notYoursHow")} />;
  }
  if (error instanceof Problem && error.code === "car-offline") {
    return <Words message={t("phone.refused.car_offline")} cure={t("sheet.problem.car-offline.cure")} />;
  }
  return <ProblemNote error={error} />;
}

function Words({ message, cure }: { message: string; cure: string }) {
  return (
    <div role="alert" className={styles.centre}>
      <p className={styles.rowName}>{message}</p>
      {cure !== "" && <p className={styles.message}>{cure}</p>}
    </div>
  );
}

function Answer({ offered, vehicleId }: { offered: Offered; vehicleId: string }) {
  const { t, has } = useTexts("commands");
  const known = useQueryClient();
  const [codeChosen, setCodeChosen] = useState(false);
  const [, go] = useLocation();
  const now = useNow();
  const account = useAccount();
  const [settled, setSettled] = useState(false);
  const phones = usePhones(vehicleId, { everyMs: settled ? undefined : 1_000 });
  // Only an answer that came after the offer counts: the list may have been kept from before.
  const phone = phones.dataUpdatedAt >= offered.offeredAt ? phones.data?.items.find((item) => item.key_id === offered.key_id) : undefined;
  const state = phone?.state ?? "requested";
  if (state !== "requested" && !settled) {
    setSettled(true);
  }
  const toCar = () => go(`/cars/${vehicleId}`);
  if (state === "requested") {
    return (
      <div className={styles.centre} role="status">
        <Big icon={<IconDeviceMobile size={44} aria-hidden />} waiting />
        <h2 className={styles.cardTitle}>{t("phone.waiting")}</h2>
        <p className={styles.message}>{now - offered.offeredAt > SLOW_MS ? t("phone.slow") : t("phone.waitingHow")}</p>
      </div>
    );
  }
  if (state !== "active") {
    const reason = phone !== undefined && has(`phone.refused.${phone.reason}`) ? phone.reason : "other";
    return (
      <Stack gap="md">
        <Big icon={<IconDeviceMobileOff size={44} aria-hidden />} unhappy />
        <Words message={t(`phone.refused.${reason}`)} cure={t(reason === "car_offline" ? "sheet.problem.car-offline.cure" : "phone.refusedHow")} />
        <section className={styles.card}>
          <HowToAdd />
        </section>
      </Stack>
    );
  }
  const needsCode = account.data !== undefined && !account.data.safety_code_set && !codeChosen;
  return (
    <Stack gap="md">
      <div className={styles.centre} role="status">
        <Big icon={<IconCheck size={44} aria-hidden />} />
        <h2 className={styles.cardTitle}>{t("phone.added")}</h2>
        <p className={styles.message}>{t("phone.addedHow", { label: phone?.label ?? offered.label })}</p>
      </div>
      {needsCode ? (
        <>
          <p className={`${styles.rowName} ${styles.centre}`}>{t("phone.codeNext")}</p>
          <ChooseCode
            onDone={() => {
              setCodeChosen(true);
              void known.invalidateQueries({ queryKey: ["account"] });
              toCar();
            }}
          />
        </>
      ) : (
        <Button component={Link} href={`/cars/${vehicleId}`} size="xl">
          {t("phone.toCar")}
        </Button>
      )}
    </Stack>
  );
}

function Big({ icon, waiting = false, unhappy = false }: { icon: ReactNode; waiting?: boolean; unhappy?: boolean }) {
  return (
    <div className={styles.big} data-waiting={waiting || undefined} data-unhappy={unhappy || undefined}>
      {icon}
    </div>
  );
}

function deviceKind(): "iphone" | "ipad" | "android" | "computer" {
  const agent = navigator.userAgent;
  if (/iPhone/.test(agent)) {
    return "iphone";
  }
  if (/iPad/.test(agent)) {
    return "ipad";
  }
  return /Android/.test(agent) ? "android" : "computer";
}

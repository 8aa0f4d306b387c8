import { Button } from "@mantine/core";
import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { isOver, ordersOf, type Order } from "../../domains/commands/life";
import { OrderLife } from "../../domains/commands/OrderLife";
import { OrderSheet } from "../../domains/commands/OrderSheet";
import { order, useKeepOrder, usePhoneKey, usePhones } from "../../domains/commands/orders";
import { HowToAdd } from "../../domains/commands/Phone";
import { Sheet } from "../../domains/commands/Sheet";
import type { Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import type { CarLive } from "../../kit/live";
import { Loading, ProblemNote } from "../../kit/parts";
import styles from "./lock.module.css";

const COMMANDS = ["lock", "unlock"] as const;
type Command = (typeof COMMANDS)[number];

interface Asked {
  command: Command;
  /** An order of another browser that waits for this phone. */
  waiting?: Order;
}

interface LockPanelProps {
  vehicleId: string;
  car: CarLive;
  service: Schemas["ServiceBody"] | undefined;
  /** Null when no lock says anything. */
  locked: boolean | null;
}

/**
 * Lock and unlock: both buttons always there, whatever the state (RC-1), the one that changes it in front; each order is confirmed before it goes, and its button moves
 * until the outcome is known (RC-8).
 */
export function LockPanel({ vehicleId, car, service, locked }: LockPanelProps) {
  const { t } = useTexts("lock");
  const [asked, setAsked] = useState<Asked | null>(null);
  const phones = useKnownPhones(vehicleId, car, asked !== null);
  const [tries, setTries] = useState(0);
  const phoneKey = usePhoneKey(vehicleId, phones.items, tries);
  const newest = ordersOf(car.orders, COMMANDS)[0];
  const underWay = newest !== undefined && !isOver(newest) && newest.state !== "awaiting_phone" ? newest.command : null;
  const again = () => {
    setTries(tries + 1);
    phones.retry();
  };
  // An answer that comes late closes the sheet that it belongs to, and none that was opened since.
  const close = () => setAsked((now) => (now === asked ? null : now));
  return (
    <>
      <section className={styles.panel} aria-label={t("title")}>
        {COMMANDS.map((command) => (
          <Button
            key={command}
            size="xl"
            variant={locked !== null && locked === (command === "unlock") ? "filled" : "default"}
            className={styles.button}
            data-moving={underWay === command || undefined}
            aria-description={underWay === command ? t("underWay", { command: t(command) }) : undefined}
            leftSection={command === "lock" ? <IconLock aria-hidden /> : <IconLockOpen aria-hidden />}
            onClick={() => setAsked({ command })}
          >
            {t(command)}
          </Button>
        ))}
      </section>
      <OrderLife
        vehicleId={vehicleId}
        orders={car.orders}
        commands={COMMANDS}
        onApprove={phoneKey && !(phoneKey instanceof Error) ? (waiting) => setAsked({ command: waiting.command as Command, waiting }) : null}
      />
      {asked !== null && service !== undefined && !service.open ? (
        <Closed service={service} title={t(asked.command)} onClose={close} />
      ) : asked !== null && phoneKey === null ? (
        <NoKey vehicleId={vehicleId} command={asked.command} phones={phones.items ?? []} onClose={close} />
      ) : asked !== null && (phoneKey === undefined || phoneKey instanceof Error) ? (
        <Sheet title={t(asked.command)} onClose={close}>
          {phoneKey === undefined && phones.error === null ? <Loading rows={1} /> : <ProblemNote error={phoneKey ?? phones.error} onRetry={again} />}
        </Sheet>
      ) : asked !== null && phoneKey && !(phoneKey instanceof Error) ? (
        <OrderSheet
          vehicleId={vehicleId}
          phoneKey={phoneKey}
          command={asked.command}
          needsCode={asked.command === "unlock"}
          waiting={asked.waiting}
          title={t(asked.command)}
          what={t(`${asked.command}What`)}
          doIt={t(`${asked.command}Do`)}
          onClose={close}
        />
      ) : null}
    </>
  );
}

/** The phones of the car: as its stream told them, or, while it tells nothing and somebody waits, as the platform answers. */
function useKnownPhones(vehicleId: string, car: CarLive, isAsked: boolean) {
  const asked = usePhones(vehicleId, { enabled: isAsked && car.phone_keys === undefined });
  const items = car.phone_keys?.items ?? asked.data?.items;
  return { items, error: items === undefined ? asked.error : null, retry: () => void asked.refetch() };
}

/** The service is closed to this car: why, and what opens it. */
function Closed({ service, title, onClose }: { service: Schemas["ServiceBody"]; title: string; onClose: () => void }) {
  const { t } = useTexts("lock");
  return (
    <Sheet title={title} onClose={onClose}>
      <div role="alert">
        <p className={styles.strong}>
          {t("closed")}. {service.message}
        </p>
        <p className={styles.dim}>{service.cure}</p>
      </div>
    </Sheet>
  );
}

/** This browser holds no key of the car: how it gets one, and what goes without. */
function NoKey({ vehicleId, command, phones, onClose }: { vehicleId: string; command: Command; phones: readonly Schemas["PhoneBody"][]; onClose: () => void }) {
  const { t } = useTexts("lock");
  const keep = useKeepOrder(vehicleId);
  const ask = useMutation({
    mutationFn: () => order({ vehicleId, command }),
    onSuccess: (placed) => {
      keep(placed);
      onClose();
    },
  });
  return (
    <Sheet title={t("noKey")} onClose={onClose}>
      <p className={styles.dim}>{t("noKeyWhat")}</p>
      <HowToAdd />
      {phones.some((phone) => phone.state === "active") && (
        <>
          <p className={styles.dim}>{t("other")}</p>
          <ProblemNote error={ask.error} />
          <Button variant="light" fullWidth loading={ask.isPending} onClick={() => ask.mutate()}>
            {t("askPhone")}
          </Button>
        </>
      )}
    </Sheet>
  );
}

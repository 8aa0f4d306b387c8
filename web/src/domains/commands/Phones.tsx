import { ActionIcon, Badge, Button, Stack } from "@mantine/core";
import { IconDeviceMobile, IconShieldLock, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { client, told, type Schemas } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { useAccount } from "../../kit/session";
import { Sheet } from "../../kit/Sheet";
import { fullNameOf, useCar } from "../garage/cars";
import styles from "./commands.module.css";
import { useDigitalKey, usePhones } from "./remoteCommands";
import { HowToAdd } from "./Phone";

const EVERY_MS = 5_000;

/** The phones of one car: which there are, and how to be rid of one that was lost, without a hotline. */
export default function Phones() {
  const { vehicleId = "" } = useParams();
  const { t, language } = useTexts("commands");
  const phones = usePhones(vehicleId, { everyMs: EVERY_MS });
  const here = useDigitalKey(vehicleId, phones.data?.items);
  const account = useAccount();
  const [removing, setRemoving] = useState<Schemas["PhoneBody"] | null>(null);
  const car = useCar(vehicleId).data;
  const back = `/cars/${vehicleId}`;
  return (
    <Page title={t("phones.title")} under={car && fullNameOf(car)} back={back}>
      <Stack gap="md">
        <p className={styles.message}>{t(phones.data?.items.length === 0 ? "phones.none" : "phones.what")}</p>
        {phones.data === undefined ? phones.error === null ? <Loading rows={2} height={72} /> : <ProblemNote error={phones.error} onRetry={() => void phones.refetch()} /> : null}
        {phones.data !== undefined && phones.data.items.length > 0 && (
          <section className={styles.card}>
            {phones.data.items.map((phone) => (
              <div className={styles.row} key={phone.key_id}>
                <IconDeviceMobile aria-hidden />
                <div className={styles.rowText}>
                  <p className={styles.rowName}>
                    {phone.label} {!(here instanceof Error) && phone.key_id === here?.keyId && <Badge variant="light">{t("phones.here")}</Badge>}
                  </p>
                  <span className={styles.dim}>{t(`phones.state.${phone.state}`, { at: format.date(phone.changed_at, language) })}</span>
                </div>
                {phone.state !== "refused" && (
                  <ActionIcon variant="subtle" color="red" size={44} radius="xl" onClick={() => setRemoving(phone)} aria-label={t("phones.remove", { label: phone.label })}>
                    <IconTrash aria-hidden />
                  </ActionIcon>
                )}
              </div>
            ))}
          </section>
        )}
        <section className={styles.card}>
          <HowToAdd />
        </section>
        <section className={styles.card}>
          <div className={styles.row}>
            <IconShieldLock aria-hidden />
            <div className={styles.rowText}>
              <p className={styles.rowName}>{t("phones.code")}</p>
              <span className={styles.dim}>{account.data?.safety_code_set === false ? t("phones.codeUnset") : t("phones.codeSet")}</span>
            </div>
            <Button component={Link} href={`/safety-code?to=${back}/phones`} variant="light" size="md">
              {account.data?.safety_code_set === false ? t("phones.choose") : t("phones.change")}
            </Button>
          </div>
        </section>
      </Stack>
      {removing !== null && <Removal vehicleId={vehicleId} phone={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

function Removal({ vehicleId, phone, onClose }: { vehicleId: string; phone: Schemas["PhoneBody"]; onClose: () => void }) {
  const { t } = useTexts("commands");
  const known = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      told(client.DELETE("/api/v1/vehicles/{vehicle_id}/digital-keys/{key_id}", { params: { path: { vehicle_id: vehicleId, key_id: phone.key_id } } })),
    onSuccess: async () => {
      await known.invalidateQueries({ queryKey: ["vehicles", vehicleId, "digital-keys"] });
      onClose();
    },
  });
  return (
    <Sheet title={t("phones.sure", { label: phone.label })} onClose={onClose}>
      <p className={styles.message}>{t("phones.consequence")}</p>
      <ProblemNote error={remove.error} />
      <Button color="red" size="xl" fullWidth loading={remove.isPending} onClick={() => remove.mutate()}>
        {t("phones.doRemove")}
      </Button>
    </Sheet>
  );
}

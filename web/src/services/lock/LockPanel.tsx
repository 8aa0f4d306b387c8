import { Button } from "@mantine/core";
import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { isOver, commandsOf, type RemoteCommand } from "../../domains/commands/life";
import { CommandLife } from "../../domains/commands/CommandLife";
import { CommandSheet } from "../../domains/commands/CommandSheet";
import { sendCommand, useKeepCommand, useDigitalKey, usePhones } from "../../domains/commands/remoteCommands";
import { HowToAdd } from "../../domains/commands/Phone";
import { Sheet } from "../../domains/commands/Sheet";
import { carState } from "../../domains/car/state";
import type { Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import type { CarLive } from "../../kit/live";
import { Loading, ProblemNote } from "../../kit/parts";
import type { CarPartProps } from "../../kit/service";
import styles from "./lock.module.css";

const COMMANDS = ["lock", "unlock"] as const;
type Command = (typeof COMMANDS)[number];

interface Asked {
  command: Command;
  /** A remote command of another browser that waits for this phone. */
  waiting?: RemoteCommand;
}

/**
 * Lock and unlock: both buttons always there, whatever the state (RC-1), the one that changes it in front; each command is confirmed before it goes, and its button moves
 * until the outcome is known (RC-8).
 */
export default function LockPanel({ vehicleId, car, services: [service], nowMs }: CarPartProps) {
  const { locked } = carState(car.status ?? {}, nowMs);
  const { t } = useTexts("lock");
  const [asked, setAsked] = useState<Asked | null>(null);
  const phones = useKnownPhones(vehicleId, car, asked !== null);
  const [tries, setTries] = useState(0);
  const digitalKey = useDigitalKey(vehicleId, phones.items, tries);
  const newest = commandsOf(car.remote_commands, COMMANDS)[0];
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
      <CommandLife
        vehicleId={vehicleId}
        remotes={car.remote_commands}
        commands={COMMANDS}
        onApprove={digitalKey && !(digitalKey instanceof Error) ? (waiting) => setAsked({ command: waiting.command as Command, waiting }) : null}
      />
      {asked !== null && service !== undefined && !service.open ? (
        <Closed service={service} title={t(asked.command)} onClose={close} />
      ) : asked !== null && digitalKey === null ? (
        <NoKey vehicleId={vehicleId} command={asked.command} phones={phones.items ?? []} onClose={close} />
      ) : asked !== null && (digitalKey === undefined || digitalKey instanceof Error) ? (
        <Sheet title={t(asked.command)} onClose={close}>
          {digitalKey === undefined && phones.error === null ? <Loading rows={1} /> : <ProblemNote error={digitalKey ?? phones.error} onRetry={again} />}
        </Sheet>
      ) : asked !== null && digitalKey && !(digitalKey instanceof Error) ? (
        <CommandSheet
          vehicleId={vehicleId}
          digitalKey={digitalKey}
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
  const asked = usePhones(vehicleId, { enabled: isAsked && car.digital_keys === undefined });
  const items = car.digital_keys?.items ?? asked.data?.items;
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
  const keep = useKeepCommand(vehicleId);
  const ask = useMutation({
    mutationFn: () => sendCommand({ vehicleId, command }),
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

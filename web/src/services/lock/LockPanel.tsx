import { Button } from "@mantine/core";
import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { carState } from "../../domains/car/state";
import { CommandLife } from "../../domains/commands/CommandLife";
import { commandsOf, isOver } from "../../domains/commands/life";
import { argumentsOf, commandName, offersOf, useOffers } from "../../domains/commands/offers";
import { useCommanding } from "../../domains/commands/useCommanding";
import { useTexts } from "../../kit/i18n";
import { Loading, ProblemNote } from "../../kit/parts";
import type { CarPartProps } from "../../kit/service";
import styles from "./lock.module.css";

/** What each command of this service makes of the car. */
const LOCKS: Readonly<Record<string, boolean>> = { lock: true, unlock: false };

/**
 * Lock and unlock: both buttons always there, whatever the state (RC-1), the one that changes it in front; each command is confirmed before it goes, and its button moves
 * until the outcome is known (RC-8).
 */
export default function LockPanel({ vehicleId, car, services, nowMs }: CarPartProps) {
  const { t, language } = useTexts("lock");
  const { locked } = carState(car.status ?? {}, nowMs);
  const known = useOffers(vehicleId);
  const offers = offersOf(known.data, services.map((one) => one.declaration));
  const { ask, sheet, canApprove } = useCommanding(vehicleId, car);
  const newest = commandsOf(car.remote_commands, offers.map((offer) => offer.command))[0];
  const underWay = newest !== undefined && !isOver(newest) && newest.state !== "awaiting_phone" ? newest.command : null;
  const whatOf = (command: string) => t(`${command}What`);
  if (known.data === undefined) {
    return known.error === null ? <Loading rows={1} height={64} /> : <ProblemNote error={known.error} onRetry={() => void known.refetch()} />;
  }
  return (
    <>
      <section className={styles.panel} aria-label={t("title")}>
        {offers.map((offer) => {
          const name = commandName(offer.command, offers, language);
          return (
            <Button
              key={offer.command}
              size="xl"
              variant={locked !== null && locked !== LOCKS[offer.command] ? "filled" : "default"}
              className={styles.button}
              data-moving={underWay === offer.command || undefined}
              aria-description={underWay === offer.command ? t("underWay", { command: name }) : undefined}
              leftSection={LOCKS[offer.command] === true ? <IconLock aria-hidden /> : <IconLockOpen aria-hidden />}
              onClick={() => ask({ offer, what: whatOf(offer.command) })}
            >
              {name}
            </Button>
          );
        })}
      </section>
      <CommandLife
        vehicleId={vehicleId}
        remotes={car.remote_commands}
        offers={offers}
        onApprove={
          canApprove
            ? (waiting) => {
                const offer = offers.find((one) => one.command === waiting.command);
                if (offer !== undefined) {
                  ask({ offer, args: argumentsOf(offer, waiting), what: whatOf(waiting.command), waiting });
                }
              }
            : null
        }
      />
      {sheet}
    </>
  );
}

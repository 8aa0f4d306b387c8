import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import type { CarLive } from "../../kit/live";
import { Loading, ProblemNote } from "../../kit/parts";
import { hasMembers } from "../../kit/schema";
import { Sheet } from "../../kit/Sheet";
import { ArgumentsSheet } from "./ArgumentsSheet";
import { CommandSheet, ConfirmSheet } from "./CommandSheet";
import styles from "./commands.module.css";
import type { Arguments } from "./keys";
import { isOver, type RemoteCommand } from "./life";
import { commandName, type Offer } from "./offers";
import { HowToAdd } from "./Phone";
import { sendCommand, useDigitalKey, useKeepCommand, usePhones } from "./remoteCommands";

/** A command that somebody wants. */
export interface Wish {
  offer: Offer;
  /** Left out: they are asked for, where the command takes any. */
  args?: Arguments;
  /** What will happen, in the words of whoever offers it. */
  what?: ReactNode;
  /** A remote command of another browser that this phone signs. */
  waiting?: RemoteCommand;
}

/**
 * The way from a wish to a remote command: why it is not possible, its arguments, the question before it goes, the phone's digital key and the safety code,
 * each where the command asks for it. `sheet` has to be shown; `sent` is what went last, as far as it has come.
 */
export function useCommanding(vehicleId: string, car: CarLive) {
  const [wish, setWish] = useState<Wish | null>(null);
  const [tries, setTries] = useState(0);
  const phones = useKnownPhones(vehicleId, car, wish !== null);
  const digitalKey = useDigitalKey(vehicleId, phones.items, tries);
  const keep = useKeepCommand(vehicleId);
  const direct = useMutation({ mutationFn: ({ offer, args }: Wish) => sendCommand({ vehicleId, command: offer.command, args: args ?? {} }), onSuccess: keep });
  const sent = direct.data === undefined ? undefined : (car.remote_commands?.[direct.data.command_id] ?? direct.data);
  const ask = (wanted: Wish) => {
    const { offer, args } = wanted;
    const isPlain = offer.possible && offer.authority === "platform" && offer.confirmation === null;
    if (isPlain && (args !== undefined || !hasMembers(offer.arguments))) {
      setWish(null);
      direct.mutate(wanted);
    } else {
      setWish(wanted);
    }
  };
  // An answer that comes late closes the sheet that it belongs to, and none that was opened since.
  const close = () => setWish((now) => (now === wish ? null : now));
  const again = () => {
    setTries(tries + 1);
    phones.retry();
  };
  const key = digitalKey instanceof Error ? null : digitalKey;
  const sheetOf = (wanted: Wish) => {
    const { offer, args } = wanted;
    const props = { vehicleId, wish: wanted, onClose: close };
    if (!offer.possible || offer.authority === "local") {
      return <Impossible offer={offer} onClose={close} />;
    }
    if (args === undefined && hasMembers(offer.arguments)) {
      return <ArgumentsSheet offer={offer} onArguments={(given) => ask({ ...wanted, args: given })} onClose={close} />;
    }
    if (offer.authority === "platform") {
      return <ConfirmSheet {...props} />;
    }
    if (digitalKey === null) {
      return <NoKey {...props} phones={phones.items ?? []} />;
    }
    if (key === undefined || key === null) {
      return <Finding offer={offer} error={digitalKey ?? phones.error} isLooking={digitalKey === undefined && phones.error === null} onRetry={again} onClose={close} />;
    }
    return <CommandSheet {...props} digitalKey={key} />;
  };
  return {
    ask,
    sheet: wish === null ? null : sheetOf(wish),
    canApprove: key !== null && key !== undefined,
    sent,
    isGoing: direct.isPending || (sent !== undefined && !isOver(sent)),
    error: direct.error,
  };
}

/** The phones of the car: as its stream told them, or, while it tells nothing and somebody waits, as the platform answers. */
function useKnownPhones(vehicleId: string, car: CarLive, isAsked: boolean) {
  const asked = usePhones(vehicleId, { enabled: isAsked && car.digital_keys === undefined });
  const items = car.digital_keys?.items ?? asked.data?.items;
  return { items, error: items === undefined ? asked.error : null, retry: () => void asked.refetch() };
}

function useName({ command, ...offer }: Offer): string {
  const { language } = useTexts("commands");
  return commandName(command, [{ command, ...offer }], language);
}

/** Why it can't be sent now, and what opens it. */
function Impossible({ offer, onClose }: { offer: Offer; onClose: () => void }) {
  const { t } = useTexts("commands");
  const isLocal = offer.possible;
  return (
    <Sheet title={useName(offer)} onClose={onClose}>
      <div role="alert">
        <p className={styles.strong}>{isLocal ? t("flow.local") : `${t("flow.closed")}. ${offer.message}`}</p>
        <p className={styles.dim}>{isLocal ? "" : offer.cure}</p>
      </div>
    </Sheet>
  );
}

/** Whether this phone is a key of the car is not known yet, or can't be found out. */
function Finding({ offer, error, isLooking, onRetry, onClose }: { offer: Offer; error: unknown; isLooking: boolean; onRetry: () => void; onClose: () => void }) {
  return (
    <Sheet title={useName(offer)} onClose={onClose}>
      {isLooking ? <Loading rows={1} /> : <ProblemNote error={error} onRetry={onRetry} />}
    </Sheet>
  );
}

interface NoKeyProps {
  vehicleId: string;
  wish: Wish;
  phones: readonly Schemas["PhoneBody"][];
  onClose: () => void;
}

/** This browser holds no key of the car: how it gets one, and what goes without. */
function NoKey({ vehicleId, wish, phones, onClose }: NoKeyProps) {
  const { t } = useTexts("commands");
  const keep = useKeepCommand(vehicleId);
  const ask = useMutation({
    mutationFn: () => sendCommand({ vehicleId, command: wish.offer.command, args: wish.args ?? {} }),
    onSuccess: (placed) => {
      keep(placed);
      onClose();
    },
  });
  return (
    <Sheet title={t("flow.noKey")} onClose={onClose}>
      <p className={styles.dim}>{t("flow.noKeyWhat")}</p>
      <HowToAdd />
      {phones.some((phone) => phone.state === "active") && (
        <>
          <p className={styles.dim}>{t("flow.other")}</p>
          <ProblemNote error={ask.error} />
          <Button variant="light" fullWidth loading={ask.isPending} onClick={() => ask.mutate()}>
            {t("flow.askPhone")}
          </Button>
        </>
      )}
    </Sheet>
  );
}

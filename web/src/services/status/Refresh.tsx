import { IconRefresh } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { isOver, isUnhappy } from "../../domains/commands/life";
import { sendCommand, useKeepCommand } from "../../domains/commands/remoteCommands";
import { useTexts } from "../../kit/i18n";
import { ProblemNote } from "../../kit/parts";
import { FAR, usePull } from "../../kit/pull";
import card from "../../kit/card.module.css";
import type { CarPartProps } from "../../kit/service";
import styles from "./refresh.module.css";

/** Asks the car to read its sensors anew, by the arrow or by pulling the page down (RC-5); the arrow turns until the car has answered, or it is known that it will not. */
export default function Refresh({ vehicleId, car }: CarPartProps) {
  const { t } = useTexts("status");
  const keep = useKeepCommand(vehicleId);
  const ask = useMutation({ mutationFn: () => sendCommand({ vehicleId, command: "refresh" }), onSuccess: keep });
  const asked = ask.data === undefined ? undefined : (car.remote_commands?.[ask.data.command_id] ?? ask.data);
  const isGoing = ask.isPending || (asked !== undefined && !isOver(asked));
  const pulledBy = usePull(() => {
    if (!isGoing) {
      ask.mutate();
    }
  });
  return (
    <>
      {pulledBy > 0 && (
        <span className={styles.pull} style={{ transform: `translate(-50%, ${pulledBy}px) rotate(${pulledBy * 4}deg)` }} data-far={pulledBy >= FAR || undefined} aria-hidden>
          <IconRefresh size={24} />
        </span>
      )}
      <button type="button" className={styles.refresh} data-moving={isGoing || undefined} aria-busy={isGoing} onClick={() => !isGoing && ask.mutate()}>
        <IconRefresh size={20} aria-hidden /> {t("refresh.do")}
      </button>
      <span className={asked !== undefined && isUnhappy(asked) ? styles.refused : card.unseen} role="status" data-refresh={asked?.state}>
        {isGoing ? t("refresh.going") : asked === undefined ? "" : isUnhappy(asked) ? `${asked.message} ${asked.cure}` : t("refresh.done")}
      </span>
      {ask.error !== null && <ProblemNote error={ask.error} />}
    </>
  );
}

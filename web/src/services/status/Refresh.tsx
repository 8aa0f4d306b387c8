import { IconRefresh } from "@tabler/icons-react";
import { isUnhappy } from "../../domains/commands/life";
import { commandName, useOffers } from "../../domains/commands/offers";
import { useCommanding } from "../../domains/commands/useCommanding";
import card from "../../kit/card.module.css";
import { useTexts } from "../../kit/i18n";
import { ProblemNote } from "../../kit/parts";
import { FAR, usePull } from "../../kit/pull";
import type { CarPartProps } from "../../kit/service";
import styles from "./refresh.module.css";

const REFRESH = "refresh";

/** Asks the car to read its sensors anew, by the arrow or by pulling the page down (RC-5); the arrow turns until the car has answered, or it is known that it will not. */
export default function Refresh({ vehicleId, car }: CarPartProps) {
  const { t, language } = useTexts("status");
  const offers = useOffers(vehicleId).data;
  const offer = offers?.find((one) => one.command === REFRESH);
  const { ask, sheet, sent, isGoing, error } = useCommanding(vehicleId, car);
  const refresh = () => {
    if (offer !== undefined && !isGoing) {
      ask({ offer });
    }
  };
  const pulledBy = usePull(refresh);
  if (offer === undefined) {
    return null;
  }
  return (
    <>
      {pulledBy > 0 && (
        <span className={styles.pull} style={{ transform: `translate(-50%, ${pulledBy}px) rotate(${pulledBy * 4}deg)` }} data-far={pulledBy >= FAR || undefined} aria-hidden>
          <IconRefresh size={24} />
        </span>
      )}
      <button type="button" className={styles.refresh} data-moving={isGoing || undefined} aria-busy={isGoing} onClick={refresh}>
        <IconRefresh size={20} aria-hidden /> {commandName(REFRESH, [offer], language)}
      </button>
      <span className={sent !== undefined && isUnhappy(sent) ? styles.refused : card.unseen} role="status" data-refresh={sent?.state}>
        {isGoing ? t("refresh.going") : sent === undefined ? "" : isUnhappy(sent) ? `${sent.message} ${sent.cure}` : t("refresh.done")}
      </span>
      {error !== null && <ProblemNote error={error} />}
      {sheet}
    </>
  );
}

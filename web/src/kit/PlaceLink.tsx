import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTexts } from "./i18n";
import { Sheet } from "./Sheet";
import styles from "./sheet.module.css";
import { wayTo } from "./way";

interface PlaceLinkProps {
  latitude: number;
  longitude: number;
  className?: string | undefined;
  children: ReactNode;
}

/** Opens a place in a map outside of this app, after saying who learns it then. The place leaves the app only when the person has agreed. */
export function PlaceLink({ latitude, longitude, className, children }: PlaceLinkProps) {
  const { t } = useTexts("kit");
  const [isAsked, setAsked] = useState(false);
  const { href, recipient } = wayTo(latitude, longitude);
  return (
    <>
      <button type="button" className={className} onClick={() => setAsked(true)} data-place={`${latitude},${longitude}`}>
        {children}
      </button>
      {isAsked && (
        <Sheet title={t("place.title")} onClose={() => setAsked(false)}>
          <p className={styles.text}>{recipient === null ? t("place.device") : t("place.recipient", { recipient })}</p>
          <Button component="a" href={href} target="_blank" rel="noreferrer" size="xl" fullWidth onClick={() => setAsked(false)} data-autofocus>
            {t("place.open")}
          </Button>
          <Button variant="default" fullWidth onClick={() => setAsked(false)}>
            {t("action.cancel")}
          </Button>
        </Sheet>
      )}
    </>
  );
}

import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { useTexts } from "./i18n";
import styles from "./sheet.module.css";

/**
 * A sheet from the lower edge, where the thumb is. The browser's own modal dialog: the rest of the page is out of reach until it closes, and is hidden
 * by name too, for aids that do not know modal dialogs. Closed, it gives the focus back to what opened it.
 */
export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const { t } = useTexts("kit");
  // Before the dialog leaves the page, since one that is gone gives no focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // What the sheet is for has the focus, not the button that closes it.
    shown?.querySelector<HTMLElement>("[data-autofocus]")?.focus({ preventScroll: true });
    const reveal = hidePage();
    return () => {
      reveal();
      shown?.close();
    };
  }, []);
  return createPortal(
    // A touch beside the sheet closes it, as Escape does; nothing else depends on it.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      className={styles.sheet}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={styles.sheetInside}>
        <div className={styles.sheetHead}>
          <h2 id={heading} className={styles.sheetTitle}>
            {title}
          </h2>
          <ActionIcon variant="subtle" color="gray" size={44} radius="xl" onClick={onClose} aria-label={t("action.close")}>
            <IconX aria-hidden />
          </ActionIcon>
        </div>
        {children}
      </div>
    </dialog>,
    document.body,
  );
}

let hiding = 0;

/** Hide the page from those to whom it is read, until the function that this gives is called; of several sheets until the last one closes. */
function hidePage(): () => void {
  const page = document.getElementById("root");
  hiding += 1;
  page?.setAttribute("aria-hidden", "true");
  return () => {
    hiding -= 1;
    if (hiding === 0) {
      page?.removeAttribute("aria-hidden");
    }
  };
}

import { IconBackspace } from "@tabler/icons-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTexts } from "../../kit/i18n";
import styles from "./pad.module.css";

export const CODE_LENGTH = 4;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "erase"] as const;

interface CodePadProps {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  busy: boolean;
  /** How many times it was wrong: the same words are said, and shaken, anew. */
  tries?: number;
  onCode: (code: string) => void;
}

/**
 * Takes a code of four digits by touch, by keyboard, or by paste; hands it over with the last digit, and is empty again then.
 * `wrong` is said below the digits and shakes them once; `busy` keeps them as they are.
 */
export function CodePad({ label, hint, wrong, busy, tries = 0, onCode }: CodePadProps) {
  const [typed, setTyped] = useState("");
  const { t } = useTexts("commands");
  const input = useRef<HTMLInputElement>(null);
  const ids = { label: useId(), note: useId() };
  useEffect(() => input.current?.focus({ preventScroll: true }), [label, tries]);

  const take = (text: string) => {
    if (busy) {
      return;
    }
    const digits = text.replace(/\D/g, "").slice(0, CODE_LENGTH);
    if (digits.length < CODE_LENGTH) {
      setTyped(digits);
    } else {
      setTyped("");
      onCode(digits);
    }
  };
  const filled = busy ? CODE_LENGTH : typed.length;
  return (
    <div className={styles.pad} data-keys>
      <label htmlFor={ids.label} className={styles.padLabel}>
        {label}
      </label>
      <div key={tries} className={styles.dots} data-wrong={wrong !== undefined || undefined} data-busy={busy || undefined}>
        {Array.from({ length: CODE_LENGTH }, (_, place) => (
          <span key={place} className={styles.dot} data-filled={place < filled || undefined} aria-hidden />
        ))}
        <input
          ref={input}
          id={ids.label}
          className={styles.dotsInput}
          value={typed}
          onChange={(event) => take(event.currentTarget.value)}
          inputMode="none"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-describedby={ids.note}
          aria-invalid={wrong !== undefined}
          readOnly={busy}
          data-autofocus
        />
      </div>
      <p id={ids.note} className={styles.padNote} data-wrong={wrong !== undefined || undefined} role={wrong === undefined ? undefined : "alert"}>
        {wrong ?? hint ?? ""}
      </p>
      <div className={styles.keys}>
        {KEYS.map((key) =>
          key === "" ? (
            <span key="empty" />
          ) : (
            <button
              key={key}
              type="button"
              className={styles.key}
              disabled={busy}
              aria-label={key === "erase" ? t("code.erase") : t("code.digit", { digit: key })}
              onClick={() => (key === "erase" ? setTyped(typed.slice(0, -1)) : take(typed + key))}
            >
              {key === "erase" ? <IconBackspace aria-hidden /> : key}
            </button>
          ),
        )}
      </div>
    </div>
  );
}

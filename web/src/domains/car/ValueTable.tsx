import { IconAlertTriangle } from "@tabler/icons-react";
import card from "../../kit/card.module.css";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { ageOf } from "../../kit/signals";
import type { ValueRow } from "./rows";
import styles from "./values.module.css";

/** Rows of values, each with its age. `heading` is the id of what names the table; `nowMs` is the platform's time. */
export function ValueTable({ heading, rows, nowMs }: { heading: string; rows: readonly ValueRow[]; nowMs: number }) {
  const { t, language } = useTexts("car");
  return (
    // A table in its roles, not its elements: laid out as a grid, those would be none to some screen readers.
    <div role="table" aria-labelledby={heading}>
      <div className={card.unseen} role="rowgroup">
        <div role="row">
          <span role="columnheader">{t("values.columns.name")}</span>
          <span role="columnheader">{t("values.columns.value")}</span>
          <span role="columnheader">{t("values.columns.age")}</span>
        </div>
      </div>
      <div role="rowgroup">
        {rows.map((row) => (
          <div key={row.path} role="row" className={styles.valueRow} data-signal={row.path} data-alert={row.alert || undefined}>
            <span role="rowheader" className={styles.valueName}>
              {row.name}
            </span>
            <span role="cell" className={styles.value}>
              {row.alert && <IconAlertTriangle size={17} aria-hidden />} {row.value}
            </span>
            <span role="cell" className={styles.age}>
              {format.age(ageOf(row.newest, nowMs), language)}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

import { Skeleton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { ageOf, type Signals } from "./state";
import styles from "./status.module.css";
import { GROUPS, valueRows } from "./values";

/** Every value that the car tells its owner, with its age. REQ STA-2. `nowMs` is the platform's time. */
export function Values({ signals, nowMs }: { signals: Signals | undefined; nowMs: number }) {
  const { t, language } = useTexts("status");
  if (signals === undefined) {
    return <Skeleton height={320} radius="xl" />;
  }
  const rows = valueRows(signals, t, language);
  if (rows.length === 0) {
    return (
      <section className={styles.card}>
        <h2 className={styles.title}>{t("values.title")}</h2>
        <p className={styles.dim}>{t("values.empty")}</p>
      </section>
    );
  }
  return (
    <>
      {GROUPS.map((group) => {
        const shown = rows.filter((row) => row.group === group);
        return shown.length === 0 ? null : (
          <section className={styles.card} key={group} aria-labelledby={`values-${group}`}>
            <h2 id={`values-${group}`} className={styles.title}>
              {t(`values.groups.${group}`)}
            </h2>
            {/* A table in its roles, not its elements: laid out as a grid, those would be none to some screen readers. */}
            <div role="table" aria-labelledby={`values-${group}`}>
              <div className={styles.unseen} role="rowgroup">
                <div role="row">
                  <span role="columnheader">{t("values.columns.name")}</span>
                  <span role="columnheader">{t("values.columns.value")}</span>
                  <span role="columnheader">{t("values.columns.age")}</span>
                </div>
              </div>
              <div role="rowgroup">
                {shown.map((row) => (
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
          </section>
        );
      })}
    </>
  );
}

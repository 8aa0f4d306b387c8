import { Skeleton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import card from "../../kit/card.module.css";
import { GROUPS } from "../../kit/service";
import { ageOf } from "../../kit/signals";
import styles from "./car.module.css";
import type { ValueRow } from "./rows";

/** Every value that the car tells its owner, with its age. REQ STA-2. `nowMs` is the platform's time. */
export function Values({ rows, nowMs }: { rows: readonly ValueRow[] | null; nowMs: number }) {
  const { t, language } = useTexts("car");
  if (rows === null) {
    return <Skeleton height={320} radius="xl" />;
  }
  if (rows.length === 0) {
    return (
      <section className={card.card}>
        <h2 className={card.title}>{t("values.title")}</h2>
        <p className={card.dim}>{t("values.empty")}</p>
      </section>
    );
  }
  return (
    <>
      {GROUPS.map((group) => {
        const shown = rows.filter((row) => row.group === group);
        return shown.length === 0 ? null : (
          <section className={card.card} key={group} aria-labelledby={`values-${group}`}>
            <h2 id={`values-${group}`} className={card.title}>
              {t(`values.groups.${group}`)}
            </h2>
            {/* A table in its roles, not its elements: laid out as a grid, those would be none to some screen readers. */}
            <div role="table" aria-labelledby={`values-${group}`}>
              <div className={card.unseen} role="rowgroup">
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

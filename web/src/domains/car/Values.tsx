import { Skeleton } from "@mantine/core";
import card from "../../kit/card.module.css";
import { useTexts } from "../../kit/i18n";
import { GROUPS } from "../../kit/service";
import type { ValueRow } from "./rows";
import { ValueTable } from "./ValueTable";

/** Every value that the car tells its owner, with its age. REQ STA-2. `nowMs` is the platform's time. */
export function Values({ rows, nowMs }: { rows: readonly ValueRow[] | null; nowMs: number }) {
  const { t } = useTexts("car");
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
            <ValueTable heading={`values-${group}`} rows={shown} nowMs={nowMs} />
          </section>
        );
      })}
    </>
  );
}

import { Badge } from "@mantine/core";
import { IconEyeOff, IconGauge, IconMapPin } from "@tabler/icons-react";
import type { Schemas } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import styles from "./consent.module.css";

const ICONS = { private: IconEyeOff, data: IconGauge, position: IconMapPin };
type Level = keyof typeof ICONS;

/** What the people in the car let it say, who set that, and what it closes: each closed service with its reason and cure. REQ PRV-3. */
export function Privacy({ privacy, services }: { privacy: Schemas["PrivacyBody"]; services: readonly Schemas["ServiceBody"][] }) {
  const words = useTexts("consent");
  const { t, language } = words;
  const level = known(privacy.level);
  const Icon = ICONS[level];
  const set = privacy.set;
  const name = (level: string | undefined) => t(`level.${known(level)}`);
  return (
    <section className={styles.card} aria-labelledby="privacy">
      <h2 id="privacy" className={styles.title}>
        {t("title")}
      </h2>
      <div className={styles.level}>
        <span className={styles.icon}>
          <Icon aria-hidden />
        </span>
        <div>
          <p className={styles.name} data-level={level}>
            {name(level)}
          </p>
          <p className={styles.dim}>{t(`levelWhat.${level}`)}</p>
          <p className={styles.dim}>{set === null ? t("byNobody") : t("by", { by: who(set.by, words), at: format.dateTime(set.at, language) })}</p>
        </div>
      </div>
      <dl className={styles.facts}>
        <dt>{t("remote")}</dt>
        <dd>{privacy.remote_access ? t("remoteUnheard") : t("remoteOff")}</dd>
        <dt>{t("onlyCar")}</dt>
        <dd>{t("onlyCarWhat")}</dd>
      </dl>
      {privacy.levels.length === 2 && <p className={styles.dim}>{t("twoLevels", { low: name(privacy.levels[0]), high: name(privacy.levels[1]) })}</p>}
      {privacy.ceiling !== privacy.levels.at(-1) && <p className={styles.dim}>{t("ceiling", { level: name(privacy.ceiling) })}</p>}
      <h3 className={styles.subtitle}>{t("services")}</h3>
      <p className={styles.dim}>{t("inCar")}</p>
      <ul className={styles.services}>
        {services.map((service) => (
          <li key={service.declaration} className={styles.service} data-open={service.open}>
            <span className={styles.purpose}>{service.purpose}</span>
            <Badge color={service.open ? "marque" : "gray"} variant="light" size="lg" className={styles.badge}>
              {service.open ? t("open") : t("closed")}
            </Badge>
            {!service.open && (
              <p className={styles.why}>
                {service.message} <strong>{service.cure}</strong>
                {service.reason === "level_too_low" && <> {t("needs", { level: name(service.needs_level) })}</>}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function known(level: string | undefined): Level {
  return level === "data" || level === "position" ? level : "private";
}

/** Who set the level, in the owner's words where it is one of the places that a car names; as the car said it otherwise. */
function who(by: string, { t, has }: ReturnType<typeof useTexts>): string {
  return has(`byWhom.${by}`) ? t(`byWhom.${by}`) : by;
}

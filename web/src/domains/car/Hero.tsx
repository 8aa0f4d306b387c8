import { Anchor, Progress, Skeleton } from "@mantine/core";
import { IconBolt, IconEyeOff, IconGasStation, IconLock, IconLockOpen, IconLockQuestion } from "@tabler/icons-react";
import type { ReactNode } from "react";
import card from "../../kit/card.module.css";
import * as format from "../../kit/format";
import { useTexts, type Language } from "../../kit/i18n";
import type { CarLive, LiveState } from "../../kit/live";
import { Warning } from "../../kit/parts";
import { isTrue } from "../../kit/signals";
import type { VehicleDetail } from "../garage/cars";
import styles from "./car.module.css";
import { CarDrawing, lockWord } from "./CarDrawing";
import { warningsOf, type ValueRow } from "./rows";
import { carState, factsAge, LIGHTS, type CarState } from "./state";

interface HeroProps {
  detail: VehicleDetail;
  car: CarLive;
  stream: LiveState;
  nowMs: number;
  rows: readonly ValueRow[];
  /** What can be done about how old all of this is. */
  children: ReactNode;
}

/** How the car is, at a glance. */
export function Hero({ detail, car, stream, nowMs, rows, children }: HeroProps) {
  const { t, language } = useTexts("car");
  if (car.status === undefined) {
    return (
      <>
        <Skeleton height={348} radius={28} />
        {stream === "lost" && (
          <p className={card.small} data-live={stream} role="status">
            {t("hero.lost")}
          </p>
        )}
      </>
    );
  }
  const state = carState(car.status, nowMs);
  const age = factsAge(car.status, nowMs);
  if (age === null && (car.level ?? detail.privacy).level === "private") {
    return <SaysNothing detail={detail} stream={stream} />;
  }
  const lock = lockWord(state);
  const LockIcon = { locked: IconLock, unlocked: IconLockOpen, unknown: IconLockQuestion }[lock];
  return (
    <section className={styles.hero} aria-label={t("hero.title")}>
      <div className={styles.heroRow}>
        <div className={styles.picture}>
          <CarDrawing model={detail.model.name} state={state} lights={isTrue(car.status, LIGHTS)} />
        </div>
        <div className={styles.facts}>
          <div>
            {detail.name !== null && <span className={card.small}>{detail.model.name}</span>}
            <p className={styles.lock} data-lock={lock}>
              <LockIcon size={20} aria-hidden /> {t(`lock.${lock}`)}
            </p>
            <p className={styles.drive}>{driving(state, t, language)}</p>
          </div>
          <Energy state={state} />
        </div>
      </div>
      <Warnings rows={warningsOf(rows)} />
      <div className={styles.heroFoot}>
        <span className={card.small} data-live={stream}>
          {stream === "lost" ? t("hero.lost") : age === null ? t("hero.never") : t("hero.updated", { age: format.age(age, language) })}
        </span>
        {children}
      </div>
    </section>
  );
}

/** A private car is not one that is broken: why nothing is there, and where it says who chose that. */
function SaysNothing({ detail, stream }: { detail: VehicleDetail; stream: LiveState }) {
  const { t } = useTexts("car");
  return (
    <section className={styles.hero} aria-label={t("hero.title")}>
      {detail.name !== null && <span className={card.small}>{detail.model.name}</span>}
      <p className={styles.lock}>
        <IconEyeOff size={20} aria-hidden /> {t("hero.private")}
      </p>
      <div className={styles.heroFoot}>
        <span className={card.small} data-live={stream}>
          {stream === "lost" ? t("hero.lost") : ""}
        </span>
        <Anchor href="#privacy" className={styles.footLink}>
          {t("hero.toPrivacy")}
        </Anchor>
      </div>
    </section>
  );
}

function Warnings({ rows }: { rows: readonly ValueRow[] }) {
  const { t } = useTexts("car");
  return rows.length === 0 ? null : (
    // The role is said once more: a list without marks is none to VoiceOver.
    // eslint-disable-next-line jsx-a11y/no-redundant-roles
    <ul role="list" className={styles.warnings} aria-label={t("hero.warnings")}>
      {rows.map(({ path, name, value }) => (
        <li key={path}>
          <Warning>{t("hero.warning", { name, value })}</Warning>
        </li>
      ))}
    </ul>
  );
}

/** What the car is doing; nothing when it said nothing that tells. */
function driving(state: CarState, t: (key: string, values?: Record<string, unknown>) => string, language: Language): string {
  if (state.moving && state.speed !== null) {
    return t("drive.moving", { speed: `${format.number(Math.abs(state.speed), language)} km/h` });
  }
  if (state.droveAgo !== null) {
    return t("drive.before", { age: format.age(state.droveAgo, language) });
  }
  if (state.charging) {
    return t("drive.charging");
  }
  return state.speed === null ? "" : t("drive.parked");
}

function Energy({ state }: { state: CarState }) {
  const { t, language } = useTexts("car");
  return (
    <>
      {state.range !== null && (
        <div>
          <div className={styles.range}>{format.kilometres(Math.round(state.range), language)}</div>
          <span className={card.small}>{t("gauge.range")}</span>
        </div>
      )}
      {state.charge !== null && <Gauge name={t("gauge.charge")} percent={state.charge} colour={state.charge < 15 ? "orange" : "marque"} icon={<IconBolt size={16} aria-hidden />} />}
      {state.fuel !== null && <Gauge name={t("gauge.fuel")} percent={state.fuel} colour={state.fuel < 10 ? "orange" : "gray"} icon={<IconGasStation size={16} aria-hidden />} />}
    </>
  );
}

function Gauge({ name, percent, colour, icon }: { name: string; percent: number; colour: string; icon: ReactNode }) {
  const { language } = useTexts("car");
  return (
    <div className={styles.gauge}>
      <div className={styles.gaugeHead}>
        <span className={card.small}>
          {icon} {name}
        </span>
        <strong>{format.percent(percent, language)}</strong>
      </div>
      <Progress value={percent} color={colour} size="md" radius="xl" aria-label={name} />
    </div>
  );
}

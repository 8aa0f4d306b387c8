import { Anchor, Button, Progress, Skeleton } from "@mantine/core";
import { IconBolt, IconChevronRight, IconDeviceMobile, IconEyeOff, IconGasStation, IconLock, IconLockOpen, IconLockQuestion, IconPencil, IconRoute, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link, useParams } from "wouter";
import { Privacy } from "../../domains/consent/Privacy";
import { nameOf, useCar } from "../../domains/garage/cars";
import { client, Problem, told, type Schemas } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { useCarLive, useNow, type CarLive, type LiveState } from "../../kit/live";
import { Loading, Page, ProblemNote, Warning } from "../../kit/parts";
import { forgetCar } from "../../kit/query";
import { LockPanel } from "../lock/LockPanel";
import { CarDrawing, lockWord } from "./CarDrawing";
import { CarMap } from "./CarMap";
import { Refresh } from "./Refresh";
import { carState, factsAge, isTrue, type CarState } from "./state";
import styles from "./status.module.css";
import { Values } from "./Values";
import { warnings } from "./values";

const LIGHTS = "Vehicle.Body.Lights.Parking.IsOn";

/** One car: how it is, lock and unlock, where it is, every value, and what it may say. */
export default function CarPage() {
  const { vehicleId = "" } = useParams();
  // Another car is another page: nothing of one is ever shown as the other's.
  return <OneCarOrNone key={vehicleId} vehicleId={vehicleId} />;
}

function OneCarOrNone({ vehicleId }: { vehicleId: string }) {
  const [gone, setGone] = useState(false);
  return gone ? <Gone vehicleId={vehicleId} /> : <OneCar vehicleId={vehicleId} onGone={() => setGone(true)} />;
}

/** The car left the garage, or never stood there: what this device knew of it is forgotten. */
function Gone({ vehicleId }: { vehicleId: string }) {
  const { t } = useTexts("kit");
  useEffect(() => forgetCar(vehicleId), [vehicleId]);
  return (
    <Page title={t("problem.notYours")} back="/">
      <Button component={Link} href="/">
        {t("problem.toGarage")}
      </Button>
    </Page>
  );
}

function OneCar({ vehicleId, onGone }: { vehicleId: string; onGone: () => void }) {
  const { car, state: stream } = useCarLive(vehicleId);
  const detail = useCar(vehicleId);
  // The stream tells that the level changed; reasons and cures are in the car's own page of the API, in the person's language.
  const level = JSON.stringify(car.level ?? null);
  const { refetch } = detail;
  useEffect(() => {
    if (level !== "null") {
      void refetch();
    }
  }, [level, refetch]);
  const { error } = detail;
  useEffect(() => {
    if (error instanceof Problem && error.status === 404) {
      onGone();
    }
  }, [error, onGone]);
  const now = useNow();
  const nowMs = now + usePlatformAhead(vehicleId);
  const title = detail.data === undefined ? "…" : nameOf(detail.data);
  const locked = carState(car.status ?? {}, nowMs).locked;
  const service = (name: string) => detail.data?.services.find((one) => one.declaration === name);
  return (
    <Page title={title} back="/">
      <div className={styles.stack}>
        <Hero vehicleId={vehicleId} detail={detail.data} car={car} stream={stream} nowMs={nowMs} />
        <LockPanel vehicleId={vehicleId} car={car} service={service("lock")} locked={locked} />
        {detail.data === undefined && <ProblemNote error={detail.error} onRetry={() => void detail.refetch()} />}
        <CarMap signals={car.status} service={service("car_finder")} nowMs={nowMs} />
        <Links vehicleId={vehicleId} names={["trips", "phones"]} />
        <Values signals={car.status} nowMs={nowMs} />
        {detail.data === undefined ? <Loading rows={1} height={240} /> : <Privacy privacy={detail.data.privacy} services={detail.data.services} />}
        <Links vehicleId={vehicleId} names={["name", "remove"]} />
      </div>
    </Page>
  );
}

/**
 * Milliseconds by which the platform's clock is ahead of this device's, from an answer that says a value's instant and its age: the ages
 * that are shown are true also on a phone whose clock is wrong.
 */
function usePlatformAhead(vehicleId: string): number {
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ["vehicles", vehicleId, "status"],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}/status", { params: { path: { vehicle_id: vehicleId } } })),
    staleTime: 600_000,
  });
  const signal = Object.values(data?.signals ?? {}).find((one) => one.age_s > 0);
  if (signal === undefined) {
    return 0;
  }
  return Date.parse(signal.car_time ?? signal.received_at) + signal.age_s * 1000 - dataUpdatedAt;
}

interface HeroProps {
  vehicleId: string;
  detail: Schemas["VehicleDetailBody"] | undefined;
  car: CarLive;
  stream: LiveState;
  nowMs: number;
}

function Hero({ vehicleId, detail, car, stream, nowMs }: HeroProps) {
  const { t, language } = useTexts("status");
  if (car.status === undefined || detail === undefined) {
    return (
      <>
        <Skeleton height={348} radius={28} />
        {stream === "lost" && (
          <p className={styles.small} data-live={stream} role="status">
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
            {detail.name !== null && <span className={styles.small}>{detail.model.name}</span>}
            <p className={styles.lock} data-lock={lock}>
              <LockIcon size={20} aria-hidden /> {t(`lock.${lock}`)}
            </p>
            <p className={styles.drive}>{driving(state, t, language)}</p>
          </div>
          <Energy state={state} />
        </div>
      </div>
      <Warnings texts={warnings(car.status, t, language)} />
      <div className={styles.heroFoot}>
        <span className={styles.small} data-live={stream}>
          {stream === "lost" ? t("hero.lost") : age === null ? t("hero.never") : t("hero.updated", { age: format.age(age, language) })}
        </span>
        <Refresh vehicleId={vehicleId} remotes={car.remote_commands} />
      </div>
    </section>
  );
}

/** A private car is not one that is broken: why nothing is there, and where it says who chose that. */
function SaysNothing({ detail, stream }: { detail: Schemas["VehicleDetailBody"]; stream: LiveState }) {
  const { t } = useTexts("status");
  return (
    <section className={styles.hero} aria-label={t("hero.title")}>
      {detail.name !== null && <span className={styles.small}>{detail.model.name}</span>}
      <p className={styles.lock}>
        <IconEyeOff size={20} aria-hidden /> {t("hero.private")}
      </p>
      <div className={styles.heroFoot}>
        <span className={styles.small} data-live={stream}>
          {stream === "lost" ? t("hero.lost") : ""}
        </span>
        <Anchor href="#privacy" className={styles.footLink}>
          {t("hero.toPrivacy")}
        </Anchor>
      </div>
    </section>
  );
}

function Warnings({ texts }: { texts: readonly string[] }) {
  const { t } = useTexts("status");
  return texts.length === 0 ? null : (
    // The role is said once more: a list without marks is none to VoiceOver.
    // eslint-disable-next-line jsx-a11y/no-redundant-roles
    <ul role="list" className={styles.warnings} aria-label={t("hero.warnings")}>
      {texts.map((text) => (
        <li key={text}>
          <Warning>{text}</Warning>
        </li>
      ))}
    </ul>
  );
}

/** What the car is doing; nothing when it said nothing that tells. */
function driving(state: CarState, t: (key: string, values?: Record<string, unknown>) => string, language: "en" | "fr"): string {
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
  const { t, language } = useTexts("status");
  return (
    <>
      {state.range !== null && (
        <div>
          <div className={styles.range}>{format.kilometres(Math.round(state.range), language)}</div>
          <span className={styles.small}>{t("gauge.range")}</span>
        </div>
      )}
      {state.charge !== null && <Gauge name={t("gauge.charge")} percent={state.charge} colour={state.charge < 15 ? "orange" : "marque"} icon={<IconBolt size={16} aria-hidden />} />}
      {state.fuel !== null && <Gauge name={t("gauge.fuel")} percent={state.fuel} colour={state.fuel < 10 ? "orange" : "gray"} icon={<IconGasStation size={16} aria-hidden />} />}
    </>
  );
}

function Gauge({ name, percent, colour, icon }: { name: string; percent: number; colour: string; icon: ReactNode }) {
  const { language } = useTexts("status");
  return (
    <div className={styles.gauge}>
      <div className={styles.gaugeHead}>
        <span className={styles.small}>
          {icon} {name}
        </span>
        <strong>{format.percent(percent, language)}</strong>
      </div>
      <Progress value={percent} color={colour} size="md" radius="xl" aria-label={name} />
    </div>
  );
}

const LINK_ICONS = { trips: IconRoute, phones: IconDeviceMobile, name: IconPencil, remove: IconTrash };

/** The car's other pages: the daily ones stand above the long list of values, the rare ones at the end. */
function Links({ vehicleId, names }: { vehicleId: string; names: readonly (keyof typeof LINK_ICONS)[] }) {
  const { t } = useTexts("status");
  return (
    <div className={styles.links}>
      {names.map((name) => {
        const Icon = LINK_ICONS[name];
        return (
          <Link key={name} href={`/cars/${vehicleId}/${name}`} className={styles.link}>
            <Icon aria-hidden />
            <span className={styles.linkText}>
              <span className={styles.linkName}>{t(`links.${name}`)}</span>
              <span className={styles.small}>{t(`links.${name}What`)}</span>
            </span>
            <IconChevronRight size={20} aria-hidden />
          </Link>
        );
      })}
    </div>
  );
}

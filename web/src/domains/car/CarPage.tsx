import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo, useState, type ComponentProps } from "react";
import { Link, useParams } from "wouter";
import { isNotFound } from "../../kit/api";
import { useTexts, useWords } from "../../kit/i18n";
import { Boundary, late } from "../../kit/late";
import { useCarLive, useNow } from "../../kit/live";
import { useNewest } from "../../kit/newest";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { forgetCar } from "../../kit/query";
import { servicesOf, useServices, type CarPartProps, type WebService } from "../../kit/service";
import { ServicePart, useFetched } from "../../kit/ServicePart";
import type { Signals } from "../../kit/signals";
import { Privacy } from "../consent/Privacy";
import { nameOf, useCar, type VehicleDetail } from "../garage/cars";
import styles from "./car.module.css";
import { unknownOf } from "./described";
import { Hero } from "./Hero";
import { OurLinks, ServiceLinks } from "./Links";
import { valueRows, type ValueRow } from "./rows";
import { Values } from "./Values";

const GenericCards = late(() => import("./GenericCards"));

/** An answer that gives the platform's time is good for so long. */
const CLOCK_MS = 600_000;

/** One car: how it is, what its services show and do, every value, and what it may say. */
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
  // The stream tells that the level changed; what that opens or closes, with reasons and cures in the person's language, is asked for.
  const level = JSON.stringify(car.level ?? null);
  const known = useQueryClient();
  const { refetch, error } = detail;
  useEffect(() => {
    if (level !== "null") {
      void known.invalidateQueries({ queryKey: ["vehicles", vehicleId] });
    }
  }, [level, known, vehicleId]);
  const notices = JSON.stringify(car["notices"] ?? null);
  useEffect(() => {
    if (notices !== "null") {
      void known.invalidateQueries({ queryKey: ["notices"] });
    }
  }, [notices, known]);
  useEffect(() => {
    if (isNotFound(error)) {
      onGone();
    }
  }, [error, onGone]);
  const nowMs = useNow() + (useNewest(vehicleId, { staleMs: CLOCK_MS }).data?.aheadMs ?? 0);
  if (detail.data === undefined) {
    return (
      <Page title="…" back="/">
        {error === null ? <Loading rows={3} height={240} /> : <ProblemNote error={error} onRetry={() => void refetch()} />}
      </Page>
    );
  }
  return (
    <Page title={nameOf(detail.data)} back="/">
      <Shown detail={detail.data} car={car} stream={stream} nowMs={nowMs} />
    </Page>
  );
}

interface ShownProps {
  detail: VehicleDetail;
  car: CarPartProps["car"];
  stream: ReturnType<typeof useCarLive>["state"];
  nowMs: number;
}

function Shown({ detail, car, stream, nowMs }: ShownProps) {
  const vehicleId = detail.vehicle_id;
  const all = useServices();
  const services = servicesOf(all, detail.services);
  const rows = useRows(services, car.status);
  const propsOf = (service: WebService): CarPartProps => ({
    vehicleId,
    car,
    services: detail.services.filter((one) => service.declarations.includes(one.declaration)),
    nowMs,
  });
  return (
    <div className={styles.stack}>
      <Hero detail={detail} car={car} stream={stream} nowMs={nowMs} rows={rows ?? []}>
        {services.map((service) => service.action !== undefined && <ServicePart key={service.name} service={service} part={service.action} props={propsOf(service)} waiting={null} />)}
      </Hero>
      {services.map((service) => service.card !== undefined && <ServicePart key={service.name} service={service} part={service.card} props={propsOf(service)} waiting={<Loading rows={1} />} />)}
      <Unknown names={unknownOf(all, detail.services)} vehicleId={vehicleId} car={car} nowMs={nowMs} rows={rows ?? []} />
      <ServiceLinks vehicleId={vehicleId} services={services} />
      <Values rows={rows} nowMs={nowMs} />
      <Privacy privacy={detail.privacy} services={detail.services} />
      <OurLinks vehicleId={vehicleId} names={["name", "remove"]} />
    </div>
  );
}

/** What this app has no part for is shown by its declaration; few cars have such a service, so its code comes with the first. */
function Unknown({ names, ...props }: ComponentProps<typeof GenericCards>) {
  return names.length === 0 ? null : (
    <Boundary of={names.join()} instead={(error) => <ProblemNote error={error} />}>
      <Suspense fallback={<Loading rows={1} />}>
        <GenericCards names={names} {...props} />
      </Suspense>
    </Boundary>
  );
}

/** The rows of the list of values, those of all services; null until they and the values are there. */
function useRows(services: readonly WebService[], signals: Signals | undefined): readonly ValueRow[] | null {
  const found = useFetched(services, (service) => service.signalRows);
  const { language, wordsOf } = useWords();
  const rows = useMemo(() => found?.flatMap(({ service, part }) => part({ t: wordsOf(service.name), language })) ?? null, [found, language, wordsOf]);
  return useMemo(() => (rows === null || signals === undefined ? null : valueRows(signals, rows)), [rows, signals]);
}

import { Alert, Card, Select, Stack, Text, Title } from "@mantine/core";
import { IconMapPin } from "@tabler/icons-react";
import { useState } from "react";
import { useParams } from "wouter";
import { fullNameOf, useCar } from "../../domains/garage/cars";
import { client, told, type Schemas } from "../../kit/api";
import { dateTime, dayOf, duration, kilometres, monthOf as monthName, number, percent } from "../../kit/format";
import { useTexts, type Language } from "../../kit/i18n";
import { PlaceLink } from "../../kit/PlaceLink";
import { Pages, usePages } from "../../kit/pages";
import { Page } from "../../kit/parts";
import styles from "./trips.module.css";
import { monthOf, months, weeks, type Trip, type Week } from "./weeks";

/** The trips of a car: a plot of the weeks, and each trip as figures. REQ TRP-1, TRP-2. */
export default function TripsPage() {
  const { vehicleId } = useParams<{ vehicleId: string }>();
  const { t } = useTexts("trips");
  const path = { vehicle_id: vehicleId };
  const trips = usePages(["trips", vehicleId], (from) => told(client.GET("/api/v1/vehicles/{vehicle_id}/trips", { params: { path, query: { limit: 100, ...from } } })));
  const car = useCar(vehicleId).data;
  const closed = car?.services.find((service) => service.declaration === "trips" && !service.open);
  return (
    <Page title={t("title")} under={car && fullNameOf(car)} back={`/cars/${vehicleId}`}>
      <Stack>
        {closed !== undefined && (
          <Alert radius="lg" color="yellow" title={t("closed")}>
            {closed.message} {closed.cure}
          </Alert>
        )}
        <Pages list={trips} none={t(closed === undefined ? "none" : "noneClosed")} more={t("more")}>
          {(all) => <Trips all={all} />}
        </Pages>
      </Stack>
    </Page>
  );
}

/** Those of a month, or all that were fetched. */
function Trips({ all }: { all: readonly Trip[] }) {
  const { t, language } = useTexts("trips");
  const [month, setMonth] = useState<string>("");
  const shown = all.filter((trip) => month === "" || monthOf(trip) === month);
  return (
    <>
      <Plot weeks={weeks(all)} />
      <Select
        label={t("month")}
        allowDeselect={false}
        value={month}
        onChange={(chosen) => setMonth(chosen ?? "")}
        data={[{ value: "", label: t("all") }, ...months(all).map((value) => ({ value, label: monthName(firstOf(value), language) }))]}
      />
      <Text role="status" fw={600}>
        {shown.length === 0 ? t("noneMonth") : summary(shown, language, t)}
      </Text>
      {shown.map((trip) => (
        <TripCard key={trip.started_at} trip={trip} />
      ))}
    </>
  );
}

/** The first day of a month as `months` has it. */
function firstOf(month: string): Date {
  const [year, number] = month.split("-").map(Number);
  return new Date(year ?? 0, (number ?? 1) - 1);
}

function summary(trips: readonly Trip[], language: Language, t: ReturnType<typeof useTexts>["t"]): string {
  const km = trips.reduce((sum, trip) => sum + trip.distance_m, 0) / 1000;
  const seconds = trips.reduce((sum, trip) => sum + trip.duration_s, 0);
  return t("sum", { count: trips.length, km: kilometres(Math.round(km), language), time: duration(seconds, language) });
}

function TripCard({ trip }: { trip: Trip }) {
  const { t, language } = useTexts("trips");
  const figures: Array<[string, string]> = [
    [t("distance"), kilometres(Math.round(trip.distance_m / 100) / 10, language)],
    [t("time"), duration(trip.duration_s, language)],
    [t("speed"), t("kmh", { value: number(trip.mean_speed_kmh, language) })],
  ];
  if (trip.soc_start_percent !== null && trip.soc_end_percent !== null) {
    figures.push([t("charge"), `${percent(trip.soc_start_percent, language)} → ${percent(trip.soc_end_percent, language)}`]);
  }
  if (trip.consumption_kwh_100km !== null) {
    figures.push([t("consumption"), t("kwh", { value: number(trip.consumption_kwh_100km, language, 1) })]);
  }
  return (
    <article className={styles.trip}>
      <Title order={2} size="h5">
        {dateTime(trip.started_at, language)}
      </Title>
      <dl className={styles.figures}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {(trip.start !== null || trip.end !== null) && (
        <div className={styles.places}>
          <Place name={t("start")} place={trip.start} />
          <Place name={t("end")} place={trip.end} />
        </div>
      )}
      {trip.gap_s > 0 && (
        <Text size="sm" c="dimmed" mt="xs">
          {t("gap", { time: duration(trip.gap_s, language) })}
        </Text>
      )}
    </article>
  );
}

/** A place of the trip, where the privacy level let it out of the car: opened in a map outside of the app, once the person agrees. */
function Place({ name, place }: { name: string; place: Schemas["PlaceBody"] | null }) {
  return place === null ? null : (
    <PlaceLink latitude={place.latitude} longitude={place.longitude} className={styles.place}>
      <IconMapPin size={18} aria-hidden /> {name}
    </PlaceLink>
  );
}

const WIDTH = 320;
const HEIGHT = 140;
const FOOT = 18;
const TOP = 14;

/** Bars of the weeks' kilometres; the same is there as a list for those who do not see it. */
function Plot({ weeks: shown }: { weeks: readonly Week[] }) {
  const { t, language } = useTexts("trips");
  const most = Math.max(1, ...shown.map((week) => week.km));
  const step = WIDTH / shown.length;
  const label = (week: Week) => dayOf(week.begins, language);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t("plot")}
      </Title>
      <svg className={styles.plot} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={shown.map((week) => t("plotText", { date: label(week), km: kilometres(Math.round(week.km), language) })).join("; ")}>
        {shown.map((week, at) => {
          const height = (week.km / most) * (HEIGHT - FOOT - TOP);
          const width = Math.min(36, step * 0.62);
          const x = at * step + (step - width) / 2;
          return (
            <g key={week.begins.getTime()}>
              <rect className={styles.bar} x={x} y={HEIGHT - FOOT - height} width={width} height={Math.max(height, 1)} rx={4} />
              <text className={styles.axis} x={x + width / 2} y={HEIGHT - FOOT - height - 4} textAnchor="middle">
                {number(Math.round(week.km), language)}
              </text>
              {(shown.length <= 6 || at % 2 === 0) && (
                <text className={styles.axis} x={x + width / 2} y={HEIGHT - 4} textAnchor="middle">
                  {label(week)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </Card>
  );
}

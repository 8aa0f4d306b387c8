import { Alert, Stack } from "@mantine/core";
import { useParams } from "wouter";
import { isNotFound } from "../../kit/api";
import card from "../../kit/card.module.css";
import form from "../../kit/form.module.css";
import { capital, dateTime } from "../../kit/format";
import { useTexts, useWords } from "../../kit/i18n";
import { Pages } from "../../kit/pages";
import { Page } from "../../kit/parts";
import { useServices } from "../../kit/service";
import { useFetched } from "../../kit/ServicePart";
import { fullNameOf, useCar } from "../garage/cars";
import { inWords, keptFor, useHistory, type Field, type HappenedEvent } from "./history";

/** What happened to a car, of a kind that the app has no page for: as the service that keeps it declares it. */
export default function HistoryPage() {
  const { vehicleId = "", kind = "" } = useParams();
  const { t, language } = useTexts("history");
  const { t: kit } = useTexts("kit");
  const list = useHistory(vehicleId, kind);
  const car = useCar(vehicleId).data;
  const signals = useSignalNames();
  const newest = list.data?.pages[0];
  return (
    <Page title={newest !== undefined ? capital(newest.label, language) : isNotFound(list.error) ? kit("problem.notFound") : "…"} under={car && fullNameOf(car)} back={`/cars/${vehicleId}`}>
      <Stack>
        {newest?.service.open === false && (
          <Alert radius="lg" color="yellow" title={t("closed")}>
            {newest.service.message} {newest.service.cure}
          </Alert>
        )}
        {newest !== undefined && <p className={card.dim}>{keptFor(newest.kept_days, t)}</p>}
        <Pages list={list} none={t(newest?.service.open === false ? "noneClosed" : "none")} more={t("more")}>
          {(items) => items.map((event, at) => <Happened key={at} event={event} fields={newest?.fields ?? []} signals={signals} />)}
        </Pages>
      </Stack>
    </Page>
  );
}

function Happened({ event, fields, signals }: { event: HappenedEvent; fields: readonly Field[]; signals: ReadonlyMap<string, string> }) {
  const { t, language } = useTexts("history");
  const { t: kit } = useTexts("kit");
  return (
    <article className={card.card} data-event={event.at}>
      <h2 className={card.title}>
        <time dateTime={event.at ?? event.received_at}>{event.at === null ? t("heard", { at: dateTime(event.received_at, language) }) : dateTime(event.at, language)}</time>
      </h2>
      <dl className={form.values}>
        {fields.map((field) => {
          const words = inWords(field, event.values[field.name], kit, language);
          return (
            <div key={field.name}>
              <dt>{capital(field.label, language)}</dt>
              <dd>{field.kind === "text" ? (signals.get(words) ?? words) : capital(words, language)}</dd>
            </div>
          );
        })}
      </dl>
    </article>
  );
}

/** What signals are called, by their paths: an event may name the one that it is about. */
function useSignalNames(): ReadonlyMap<string, string> {
  const found = useFetched(useServices(), (service) => service.signalRows);
  const { language, wordsOf } = useWords();
  return new Map(found?.flatMap(({ service, part }) => part({ t: wordsOf(service.name), language }).map(({ path, name }) => [path, name])));
}

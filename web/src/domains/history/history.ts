/** Histories of a car: what happened, as whatever service keeps it declares it. */
import { client, told, type Schemas } from "../../kit/api";
import { dateTime } from "../../kit/format";
import { useTexts, type Language } from "../../kit/i18n";
import { usePages } from "../../kit/pages";
import { plain } from "../../kit/Values";

export type Field = Schemas["HistoryFieldBody"];
export type HappenedEvent = Schemas["HistoryEventBody"];

/** A history by pages, in the person's language. */
export function useHistory(vehicleId: string, kind: string) {
  const { language } = useTexts("history");
  const path = { vehicle_id: vehicleId, event_kind: kind };
  return usePages(["vehicles", vehicleId, "history", kind, language], (query) => told(client.GET("/api/v1/vehicles/{vehicle_id}/history/{event_kind}", { params: { path, query } })));
}

type Say = (key: string, values?: Record<string, unknown>) => string;

const MONTH_DAYS = 30.4;

/** For how long an event is kept, in words: days below two months, else months. */
export function keptFor(days: number | null, t: Say): string {
  if (days === null) {
    return t("keptWhileYours");
  }
  return days < 2 * MONTH_DAYS ? t("keptDays", { count: days }) : t("keptMonths", { count: Math.round(days / MONTH_DAYS) });
}

/** One value of an event in words. `t` says the texts of the kit. */
export function inWords({ kind, unit, choices }: Field, value: HappenedEvent["values"][string] | undefined, t: Say, language: Language): string {
  if (kind === "instant" && typeof value === "string") {
    return dateTime(value, language);
  }
  return choices[String(value)] ?? plain(value, unit, t, language);
}

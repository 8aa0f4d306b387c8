/** The values of a car as rows for its owner: named, in their unit, each with its age. Pure. */
import type { Group, SignalRow } from "../../kit/service";
import type { LiveValue, Signals } from "../../kit/signals";

export interface ValueRow {
  path: string;
  group: Group;
  name: string;
  value: string;
  alert: boolean;
  newest: LiveValue;
}

/** Those rows whose signal the car has told, with what they show. */
export function valueRows(signals: Signals, rows: readonly SignalRow[]): ValueRow[] {
  return rows.flatMap(({ path, group, name, show }) => {
    const newest = signals[path];
    if (newest === undefined) {
      return [];
    }
    const { value, alert = false } = show(newest.value, signals);
    return [{ path, group, name, value, alert, newest }];
  });
}

/** What the car itself warns of: a tyre that is low, a fluid, trouble codes. */
export function warningsOf(rows: readonly ValueRow[]): ValueRow[] {
  return rows.filter((row) => row.group === "care" && row.alert);
}

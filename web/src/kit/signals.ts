/** The newest values of a car's signals, by their VSS paths. Pure. A value that is not there proves nothing. */

/** A signal's newest value as event streams tell it: without its age, which changes by itself. */
export interface LiveValue {
  value: string | number | boolean | string[];
  unit: string;
  car_time: string | null;
  received_at: string;
}

export type Signals = Record<string, LiveValue>;

export function isTrue(signals: Signals, path: string): boolean {
  return signals[path]?.value === true;
}

export function numberOf(signals: Signals, path: string): number | null {
  const value = signals[path]?.value;
  return typeof value === "number" ? value : null;
}

/** The instant (ms) at which a value was so: by the car's clock where it has one, and never after its receipt, for that clock may be ahead. */
export function soAt(value: LiveValue): number {
  const received = Date.parse(value.received_at);
  return value.car_time === null ? received : Math.min(Date.parse(value.car_time), received);
}

/** Seconds since a value was so; never negative. `nowMs` is the platform's time. */
export function ageOf(value: LiveValue, nowMs: number): number {
  return Math.max(0, (nowMs - soAt(value)) / 1000);
}

/** Seconds since all of these values were so: the age of the oldest. Null when none of them is known. */
export function oldestAge(signals: Signals, paths: readonly string[], nowMs: number): number | null {
  const ages = paths.flatMap((path) => (signals[path] === undefined ? [] : [ageOf(signals[path], nowMs)]));
  return ages.length === 0 ? null : Math.max(...ages);
}

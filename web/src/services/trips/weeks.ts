import type { Schemas } from "../../kit/api";

export type Trip = Schemas["TripBody"];

export interface Week {
  /** Monday 00:00 of the week, by the device's clock. */
  begins: Date;
  km: number;
}

/** Kilometres of each week from the first trip's to the last one's, empty weeks included; at most the newest `most`. */
export function weeks(trips: readonly Trip[], most = 12): Week[] {
  const sums = new Map<number, number>();
  for (const trip of trips) {
    const monday = mondayOf(new Date(trip.started_at)).getTime();
    sums.set(monday, (sums.get(monday) ?? 0) + trip.distance_m / 1000);
  }
  if (sums.size === 0) {
    return [];
  }
  const found: Week[] = [];
  const last = Math.max(...sums.keys());
  for (let begins = new Date(Math.min(...sums.keys())); begins.getTime() <= last; begins = following(begins)) {
    found.push({ begins, km: sums.get(begins.getTime()) ?? 0 });
  }
  return found.slice(-most);
}

function mondayOf(day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - ((day.getDay() + 6) % 7));
}

function following(monday: Date): Date {
  // By the calendar: a week with a change of the clock has an hour more or less.
  return new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + 7);
}

/** The months that have trips, newest first, as `2026-11`. */
export function months(trips: readonly Trip[]): string[] {
  return [...new Set(trips.map(monthOf))].sort().reverse();
}

export function monthOf(trip: Trip): string {
  const began = new Date(trip.started_at);
  return `${began.getFullYear()}-${String(began.getMonth() + 1).padStart(2, "0")}`;
}

import { describe, expect, it } from "vitest";
import { months, weeks, type Trip } from "../src/services/trips/weeks";

const trip = (started_at: string, distance_m: number) => ({ started_at, distance_m }) as Trip;

describe("the weeks of trips", () => {
  it("are summed from Monday to Sunday, empty ones included", () => {
    const shown = weeks([trip("2026-11-02T08:00:00", 5000), trip("2026-11-08T22:00:00", 2500), trip("2026-11-17T08:00:00", 1000)]);
    expect(shown.map((week) => week.km)).toEqual([7.5, 0, 1]);
  });

  it("are none without trips", () => {
    expect(weeks([])).toEqual([]);
  });

  it("are the newest ones when there are many", () => {
    const trips = Array.from({ length: 40 }, (_, day) => trip(new Date(2026, 0, 1 + day * 7, 12).toISOString(), 1000));
    expect(weeks(trips, 12)).toHaveLength(12);
  });

  it("have months, newest first", () => {
    expect(months([trip("2026-10-31T12:00:00", 1), trip("2026-11-01T12:00:00", 1), trip("2026-11-02T12:00:00", 1)])).toEqual(["2026-11", "2026-10"]);
  });
});

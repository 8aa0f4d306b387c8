/** What a card of the garage tells of a car's state. Pure. */
import { IconAlertTriangle, IconBatteryFilled, IconBolt, IconGasStation, IconLock, IconLockOpen2, IconLockQuestion, IconSteeringWheel } from "@tabler/icons-react";
import { carState, locksOf, CHARGING, SPEED } from "../../domains/car/state";
import { age, percent } from "../../kit/format";
import type { GarageFact, GarageFacts, Words } from "../../kit/service";
import { oldestAge, type Signals } from "../../kit/signals";

const WARNINGS: ReadonlyArray<[RegExp, string]> = [
  [/\.Tire\.IsPressureLow$/, "tyre"],
  [/\.Brake\.IsFluidLevelLow$/, "brake"],
  [/\.WasherFluid\.IsLevelLow$/, "washer"],
  [/^Vehicle\.Diagnostics\.DTCCount$/, "codes"],
];

/** One unlocked door makes the car unlocked (REQ RC-5); without any word on locks it is not known. */
export default function facts(signals: Signals, nowMs: number, { t, language }: Words): GarageFacts {
  const state = carState(signals, nowMs);
  const lock = state.locked === null ? "unknown" : state.locked ? "locked" : "unlocked";
  const told: (GarageFact | false)[] = [
    { icon: { locked: IconLock, unlocked: IconLockOpen2, unknown: IconLockQuestion }[lock], text: t(`fact.${lock}`) },
    state.charge !== null && { icon: IconBatteryFilled, name: t("fact.battery"), text: percent(state.charge, language) },
    state.fuel !== null && { icon: IconGasStation, name: t("fact.fuel"), text: percent(state.fuel, language) },
    state.moving && { icon: IconSteeringWheel, text: t("fact.driving") },
    state.droveAgo !== null && { icon: IconSteeringWheel, text: t("fact.drove", { age: age(state.droveAgo, language) }) },
    state.charging && { icon: IconBolt, text: t("fact.charging") },
    ...warned(signals).map((of) => ({ icon: IconAlertTriangle, text: t(`fact.warning.${of}`), warns: true })),
  ];
  const oldest = oldestAge(signals, [...locksOf(signals), SPEED, CHARGING], nowMs);
  return { facts: told.filter((fact) => fact !== false), saidAt: oldest === null ? null : nowMs - oldest * 1000 };
}

/** Lamps that are lit, and counts that are not zero: each kind once. */
function warned(signals: Signals): string[] {
  const isLit = (value: unknown) => value === true || (typeof value === "number" && value > 0);
  return WARNINGS.filter(([of]) => Object.keys(signals).some((path) => of.test(path) && isLit(signals[path]?.value))).map(([, name]) => name);
}

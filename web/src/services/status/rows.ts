/** The signals of the car's state as rows of the list of values. Pure. */
import * as s from "../../domains/car/state";
import * as format from "../../kit/format";
import type { Group, SignalRow, Shown, Words } from "../../kit/service";
import type { LiveValue, Signals } from "../../kit/signals";

type Show = (value: LiveValue["value"], signals: Signals) => Shown;

/** Values of VSS Vehicle.Powertrain.Transmission.SelectedGear that are no gear. */
const PARK = 126;
const DRIVE = 127;

export default function rows({ t, language }: Words): SignalRow[] {
  const km: Show = (value) => ({ value: format.kilometres(Number(value) / 1000, language) });
  const percent: Show = (value) => ({ value: format.percent(Number(value), language) });
  const either =
    (yes: string, no: string, alert?: boolean): Show =>
    (value) => ({ value: t(`word.${value === true ? yes : no}`), alert: alert !== undefined && value === alert });
  const of = (path: string, group: Group, name: string, show: Show): SignalRow => ({ path, group, name, show });
  /** Doors and boot say in one row whether they are open and whether they are locked. In French a door is feminine and the boot is not. */
  const opening = (path: string, name: string, form: "door" | ""): SignalRow =>
    of(path, "body", name, (value, signals) => {
      const lock = signals[path.replace(/IsOpen$/, "IsLocked")];
      const word = (told: string) => t(`word.${form === "" ? told : form + told.charAt(0).toUpperCase() + told.slice(1)}`);
      const open = word(value === true ? "open" : "closed");
      return { value: lock === undefined ? open : `${open}, ${word(lock.value === true ? "locked" : "unlocked")}`, alert: value === true };
    });
  return [
    of(s.SOC, "energy", t("signal.soc"), percent),
    of(s.CHARGING, "energy", t("signal.charging"), either("yes", "no")),
    of(s.ELECTRIC_RANGE, "energy", t("signal.electricRange"), km),
    of(s.FUEL, "energy", t("signal.fuel"), percent),
    of(s.RANGE, "energy", t("signal.range"), km),
    of("Vehicle.TraveledDistance", "driving", t("signal.odometer"), km),
    of(s.SPEED, "driving", t("signal.speed"), (value) => ({ value: `${format.number(Number(value), language)} km/h` })),
    of(s.IGNITION, "driving", t("signal.ignition"), (value) => ({ value: t(`ignition.${String(value)}`, { defaultValue: String(value) }) })),
    of("Vehicle.Powertrain.CombustionEngine.IsRunning", "driving", t("signal.engine"), either("running", "stopped")),
    of("Vehicle.Powertrain.Transmission.SelectedGear", "driving", t("signal.gear"), (value) => ({ value: gear(Number(value), t) })),
    of("Vehicle.Exterior.AirTemperature", "driving", t("signal.temperature"), (value) => ({ value: `${format.number(Number(value), language, 1)} °C` })),
    of("Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed", "driving", t("signal.ventilation"), percent),
    ...s.PLACES.map((place) => opening(`${s.DOORS[place]}.IsOpen`, t(`doorPlace.${place}`), "door")),
    opening(s.BOOT, t("doorPlace.boot"), ""),
    opening(s.HOOD, t("doorPlace.hood"), ""),
    ...s.PLACES.map((place) => of(`${s.DOORS[place]}.Window.IsOpen`, "body", t("signal.window", { place: t(`windowPlace.${place}`) }), either("doorOpen", "doorClosed", true))),
    of(s.LIGHTS, "body", t("signal.parking"), either("lightsOn", "lightsOff")),
    ...tyres(t).map(([path, name]) => of(path, "care", name, either("low", "fine", true))),
    of("Vehicle.Chassis.Axle.Row1.Wheel.Left.Brake.IsFluidLevelLow", "care", t("signal.brake"), either("low", "fine", true)),
    of("Vehicle.Body.Windshield.Front.WasherFluid.IsLevelLow", "care", t("signal.washer"), either("low", "fine", true)),
    of("Vehicle.Diagnostics.DTCCount", "care", t("signal.codes"), (value) => ({
      value: value === 0 ? t("word.none") : format.number(Number(value), language),
      alert: value !== 0,
    })),
  ];
}

function tyres(t: Words["t"]): [string, string][] {
  const places = [
    [1, "Left", "frontLeft"],
    [1, "Right", "frontRight"],
    [2, "Left", "rearLeft"],
    [2, "Right", "rearRight"],
  ] as const;
  return places.map(([row, side, place]) => [
    `Vehicle.Chassis.Axle.Row${row}.Wheel.${side}.Tire.IsPressureLow`,
    t("signal.tyre", { place: t(`windowPlace.${place}`) }),
  ]);
}

function gear(value: number, t: Words["t"]): string {
  switch (value) {
    case PARK:
      return t("word.park");
    case DRIVE:
      return t("word.drive");
    case 0:
      return t("word.neutral");
    default:
      return value < 0 ? t("word.reverse") : String(value);
  }
}

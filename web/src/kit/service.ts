/** What a connected service brings to the app: one manifest in `services/<name>/index.tsx`, found by the build. Decision 0026. */
import type { Icon } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { createContext, useContext, type ComponentType } from "react";
import type { Schemas } from "./api";
import type { Language, TextFiles } from "./i18n";
import type { CarLive } from "./live";
import type { LiveValue, Signals } from "./signals";

/** A part of a service, fetched when it is first needed: a car without the service loads nothing of it. */
export type Fetch<T> = () => Promise<{ default: T }>;

/** What a service's parts on the page of a car are given. */
export interface CarPartProps {
  vehicleId: string;
  car: CarLive;
  /** How each of its declarations stands for this car: open, or closed with reason and cure. */
  services: readonly Schemas["ServiceBody"][];
  /** The platform's time. */
  nowMs: number;
}

/** A page of a service, below the address of a car. */
export interface ServicePage {
  /** The last part of its address: `/cars/{vehicleId}/{path}`. */
  path: string;
  icon: Icon;
  /** Keys of its texts: what the link to it says, and a line below that. */
  name: string;
  what: string;
  page: Fetch<ComponentType>;
}

/** Parts of the list of values, in their order. */
export const GROUPS = ["energy", "driving", "body", "care"] as const;
export type Group = (typeof GROUPS)[number];

/** One value for the owner's eyes. `alert` marks what they should look at: a door open, a tyre low. */
export interface Shown {
  value: string;
  alert?: boolean;
}

/** How a signal is shown in the list of values. A row of `care` that alerts is also a warning at the head of the page. */
export interface SignalRow {
  path: string;
  group: Group;
  name: string;
  show: (value: LiveValue["value"], signals: Signals) => Shown;
}

/** Something that a card of the garage tells of a car in a few words. */
export interface GarageFact {
  icon: Icon;
  text: string;
  /** What the icon says, to those who do not see it. */
  name?: string;
  /** Shown as a warning. */
  warns?: boolean;
}

/** What a service tells on a card of the garage. */
export interface GarageFacts {
  facts: readonly GarageFact[];
  /** Since when (ms, the platform's time) all was so that changes from one moment to the next; null when it tells nothing of that kind. */
  saidAt: number | null;
}

/** What a service's rules for texts are given: its own words, and the language for numbers. */
export interface Words {
  t: TFunction<string>;
  language: Language;
}

export interface WebService {
  /** The folder's name, which is also that of its texts. */
  name: string;
  /** Declarations that it shows. Whatever else a car has gets the generic card. */
  declarations: readonly string[];
  /** Its place on the page of a car: the smaller, the higher. */
  order: number;
  texts: TextFiles;
  /** On the page of a car. */
  card?: Fetch<ComponentType<CarPartProps>>;
  /** At the foot of the page's head, beside the age of what is shown. */
  action?: Fetch<ComponentType<CarPartProps>>;
  pages?: readonly ServicePage[];
  signalRows?: Fetch<(words: Words) => readonly SignalRow[]>;
  /** `nowMs` is the platform's time. */
  garageFacts?: Fetch<(signals: Signals, nowMs: number, words: Words) => GarageFacts>;
}

/**
 * The manifests in their order on a page. Throws `RangeError` where two have one name, show one declaration, or claim one address, or where a
 * page has a name that is `taken`: that is a fault of the build, told before anybody sees a page.
 */
export function arranged(found: readonly WebService[], taken: readonly string[] = []): readonly WebService[] {
  once("name", found.map((service) => service.name));
  once("declaration", found.flatMap((service) => service.declarations));
  once("page", [...taken, ...found.flatMap((service) => (service.pages ?? []).map((page) => page.path))]);
  return [...found].sort((one, other) => one.order - other.order || one.name.localeCompare(other.name));
}

function once(what: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RangeError(`the ${what} ${twice} is taken`);
  }
}

/** The ground on which a car can never have a service. */
export const NOT_EQUIPPED = "no_capability";

/** Those services that a car has or could have, by what the platform says of its declarations. */
export function servicesOf(all: readonly WebService[], standing: readonly Schemas["ServiceBody"][]): readonly WebService[] {
  const possible = new Set(standing.filter((one) => one.reason !== NOT_EQUIPPED).map((one) => one.declaration));
  return all.filter((service) => service.declarations.some((name) => possible.has(name)));
}

const ServicesContext = createContext<readonly WebService[]>([]);
export const ServicesProvider = ServicesContext.Provider;

/** The services that this build of the app has a part for. */
export function useServices(): readonly WebService[] {
  return useContext(ServicesContext);
}

/** Numbers, ages and dates as people of a language write them. */

import type { Language } from "./i18n";

const locales: Readonly<Record<Language, string>> = { en: "en-GB", fr: "fr-FR", de: "de-DE", es: "es-ES" };
/** The formats of the language itself say "now" and "maintenant", which nobody says of something past. */
const justNow: Readonly<Record<Language, string>> = { en: "just now", fr: "à l'instant", de: "gerade eben", es: "ahora mismo" };

export function number(value: number, language: Language, digits = 0): string {
  return new Intl.NumberFormat(locales[language], { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function percent(value: number, language: Language): string {
  return new Intl.NumberFormat(locales[language], { style: "percent", maximumFractionDigits: 0 }).format(value / 100);
}

/** Kilometres from metres or kilometres as VSS has them: whole from 100 km on, one decimal below. */
export function kilometres(km: number, language: Language): string {
  return `${number(km, language, km < 100 && !Number.isInteger(km) ? 1 : 0)} km`;
}

/** Hours and minutes of a length of time in seconds. */
export function duration(seconds: number, language: Language): string {
  const minutes = Math.max(0, Math.round(seconds / 60));
  if (minutes < 60) {
    return `${number(minutes, language)} min`;
  }
  return `${number(Math.floor(minutes / 60), language)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** How long ago something was, in seconds: "just now", "12 s ago", "il y a 3 min", "yesterday". */
export function age(seconds: number, language: Language): string {
  const relative = new Intl.RelativeTimeFormat(locales[language], { numeric: "auto", style: "short" });
  if (seconds < 5) {
    return justNow[language];
  }
  if (seconds < 60) {
    return relative.format(-Math.floor(seconds), "second");
  }
  if (seconds < 3600) {
    return relative.format(-Math.floor(seconds / 60), "minute");
  }
  if (seconds < 86_400) {
    return relative.format(-Math.floor(seconds / 3600), "hour");
  }
  return relative.format(-Math.floor(seconds / 86_400), "day");
}

export function dateTime(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function date(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { dateStyle: "long" }).format(new Date(iso));
}

export function time(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { timeStyle: "medium" }).format(new Date(iso));
}

/** A day without its year: "16 Nov", "16 nov.". */
export function dayOf(day: Date, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { day: "numeric", month: "short" }).format(day);
}

export function monthOf(day: Date, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { month: "long", year: "numeric" }).format(day);
}

/** A word as it begins a line: the platform's words for commands are those for the middle of a sentence. */
export function capital(word: string, language: Language): string {
  const [first = ""] = word;
  return first.toLocaleUpperCase(locales[language]) + word.slice(first.length);
}

import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import * as accounts from "../domains/accounts/texts";
import * as commands from "../domains/commands/texts";
import * as consent from "../domains/consent/texts";
import * as garage from "../domains/garage/texts";
import * as lock from "../services/lock/texts";
import * as status from "../services/status/texts";
import * as trips from "../services/trips/texts";
import * as kit from "./texts";

/** One catalogue a folder; `tests/texts.test.ts` holds both languages to the same keys. */
export const catalogues = { kit, accounts, commands, consent, garage, lock, status, trips };

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];
const STORED = "om.language";

const resources = Object.fromEntries(
  LANGUAGES.map((language) => [
    language,
    Object.fromEntries(Object.entries(catalogues).map(([name, texts]) => [name, texts[language]])),
  ]),
);

/** Begin with the language that the page was opened in (`public/first.js` chose it). */
export async function startTexts(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources,
    lng: document.documentElement.lang === "fr" ? "fr" : "en",
    fallbackLng: "en",
    defaultNS: "kit",
    interpolation: { escapeValue: false },
  });
}

/** Speak another language from now on, on this device. */
export async function speak(language: Language): Promise<void> {
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // A browser that keeps nothing speaks it until the page is closed.
  }
  await i18next.changeLanguage(language);
}

/** The texts of one folder: `const { t } = useTexts("garage")`. */
export function useTexts(name: keyof typeof catalogues) {
  const { t, i18n } = useTranslation(name);
  return { t, language: (i18n.language === "fr" ? "fr" : "en") as Language };
}

/**
 * The words of the app. Each folder keeps its own in `texts/<language>.ts`; those of kit and domains come as one file a language, those of a
 * service when the service is first shown. `tests/texts.test.ts` holds every language to the same keys, placeholders and plural forms.
 */
import i18next, { type TFunction } from "i18next";
import { useCallback } from "react";
import { Unreachable } from "./api";
import { initReactI18next, useTranslation } from "react-i18next";

export const LANGUAGES = ["en", "fr", "de", "es"] as const;
export type Language = (typeof LANGUAGES)[number];
const STORED = "om.language";

/** Words by key; parts of a page may have a level of their own. */
export type Texts = { [key: string]: string | Texts };
/** Where each language's words are fetched from, by the file's path: what `import.meta.glob("./texts/*.ts", { import: "default" })` gives. */
export type TextFiles = Readonly<Record<string, () => Promise<unknown>>>;

/** What was asked for, by the folder's name: fetched again when another language is chosen. */
const folders = new Map<string, TextFiles>();
let shared: TextFiles = {};

function isLanguage(name: string): name is Language {
  return (LANGUAGES as readonly string[]).includes(name);
}

function languageOf(name: string): Language {
  return isLanguage(name) ? name : "en";
}

/** The language of the page: `public/first.js` chose it, or the person since. */
export function currentLanguage(): Language {
  return languageOf(document.documentElement.lang);
}

async function fetched(files: TextFiles, language: Language): Promise<Texts> {
  const file = Object.entries(files).find(([path]) => path.endsWith(`/${language}.ts`));
  if (file === undefined) {
    throw new RangeError(`no texts in ${language}`);
  }
  try {
    return (await file[1]()) as Texts;
  } catch (cause) {
    throw new Unreachable({ cause });
  }
}

async function loadShared(language: Language): Promise<void> {
  for (const [folder, texts] of Object.entries(await fetched(shared, language))) {
    i18next.addResourceBundle(language, folder, texts);
  }
}

/** Have the words of a folder at hand, in the language of the page. */
export async function loadTexts(folder: string, files: TextFiles, language = currentLanguage()): Promise<void> {
  folders.set(folder, files);
  if (!i18next.hasResourceBundle(language, folder)) {
    i18next.addResourceBundle(language, folder, await fetched(files, language));
  }
}

/** Begin with the language that the page was opened in. `files` hold the words of kit and domains, by folder. */
export async function startTexts(files: TextFiles): Promise<void> {
  shared = files;
  const language = currentLanguage();
  await i18next.use(initReactI18next).init({
    resources: { [language]: (await fetched(files, language)) as Record<string, Texts> },
    lng: language,
    fallbackLng: false,
    defaultNS: "kit",
    interpolation: { escapeValue: false },
    // Whoever shows words has fetched them before.
    react: { useSuspense: false },
  });
}

/** Speak another language from now on, on this device. Throws, and goes on in the one before, when its words can't be fetched. */
export async function speak(language: Language): Promise<void> {
  await Promise.all([loadShared(language), ...[...folders].map(([folder, files]) => loadTexts(folder, files, language))]);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // A browser that keeps nothing speaks it until the page is closed.
  }
  await i18next.changeLanguage(language);
}

/** The texts of one folder: `const { t } = useTexts("garage")`. `has` says whether there is a text of a key that the platform named. */
export function useTexts(folder: string) {
  const { t, i18n } = useTranslation(folder);
  return { t, has: (key: string) => i18n.exists(key, { ns: folder }), language: languageOf(i18n.language) };
}

/** The texts of folders by name, for whoever shows what services bring: `wordsOf("lock")`. */
export function useWords() {
  const { i18n } = useTranslation();
  const language = languageOf(i18n.language);
  const wordsOf = useCallback((folder: string) => i18n.getFixedT(language, folder) as TFunction<string>, [i18n, language]);
  return { language, wordsOf };
}

import { describe, expect, it } from "vitest";
import { LANGUAGES, type Language, type Texts } from "../src/kit/i18n";

const files = import.meta.glob<Texts>("../src/**/texts/*.ts", { eager: true, import: "default" });

/** Every folder with texts, by its path: what it says in each language. */
const folders = new Map<string, Partial<Record<Language, Texts>>>();
for (const [path, texts] of Object.entries(files)) {
  const [, folder = "", language = ""] = /^\.\.\/src\/(.+)\/texts\/(\w+)\.ts$/.exec(path) ?? [];
  folders.set(folder, { ...folders.get(folder), [language]: texts });
}

/** The texts by their keys; the forms of a plural are one text, by the name of the form. */
function flat(texts: Texts, before = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, text]) => (typeof text === "string" ? [[before + key, text] as [string, string]] : flat(text, `${before}${key}.`)));
}

const FORM = /_(zero|one|two|few|many|other)$/;

function keys(texts: Texts): string[] {
  return [...new Set(flat(texts).map(([key]) => key.replace(FORM, "_")))].sort();
}

function placeholders(texts: Texts): string[] {
  const found = flat(texts).map(([key, text]) => `${key.replace(FORM, "_")}: ${(text.match(/\{\{\w+\}\}/g) ?? []).sort().join()}`);
  return [...new Set(found)].sort();
}

/** The forms that a language has for a number of things (CLDR). */
function forms(language: Language): string[] {
  return [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort();
}

it("are found in every folder, in the app's languages and in no other", () => {
  expect(folders.size).toBeGreaterThan(5);
  for (const [folder, said] of folders) {
    expect(Object.keys(said).sort(), folder).toEqual([...LANGUAGES].sort());
  }
});

describe.each([...folders])("the texts of %s", (_folder, said) => {
  describe.each(LANGUAGES.map((language) => ({ language, texts: said[language] ?? {}, english: said.en ?? {} })))("in $language", ({ language, texts, english }) => {
    it("are there, all of them", () => {
      expect(keys(texts)).toEqual(keys(english));
    });

    it("take the same facts", () => {
      expect(placeholders(texts)).toEqual(placeholders(english));
    });

    it("have each form that the language has for a number of things", () => {
      const plural = flat(texts).map(([key]) => key).filter((key) => FORM.test(key));
      for (const key of new Set(plural.map((name) => name.replace(FORM, "")))) {
        expect(plural.filter((name) => name.replace(FORM, "") === key).sort(), key).toEqual(forms(language).map((form) => `${key}_${form}`));
      }
    });

    it("are never empty", () => {
      expect(flat(texts).filter(([, text]) => text.trim() === "")).toEqual([]);
    });
  });

  it("keep French quotes, colons and question marks with what they belong to: no line breaks between them", () => {
    expect(JSON.stringify(said.fr)).not.toMatch(/«(?!\u00a0)|(?<!\u00a0)»| [:;?!]/);
  });

  it("speak to the owner as a stranger is spoken to, and call no command an order", () => {
    const words = (texts: Texts = {}) => flat(texts).flatMap(([, text]) => text.toLowerCase().match(/\p{L}+/gu) ?? []);
    expect(words(said.de).filter((word) => /^(du|dein|deine[mnrs]?|dich|dir|euch|euer)$/.test(word))).toEqual([]);
    expect(words(said.es).filter((word) => /^(tú|tu|tus|te|ti|tuyo)$/.test(word))).toEqual([]);
    expect(words(said.fr).filter((word) => /^(tu|ton|ta|tes|toi|ordres?)$/.test(word))).toEqual([]);
    expect(words(said.en).filter((word) => /^order(s|ed)?$/.test(word))).toEqual([]);
  });
});

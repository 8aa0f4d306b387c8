import { describe, expect, it } from "vitest";
import { catalogues } from "../src/kit/i18n";

type Texts = { [key: string]: string | Texts };

function keys(texts: Texts, before = ""): string[] {
  return Object.entries(texts).flatMap(([key, text]) => (typeof text === "string" ? [before + key] : keys(text, `${before}${key}.`)));
}

function placeholders(texts: Texts): string[] {
  return Object.values(texts).flatMap((text) => (typeof text === "string" ? [(text.match(/\{\{\w+\}\}/g) ?? []).sort().join()] : placeholders(text)));
}

describe.each(Object.entries(catalogues))("the texts of %s", (_name, texts) => {
  it("are there in both languages", () => {
    expect(keys(texts.fr as Texts)).toEqual(keys(texts.en as Texts));
  });

  it("take the same facts in both languages", () => {
    expect(placeholders(texts.fr as Texts)).toEqual(placeholders(texts.en as Texts));
  });

  it("keep French quotes with what they quote: no line breaks between them", () => {
    expect(JSON.stringify(texts.fr)).not.toMatch(/«(?!\u00a0)|(?<!\u00a0)»/);
  });

  it("are never empty", () => {
    expect(JSON.stringify(texts)).not.toContain('""');
  });
});

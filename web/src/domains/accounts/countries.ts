/** The countries that the services know by law and map: the EU, the EEA, the United Kingdom, Switzerland, Andorra and Monaco. */
const CODES = [
  "AD", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
  "LT", "LU", "LV", "MC", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/** The countries by their names in a language, in that language's order. */
export function countries(language: string): Array<{ value: string; label: string }> {
  const names = new Intl.DisplayNames([language], { type: "region" });
  return CODES.map((value) => ({ value, label: names.of(value) ?? value })).sort((a, b) => a.label.localeCompare(b.label, language));
}

/** The device's country, when it is one of those. */
export function likelyCountry(): string {
  const region = new Intl.Locale(navigator.language).maximize().region ?? "";
  return CODES.includes(region) ? region : "FR";
}

/** The device's time zone (IANA). */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "Europe/Paris";
}

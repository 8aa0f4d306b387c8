import * as format from "./format";
import { useTexts, type Language } from "./i18n";
import styles from "./form.module.css";
import { isList, isObject, optional, type Json, type Schema } from "./schema";

/** What a schema describes, in words: each member with its title. */
export function Values({ schema, value }: { schema: Schema; value: Json | undefined }) {
  const { t, language } = useTexts("kit");
  return (
    <dl className={styles.values}>
      {Object.entries(schema.properties ?? {}).map(([name, member]) => (
        <div key={name}>
          <dt>{format.capital(member.title ?? name, language)}</dt>
          <dd>{inWords(member, isObject(value) ? value[name] : undefined, t, language)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A value of which only the unit is known. `t` says the texts of the kit. */
export function plain(value: boolean | number | string | readonly string[] | null | undefined, unit: string, t: (key: string) => string, language: Language): string {
  if (value === null || value === undefined || value === "") {
    return "–";
  }
  if (typeof value === "boolean") {
    return t(value ? "value.yes" : "value.no");
  }
  if (typeof value === "number") {
    return unit === "percent" ? format.percent(value, language) : `${format.number(value, language, Number.isInteger(value) ? 0 : 1)} ${unit}`.trim();
  }
  return typeof value === "string" ? value : value.join(", ");
}

/** One value as its schema has it said: yes or no, a number with its unit, the title of a choice, a list in commas. */
export function inWords(schema: Schema, value: Json | undefined, t: (key: string) => string, language: Language): string {
  const inner = optional(schema) ?? schema;
  if (isList(value)) {
    return value.length === 0 ? "–" : value.map((item, at) => inWords(inner.prefixItems?.[at] ?? inner.items ?? {}, item, t, language)).join("; ");
  }
  if (isObject(value)) {
    return Object.entries(inner.properties ?? {})
      .map(([name, member]) => `${member.title ?? name} ${inWords(member, value[name], t, language)}`)
      .join(", ");
  }
  return inner.oneOf?.find((choice) => choice.const === value)?.title ?? plain(value, inner.unit ?? "", t, language);
}

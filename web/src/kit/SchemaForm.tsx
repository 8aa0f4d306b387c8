import { Button, CloseButton, NativeSelect, NumberInput, Stack, Switch, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import * as format from "./format";
import styles from "./form.module.css";
import { useTexts } from "./i18n";
import { begun, isList, isObject, optional, type Json, type Misfit, type Schema } from "./schema";

interface FieldProps {
  schema: Schema;
  value: Json | undefined;
  onChange: (value: Json) => void;
  /** Shown at the fields that they are about. */
  misfits: readonly Misfit[];
  place?: string;
  /** What an entry of a list is called, where it has no name of its own. */
  name?: string;
}

/** A form for what a JSON Schema describes: a switch, a number with its unit and limits, a choice, a text, and lists and groups of them. */
export function SchemaForm({ schema, value, onChange, misfits, place = "$", name }: FieldProps) {
  const inner = optional(schema);
  if (inner !== null) {
    return <Optional {...{ schema: inner, value, onChange, misfits, place }} />;
  }
  const props = { schema, value, onChange, misfits, place, ...(name === undefined ? {} : { name }) };
  switch (schema.type) {
    case "object":
      return <Group {...props} />;
    case "array":
      return <List {...props} />;
    default:
      return <Leaf {...props} />;
  }
}

/** What a field is called, as it begins a line. */
function useLabel(schema: Schema, name = ""): string {
  const { language } = useTexts("kit");
  return format.capital(schema.title ?? name, language);
}

function Group({ schema, value, onChange, misfits, place = "$", name }: FieldProps) {
  const label = useLabel(schema, name);
  const members = isObject(value) ? value : {};
  const fields = (
    <Stack gap="md">
      {Object.entries(schema.properties ?? {}).map(([name, member]) => (
        <SchemaForm key={name} schema={member} value={members[name]} onChange={(next) => onChange({ ...members, [name]: next })} misfits={misfits} place={`${place}.${name}`} />
      ))}
    </Stack>
  );
  return place === "$" ? (
    fields
  ) : (
    <fieldset className={styles.group}>
      {label !== "" && <legend className={styles.legend}>{label}</legend>}
      {fields}
    </fieldset>
  );
}

function List({ schema, value, onChange, misfits, place = "$" }: FieldProps) {
  const { t } = useTexts("kit");
  const label = useLabel(schema);
  const items = isList(value) ? value : [];
  const entry = schema.items;
  const put = (at: number, next: Json) => onChange(items.map((item, other) => (other === at ? next : item)));
  return (
    <fieldset className={styles.group}>
      {label !== "" && <legend className={styles.legend}>{label}</legend>}
      <Stack gap="md">
        {items.map((item, at) => (
          // Entries have no names of their own: they are their places.
          <div key={at} className={styles.entry}>
            <div className={styles.entryFields}>
              <SchemaForm schema={schema.prefixItems?.[at] ?? entry ?? {}} value={item} onChange={(next) => put(at, next)} misfits={misfits} place={`${place}.${at}`} name={t("form.entry", { number: at + 1 })} />
            </div>
            {schema.prefixItems === undefined && <CloseButton size={44} radius="xl" onClick={() => onChange(items.filter((_, other) => other !== at))} aria-label={t("form.removeEntry", { number: at + 1 })} />}
          </div>
        ))}
        {entry !== undefined && items.length < (schema.maxItems ?? Infinity) && (
          <Button variant="light" size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => onChange([...items, begun(entry)])}>
            {t("form.addEntry")}
          </Button>
        )}
        <Said at={place} misfits={misfits} />
      </Stack>
    </fieldset>
  );
}

/** Something that may be left unset. */
function Optional({ schema, value, onChange, misfits, place = "$" }: FieldProps) {
  const label = useLabel(schema);
  const isSet = value !== null && value !== undefined;
  return (
    <Stack gap="sm">
      <Switch size="md" label={label} checked={isSet} onChange={(event) => onChange(event.currentTarget.checked ? begun(schema) : null)} />
      {isSet && <SchemaForm schema={schema} value={value} onChange={onChange} misfits={misfits} place={place} />}
    </Stack>
  );
}

function Leaf({ schema, value, onChange, misfits, place = "$", name }: FieldProps) {
  const { t, language } = useTexts("kit");
  const label = useLabel(schema, name);
  const words = useMisfitWords(misfits, place);
  const error = words === "" ? null : words;
  if (schema.oneOf !== undefined) {
    return (
      <NativeSelect
        size="md"
        label={label}
        error={error}
        value={typeof value === "string" ? value : ""}
        onChange={(event) => onChange(event.currentTarget.value)}
        data={schema.oneOf.map((choice) => ({ value: choice.const, label: choice.title ?? choice.const }))}
      />
    );
  }
  if (schema.type === "boolean") {
    return <Switch size="md" label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  }
  if (schema.type === "integer") {
    const { minimum, maximum, unit } = schema;
    const written = (limit: number) => format.number(limit, language);
    return (
      <NumberInput
        size="md"
        label={unit === undefined ? label : `${label} (${unit})`}
        description={typeof minimum === "number" && typeof maximum === "number" ? t("form.between", { low: written(minimum), high: written(maximum) }) : undefined}
        error={error}
        value={typeof value === "number" ? value : ""}
        onChange={(next) => onChange(typeof next === "number" ? next : null)}
        {...(typeof minimum === "number" ? { min: minimum } : {})}
        {...(typeof maximum === "number" ? { max: maximum } : {})}
        allowDecimal={false}
        allowLeadingZeros={false}
        clampBehavior="none"
        inputMode={typeof minimum === "number" && minimum < 0 ? "text" : "numeric"}
      />
    );
  }
  return (
    <TextInput
      label={label}
      error={error}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => onChange(event.currentTarget.value)}
      description={typeof schema.maxLength === "number" ? t("form.atMost", { count: schema.maxLength }) : undefined}
    />
  );
}

function Said({ at, misfits }: { at: string; misfits: readonly Misfit[] }) {
  const words = useMisfitWords(misfits, at);
  return words === "" ? null : (
    <p className={styles.wrong} role="alert">
      {words}
    </p>
  );
}

function useMisfitWords(misfits: readonly Misfit[], place: string): string {
  const { t, language } = useTexts("kit");
  return misfits
    .filter((misfit) => misfit.place === place)
    .map(({ problem, limit }) => t(`form.misfit.${problem}`, { limit: limit === undefined ? "" : format.number(limit, language) }))
    .join(" ");
}

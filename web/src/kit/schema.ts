/** Forms from the JSON Schema that the API gives of a command's arguments or of a settings document: what to begin with, and what does not fit. Pure. */

export interface Schema {
  type?: "object" | "array" | "boolean" | "integer" | "string" | "null";
  title?: string;
  description?: string;
  default?: Json;
  unit?: string;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  oneOf?: readonly { const: string; title?: string }[];
  anyOf?: readonly Schema[];
  items?: Schema;
  prefixItems?: readonly Schema[];
  minItems?: number | null;
  maxItems?: number | null;
  minimum?: number | null;
  maximum?: number | null;
  minLength?: number | null;
  maxLength?: number | null;
  pattern?: string | null;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What does not fit, and where: `$.windows.0.from_min`. `limit` is what it must keep to. */
export interface Misfit {
  place: string;
  problem: "needed" | "low" | "high" | "short" | "long" | "form" | "few" | "many" | "choice";
  limit?: number;
}

/** Inside of something that may be left unset; null when the schema is of something else. */
export function optional(schema: Schema): Schema | null {
  const [inner, none] = schema.anyOf ?? [];
  return inner !== undefined && none?.type === "null" ? { ...inner, title: inner.title ?? schema.title ?? "" } : null;
}

/** What a form begins with: the default where there is one, else the least that fits. A number without one is null: the person has to say it. */
export function begun(schema: Schema): Json {
  if (schema.default !== undefined) {
    return schema.default;
  }
  if (schema.oneOf !== undefined) {
    return schema.oneOf[0]?.const ?? "";
  }
  switch (schema.type) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, member]) => [name, begun(member)]));
    case "array":
      return (schema.prefixItems ?? Array.from({ length: schema.minItems ?? 0 }, () => schema.items ?? {})).map(begun);
    case "boolean":
      return false;
    case "string":
      return "";
    default:
      return null;
  }
}

/** Whether there is anything to fill in. */
export function hasMembers(schema: Schema): boolean {
  return Object.keys(schema.properties ?? {}).length > 0;
}

/** The value with the members of each object in the order of the schema, which is the order that a signature goes by; what it does not know is left out. */
export function ordered(schema: Schema, value: Json): Json {
  const inner = optional(schema);
  if (inner !== null) {
    return value === null ? null : ordered(inner, value);
  }
  if (isList(value)) {
    return value.map((item, at) => ordered(schema.prefixItems?.[at] ?? schema.items ?? {}, item));
  }
  if (isObject(value)) {
    const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => (value[name] === undefined ? [] : [[name, ordered(member, value[name])] as const]));
    return Object.fromEntries(members);
  }
  return value;
}

/** Everything that does not fit; the platform has the last word. */
export function misfits(schema: Schema, value: Json | undefined, place = "$"): Misfit[] {
  const inner = optional(schema);
  if (inner !== null) {
    return value === null || value === undefined ? [] : misfits(inner, value, place);
  }
  if (value === null || value === undefined) {
    return [{ place, problem: "needed" }];
  }
  if (schema.oneOf !== undefined) {
    return schema.oneOf.some((choice) => choice.const === value) ? [] : [{ place, problem: "choice" }];
  }
  switch (schema.type) {
    case "object":
      return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => misfits(member, isObject(value) ? value[name] : undefined, `${place}.${name}`));
    case "array":
      return isList(value) ? misfitsOfList(schema, value, place) : [{ place, problem: "needed" }];
    case "integer":
      return typeof value === "number" && Number.isInteger(value) ? between(value, schema.minimum, schema.maximum, place, "low", "high") : [{ place, problem: "needed" }];
    case "string":
      return typeof value === "string" ? misfitsOfText(schema, value, place) : [{ place, problem: "needed" }];
    default:
      return [];
  }
}

function misfitsOfList(schema: Schema, value: readonly Json[], place: string): Misfit[] {
  const inside = value.flatMap((item, at) => misfits(schema.prefixItems?.[at] ?? schema.items ?? {}, item, `${place}.${at}`));
  return [...between(value.length, schema.minItems, schema.maxItems, place, "few", "many"), ...inside];
}

function misfitsOfText(schema: Schema, value: string, place: string): Misfit[] {
  // Characters, as the platform counts them.
  const length = between([...value].length, schema.minLength, schema.maxLength, place, "short", "long");
  return length.length === 0 && !fits(schema.pattern, value) ? [{ place, problem: "form" }] : length;
}

function between(value: number, low: number | null | undefined, high: number | null | undefined, place: string, tooLow: Misfit["problem"], tooHigh: Misfit["problem"]): Misfit[] {
  if (typeof low === "number" && value < low) {
    return [{ place, problem: tooLow, limit: low }];
  }
  return typeof high === "number" && value > high ? [{ place, problem: tooHigh, limit: high }] : [];
}

function fits(pattern: string | null | undefined, value: string): boolean {
  if (typeof pattern !== "string") {
    return true;
  }
  try {
    return new RegExp(pattern).test(value);
  } catch {
    // Written for another reader: the platform judges it.
    return true;
  }
}

export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

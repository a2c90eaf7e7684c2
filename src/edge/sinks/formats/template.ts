// A webhook's template: JSON whose texts name fields in "{{...}}". The values are put into the parsed JSON, so no value can end a text or add a member; a text
// that is one placeholder takes the value as it is (number, list, object). Nothing is evaluated.
import { placeholders } from "../../../model/sink-fields.ts";
import type { Outgoing } from "../sink.ts";
import { falcoAlert } from "./falco.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The template with the event's fields in it; a field without a value is "". */
export function fillTemplate(template: unknown, outgoing: Outgoing): Json {
  const fields = fieldsOf(outgoing);
  const valueOf = (name: string): Json => {
    const own = fields.get(name);
    if (own !== undefined) return own;
    const inner = name.startsWith("output_fields.") ? name.slice("output_fields.".length) : "";
    const output = fields.get("output_fields") as Readonly<Record<string, Json>>;
    return Object.hasOwn(output, inner) ? (output[inner] ?? "") : "";
  };
  return fill(template, valueOf);
}

function fill(template: unknown, valueOf: (name: string) => Json): Json {
  if (typeof template === "string") return fillText(template, valueOf);
  if (Array.isArray(template)) return template.map((each) => fill(each, valueOf));
  if (typeof template !== "object" || template === null) return template as Json;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [textOf(fillText(key, valueOf)), fill(value, valueOf)]),
  );
}

function fillText(text: string, valueOf: (name: string) => Json): Json {
  const found = [...text.matchAll(placeholders())];
  const [only] = found;
  if (found.length === 1 && only?.[0] === text) return valueOf(only[1] ?? "");
  return text.replaceAll(placeholders(), (_, name: string) => textOf(valueOf(name)));
}

function textOf(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  return value === null ? "" : JSON.stringify(value);
}

function fieldsOf(outgoing: Outgoing): ReadonlyMap<string, Json> {
  const { output, priority, hostname, output_fields } = falcoAlert(outgoing);
  return new Map<string, Json>([
    ...Object.entries(outgoing.event),
    ["uuid", outgoing.uuid],
    ["output", output],
    ["priority", priority],
    ["hostname", hostname],
    ["output_fields", output_fields],
  ]);
}

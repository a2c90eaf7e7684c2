// Turns a zod refusal into one Fault that says where, what was expected and, for an unknown key, the nearest known one.
// Used for resource specs, request bodies and configuration files alike, so that they all read the same.
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { nearest } from "../../base/nearest.ts";

/** `["days", "flows", 2]` under "spec" becomes "spec.days.flows[2]". */
export function pathText(root: string, path: readonly PropertyKey[]): string {
  let text = root;
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? String(part) : `.${String(part)}`;
  }
  return text;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = (schema as { def?: { innerType?: z.core.$ZodType } }).def?.innerType;
  return inner === undefined ? schema : unwrap(inner);
}

/** The keys that the object schema at `path` knows; empty when there is no such object. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: z.core.$ZodType | undefined = unwrap(schema);
  for (const part of path) {
    if (current instanceof z.ZodObject) current = (current.shape as Record<string, z.core.$ZodType>)[String(part)];
    else if (current instanceof z.ZodArray) current = current.element;
    else if (current instanceof z.ZodRecord) current = current.valueType;
    else return [];
    if (current === undefined) return [];
    current = unwrap(current);
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

export interface InputPlace {
  /** The name of the whole, e.g. "spec", "query", "configuration". */
  readonly root: string;
  /** The fault's code, "room/kebab". */
  readonly code: string;
  /** Shown when nothing better can be said. */
  readonly hint?: string;
}

const issuesShownMax = 5;
const keyLengthMax = 64;

function describe(schema: z.core.$ZodType, issue: z.core.$ZodIssue): { readonly text: string; readonly hint?: string } {
  if (issue.code !== "unrecognized_keys") return { text: issue.message.replace(/^Invalid input: /, "") };
  const known = knownKeys(schema, issue.path);
  const key = issue.keys[0] ?? "";
  const meant = nearest(key.slice(0, keyLengthMax), known);
  const text = `unknown key${issue.keys.length > 1 ? "s" : ""} ${issue.keys.map((name) => JSON.stringify(name)).join(", ")}`;
  if (meant !== undefined) return { text, hint: `did you mean ${JSON.stringify(meant)}?` };
  return known.length === 0 ? { text } : { text, hint: `known keys here: ${known.join(", ")}` };
}

/** The fault (kind usage) that a refused parse stands for; its `where` is the first issue's path. */
export function inputFault(schema: z.core.$ZodType, error: z.core.$ZodError, place: InputPlace): Fault {
  const described = error.issues.slice(0, issuesShownMax).map((issue) => {
    const key = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    return { where: pathText(place.root, [...issue.path, ...key]), ...describe(schema, issue) };
  });
  const more = error.issues.length - described.length;
  const message =
    described.map(({ where, text }) => `${where}: ${text}`).join("; ") + (more > 0 ? `; and ${more} more` : "");
  const hint = described.find((item) => item.hint !== undefined)?.hint ?? place.hint;
  return new Fault(message, {
    code: place.code,
    kind: "usage",
    where: described[0]?.where ?? place.root,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Parses `value`, or throws the fault that says what is wrong with it and where. */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown, place: InputPlace): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw inputFault(schema, parsed.error, place);
}

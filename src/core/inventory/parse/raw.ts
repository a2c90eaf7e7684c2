// Reading what an API server sent: values of unknown shape become texts, numbers and times within limits, nothing is believed.
import { formatInstant, parseInstantMs } from "../../../base/instant.ts";
import { inventoryLimits } from "../limits.ts";
import { redactForeign } from "../../foreign/redact-foreign.ts";

export type Raw = Readonly<Record<string, unknown>>;

const nothing: Raw = {};

/** An object as it is, {} for anything else. */
export function record(value: unknown): Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : nothing;
}

/** A list cut to `max`, [] for anything else; `cut` hears how many fell out. */
export function list(value: unknown, max: number, cut?: (count: number) => void): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  if (value.length <= max) return value;
  cut?.(value.length - max);
  return value.slice(0, max);
}

/** A whole number of at least 0; 0 for anything else. */
export function whole(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** What reading shares between objects and counts. One per cluster. */
export interface ParseContext {
  readonly cluster: string;
  /** The text, cut to `lengthMax`; equal texts are one in memory. "" for anything else. */
  text(value: unknown, lengthMax?: number): string;
  /** The value; equal ones are one in memory. */
  share<T extends object>(value: T): T;
  /** The value of this key, made when it is the first; a key says everything that the value is made of. */
  once<T extends object>(kind: string, key: string, make: () => T): T;
  /** A text of a person or a controller, redacted. */
  prose(value: unknown): string;
  /** RFC 3339 in UTC; undefined for anything else. */
  time(value: unknown): string | undefined;
  cut(what: string, count: number): void;
  readonly cuts: ReadonlyMap<string, number>;
}

/** A text cut to `lengthMax`, "" for anything else: inside of what is shared as a whole, where it need not be one in memory by itself. */
export function plain(value: unknown, lengthMax: number = inventoryLimits.textLengthMax): string {
  if (typeof value !== "string") return "";
  return value.length <= lengthMax ? value : value.slice(0, lengthMax);
}

export function createParseContext(cluster: string): ParseContext {
  let texts = new Map<string, string>();
  let values = new Map<string, object>();
  let proses = new Map<string, string>();
  const cuts = new Map<string, number>();

  function text(value: unknown, lengthMax: number = inventoryLimits.textLengthMax): string {
    if (typeof value !== "string" || value === "") return "";
    const kept = value.length <= lengthMax ? value : value.slice(0, lengthMax);
    const known = texts.get(kept);
    if (known !== undefined) return known;
    if (texts.size >= inventoryLimits.sharedMax) texts = new Map();
    texts.set(kept, kept);
    return kept;
  }

  function once<T extends object>(kind: string, key: string, make: () => T): T {
    const whole = `${kind}${key}`;
    const known = values.get(whole);
    // Equal keys of one kind: the same shape, since every kind of value is made in one place.
    if (known !== undefined) return known as T;
    if (values.size >= inventoryLimits.sharedMax) values = new Map();
    const value = make();
    values.set(whole, value);
    return value;
  }

  return {
    cluster,
    text,
    share: (value) => once("", JSON.stringify(value), () => value),
    once,
    prose(value) {
      if (typeof value !== "string" || value === "") return "";
      const known = proses.get(value);
      if (known !== undefined) return known;
      const cut = value.slice(0, 4 * inventoryLimits.textLengthMax);
      const clean = redactForeign(cut).slice(0, inventoryLimits.textLengthMax);
      if (proses.size >= inventoryLimits.goneMax) proses = new Map();
      proses.set(value, clean);
      return clean;
    },
    time(value) {
      if (typeof value !== "string" || value.length > 40) return undefined;
      const ms = parseInstantMs(value);
      if (ms === undefined) return undefined;
      return utc.test(value) ? text(value) : formatInstant(ms);
    },
    cut: (what, count) => void cuts.set(what, (cuts.get(what) ?? 0) + count),
    cuts,
  };
}

const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** Key under which an object says how many of its labels were left out. */
export const labelsCutKey = "garrison/labels-cut";

/** Labels or selectors: texts by text, the first `labelsMax`. */
export function labelsOf(context: ParseContext, value: unknown): Record<string, string> {
  const given = record(value);
  let key = "";
  let count = 0;
  for (const name of Object.keys(given)) {
    const label = given[name];
    if (typeof label !== "string" || name === "__proto__") continue;
    count += 1;
    if (count <= inventoryLimits.labelsMax) key += `${name}\u0000${label}\u0001`;
  }
  const cut = Math.max(0, count - inventoryLimits.labelsMax);
  if (cut > 0) context.cut("labels", cut);
  return context.once("labels ", `${key}${cut}`, () => madeLabels(given, cut));
}

function madeLabels(given: Raw, cut: number): Record<string, string> {
  const labels: Record<string, string> = {};
  let kept = 0;
  for (const [name, label] of Object.entries(given)) {
    if (typeof label !== "string" || name === "__proto__") continue;
    if (kept >= inventoryLimits.labelsMax) break;
    labels[plain(name)] = plain(label);
    kept += 1;
  }
  if (cut > 0) labels[labelsCutKey] = String(cut);
  return labels;
}

export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The owner that controls the object; undefined when there is none. */
export function ownerOf(context: ParseContext, metadata: Raw): Owner | undefined {
  for (const value of list(metadata["ownerReferences"], 32)) {
    const { controller, kind, name, uid } = record(value);
    if (controller === true)
      return context.share({ kind: context.text(kind), name: context.text(name), uid: context.text(uid) });
  }
  return undefined;
}

/** What every object has, or why it is refused. */
export function commonOf(context: ParseContext, metadata: Raw) {
  const { name, uid, namespace } = metadata;
  if (typeof name !== "string" || name === "") return { because: "it has no name" };
  if (typeof uid !== "string" || uid === "") return { because: "it has no uid" };
  if (name.length > inventoryLimits.nameLengthMax) return { because: "its name is longer than 253 characters" };
  if (uid.length > inventoryLimits.nameLengthMax) return { because: "its uid is longer than 253 characters" };
  const createdAt = context.time(metadata["creationTimestamp"]);
  return {
    because: "",
    cluster: context.cluster,
    namespace: context.text(namespace, inventoryLimits.nameLengthMax),
    name: context.text(name),
    uid,
    labels: labelsOf(context, metadata["labels"]),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

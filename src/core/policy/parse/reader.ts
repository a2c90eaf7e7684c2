// Reading untrusted manifests by hand: a cursor knows its value, its path and whom to tell. Nothing here throws; what is wrong is reported
// where it stands, and the caller gets undefined.
import { nearest } from "../../../base/nearest.ts";
import type { PolicyProblem, SourcePlace } from "../model.ts";
import { manifestLimits, type Path } from "./manifest.ts";

/** Collects what is wrong with one object. */
export interface Sink {
  /** Id of the object, once known. */
  object: string;
  /** True after `refuse`: nothing of the object counts. */
  isRefused: boolean;
  readonly place: SourcePlace;
  readonly lineOf: (path: Path) => number;
  readonly problems: PolicyProblem[];
}

export interface At {
  readonly value: unknown;
  readonly path: Path;
  readonly sink: Sink;
}

export interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** The whole object does not count. */
export function refuse(at: At, told: Told): undefined {
  at.sink.isRefused = true;
  report(at, "error", told);
}

/** Part of the object could not be taken and fails closed; the rest counts. */
export function failClosed(at: At, told: Told): undefined {
  report(at, "error", told);
}

export function warn(at: At, told: Told): void {
  report(at, "warning", told);
}

export function note(at: At, told: Told): void {
  report(at, "note", told);
}

function report(at: At, severity: PolicyProblem["severity"], { code, message, hint = "" }: Told): void {
  const { sink, path } = at;
  const { problemsOfObjectMax: max } = manifestLimits;
  if (sink.problems.length > max) return;
  const isLast = sink.problems.length === max;
  sink.problems.push({
    severity,
    code: isLast ? "policy/problem-limit" : `policy/${code}`,
    message: isLast ? `more than problemsOfObjectMax = ${max} problems: the others are not told` : message,
    hint: isLast ? "" : hint,
    object: sink.object,
    place: { ...sink.place, line: sink.lineOf(path) },
    path: pathText(path),
  });
}

/** ["spec", "ingress", 0, "a.b/c"] -> `spec.ingress[0]["a.b/c"]`. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w-]{1,100}$/.test(step)) return `[${JSON.stringify(step.slice(0, 100))}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** A cursor to a key or an index; its value may be undefined. */
export function child(at: At, step: string | number): At {
  const holder = at.value as Record<string | number, unknown> | undefined | null;
  const isThere = typeof holder === "object" && holder !== null && Object.hasOwn(holder, step);
  return { value: isThere ? holder[step] : undefined, path: [...at.path, step], sink: at.sink };
}

export interface Fields {
  readonly at: At;
  /** Undefined when the key is missing or null. */
  get(name: string): At | undefined;
  /** Keys that are not in the schema; already reported. */
  readonly unknown: readonly string[];
}

/** What becomes of an object with a key that the schema does not have. */
export type UnknownFields = "refuse" | "failClosed" | "ignore";

/** A mapping with these keys. Not a mapping: refused. */
export function fields(at: At, known: readonly string[], unknownFields: UnknownFields = "refuse"): Fields | undefined {
  if (typeof at.value !== "object" || at.value === null || Array.isArray(at.value)) return mistyped(at, "a mapping");
  const unknown = unknownFields === "ignore" ? [] : Object.keys(at.value).filter((key) => !known.includes(key));
  for (const key of unknown.slice(0, manifestLimits.unknownFieldsMax)) {
    const guess = guessOf(key, known);
    const tell = unknownFields === "refuse" ? refuse : failClosed;
    tell(child(at, key), {
      code: "unknown-field",
      message: `${pathText([...at.path, key])} is not a known field${unknownFields === "failClosed" ? "; the rule fails closed" : ""}`,
      hint: guess === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean ${guess}?`,
    });
  }
  const get = (name: string) => {
    const found = child(at, name);
    return found.value === undefined || found.value === null ? undefined : found;
  };
  return { at, get, unknown };
}

/** The known word that a short one may be a slip of. */
export function guessOf(word: string, known: readonly string[]): string | undefined {
  return word.length > 64 ? undefined : nearest(word, known);
}

/** The items of a list; longer ones are refused. Missing or null: none. */
export function items(at: At | undefined, max = 10_000): readonly At[] {
  if (at === undefined) return [];
  if (!Array.isArray(at.value)) return mistyped(at, "a list") ?? [];
  if (at.value.length > max) {
    refuse(at, { code: "list-limit", message: `${pathText(at.path)} has ${at.value.length} items, more than ${max}` });
    return [];
  }
  return at.value.map((value: unknown, index) => ({ value, path: [...at.path, index], sink: at.sink }));
}

/** Text of at most `max` characters that the pattern takes whole; `what` says what was expected. */
export function text(
  at: At | undefined,
  what = "a text",
  { max = 1024, pattern }: { readonly max?: number; readonly pattern?: RegExp } = {},
): string | undefined {
  if (at === undefined) return undefined;
  if (typeof at.value !== "string") return mistyped(at, what);
  if (at.value.length > max || pattern?.test(at.value) === false) return notA(at, what);
  return at.value;
}

/** One of a list, exactly as it stands there. */
export function choice<const T extends string | number>(at: At | undefined, known: readonly T[]): T | undefined {
  if (at === undefined) return undefined;
  const found = known.find((one) => one === at.value);
  if (found !== undefined) return found;
  const guess = typeof at.value === "string" ? guessOf(at.value, known.map(String)) : undefined;
  return refuse(at, {
    code: "bad-value",
    message: `${pathText(at.path)} is ${shown(at.value)}; expected ${known.join(", ")}`,
    ...(guess === undefined ? {} : { hint: `Did you mean ${guess}?` }),
  });
}

export function integer(at: At | undefined, min: number, max: number): number | undefined {
  if (at === undefined) return undefined;
  const { value } = at;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  return notA(at, `a whole number from ${min} to ${max}`);
}

/** Any finite number. */
export function real(at: At | undefined): number | undefined {
  if (at === undefined) return undefined;
  return typeof at.value === "number" && Number.isFinite(at.value) ? at.value : mistyped(at, "a number");
}

export function flag(at: At | undefined): boolean | undefined {
  if (at === undefined) return undefined;
  return typeof at.value === "boolean" ? at.value : mistyped(at, "true or false");
}

export function notA(at: At, what: string, hint?: string): undefined {
  return refuse(at, {
    code: "bad-value",
    message: `${pathText(at.path)} is ${shown(at.value)}; expected ${what}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

function mistyped(at: At, what: string): undefined {
  return refuse(at, {
    code: "bad-type",
    message: `${pathText(at.path) || "the document"} is ${shown(at.value)}; expected ${what}`,
  });
}

/** A value for a message: short, on one line. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const written = value === undefined ? "missing" : JSON.stringify(value);
  return written.length > 80 ? `${written.slice(0, 80)}...` : written;
}

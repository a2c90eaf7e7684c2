// Reading a plain value from YAML with its place: what is there, what it should be, and a problem with line and path when it is not.
import { nearest } from "../../../base/nearest.ts";
import type { RuntimeProblem } from "../model.ts";
import { runtimeLimits } from "../limits.ts";

export type Path = readonly (string | number)[];

/** Where problems go, and what lines they have. */
export interface Sink {
  readonly file: string;
  lineOf(path: Path): number;
  readonly problems: RuntimeProblem[];
}

export interface At {
  readonly value: unknown;
  readonly path: Path;
  readonly sink: Sink;
}

export function child(at: At, key: string | number): At {
  const holder = at.value;
  const value =
    typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)
      ? (holder as Record<string | number, unknown>)[key]
      : undefined;
  return { value, path: [...at.path, key], sink: at.sink };
}

export function isAbsent(at: At): boolean {
  return at.value === undefined || at.value === null;
}

/** The items of a list; a single value counts as a list of one where languages allow that. */
export function items(at: At): readonly At[] {
  if (isAbsent(at)) return [];
  if (!Array.isArray(at.value)) {
    refuse(at, "bad-type", `expected a list, not ${shown(at.value)}`);
    return [];
  }
  return at.value.map((_, index) => child(at, index));
}

export function keysAt(at: At): readonly string[] {
  if (typeof at.value !== "object" || at.value === null || Array.isArray(at.value)) return [];
  return Object.keys(at.value);
}

/** "" when absent or, told, of another type. */
export function textAt(at: At): string {
  if (isAbsent(at)) return "";
  if (typeof at.value === "string") return at.value;
  if (typeof at.value === "number") return String(at.value);
  refuse(at, "bad-type", `expected a text, not ${shown(at.value)}`);
  return "";
}

export function flagAt(at: At, otherwise: boolean): boolean {
  if (isAbsent(at)) return otherwise;
  if (typeof at.value === "boolean") return at.value;
  refuse(at, "bad-type", `expected true or false, not ${shown(at.value)}`);
  return otherwise;
}

export function textsAt(at: At): readonly string[] {
  return items(at).map(textAt);
}

/** Tells of fields that nobody reads: a misspelt "fromsource" must not become "from everybody". */
export function onlyFields(at: At, known: readonly string[]): boolean {
  const unknown = keysAt(at).filter((key) => !known.includes(key));
  for (const key of unknown) {
    const near = nearest(key, known);
    const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean "${near}"?`;
    refuse(child(at, key), "unknown-field", `"${key.slice(0, 64)}" is not understood`, hint);
  }
  return unknown.length === 0;
}

/** An error: what stands there is not enforced. */
export function refuse(at: At, code: string, message: string, hint = ""): void {
  tell(at, { severity: "error", code, message, hint });
}

export function warn(at: At, code: string, message: string, hint = ""): void {
  tell(at, { severity: "warning", code, message, hint });
}

function tell(at: At, problem: Pick<RuntimeProblem, "severity" | "code" | "message" | "hint">): void {
  if (at.sink.problems.length >= runtimeLimits.problemsMax) return;
  at.sink.problems.push({
    ...problem,
    code: `runtime-policy/${problem.code}`,
    where: placeOf(at),
    path: pathText(at.path),
  });
}

/** "file.yaml:12", or "" without a file. */
export function placeOf(at: At): string {
  return at.sink.file === "" ? "" : `${at.sink.file}:${at.sink.lineOf(at.path)}`;
}

export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
    "",
  );
}

/** A rule's place for people: path, and file with line where there is one. */
export function rulePlace(at: At): string {
  const place = placeOf(at);
  return place === "" ? pathText(at.path) : `${place} ${pathText(at.path)}`;
}

export function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? "nothing";
}

// One rule of a Falco file: a new one, one that takes another's place, an override, or only the switch `enabled`.
import { priorities, type Priority, type RuleSource } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import { addProblem, didYouMean, elsewhere } from "../problems.ts";
import {
  booleanOf,
  placeOf,
  refuseUnknownKeys,
  textOf,
  textsOf,
  wrong,
  type Mapping,
  type Place,
} from "../read-value.ts";
import type { ExceptionItem, Library, RuleItem } from "./items.ts";
import { overridesOf, type OverrideWay } from "./overrides.ts";
import { readExceptionList } from "./read-exceptions.ts";

export const ruleSources: readonly RuleSource[] = ["syscall", "k8s_audit"];

const known = [
  "rule",
  "desc",
  "condition",
  "output",
  "priority",
  "source",
  "enabled",
  "tags",
  "exceptions",
  "append",
  "override",
  "warn_evttypes",
  "skip-if-unknown-filter",
  "capture",
  "capture_duration",
  "examples",
] as const;

const allowed: Readonly<Record<string, readonly OverrideWay[]>> = {
  condition: ["append", "replace"],
  output: ["append", "replace"],
  desc: ["append", "replace"],
  tags: ["append", "replace"],
  exceptions: ["append", "replace"],
  priority: ["replace"],
  enabled: ["replace"],
  warn_evttypes: ["replace"],
  "skip-if-unknown-filter": ["replace"],
  capture: ["replace"],
  capture_duration: ["replace"],
};

/** Adds to the library, or changes what stands there. */
export function readRule(library: Library, place: Place, entry: Mapping): void {
  refuseUnknownKeys(place, entry, known);
  const name = textOf(entry["rule"]);
  if (name === undefined || name === "") return wrong(place, "rule", "a rule needs a name");
  const overrides = overridesOf(place, entry, allowed);
  if (overrides === undefined) return;
  const { parts, isWhole } = readParts(place, entry);
  const isNew = overrides.size === 0 && !isSwitch(entry);
  if (isNew) return addRule(library, place, { name, parts, isWhole, entry });
  if (!isWhole) return;
  const before = library.rules.get(name);
  if (overrides.size > 0) {
    if (before === undefined) return nothingBefore(library, place, name);
    for (const [key, way] of overrides) changers[key]?.(before, parts, way);
    return;
  }
  if (before === undefined) return nothingBefore(library, place, name);
  before.isEnabled = parts.isEnabled ?? before.isEnabled;
}

/** A rule of `rule` and `enabled` alone turns another on or off. */
function isSwitch(entry: Mapping): boolean {
  return "enabled" in entry && !("condition" in entry) && !("output" in entry) && !("priority" in entry);
}

function nothingBefore(library: Library, place: Place, name: string): void {
  addProblem(place.problems, placeOf(place), {
    severity: "error",
    code: "detect/nothing-to-override",
    message: `there is no rule ${JSON.stringify(name)} before it to change`,
    hint: didYouMean(name, [...library.rules.keys()]) || elsewhere,
  });
}

function addRule(
  library: Library,
  place: Place,
  {
    name,
    parts,
    isWhole,
    entry,
  }: { readonly name: string; readonly parts: RuleParts; readonly isWhole: boolean; readonly entry: Mapping },
): void {
  const missing = (["condition", "output", "priority"] as const).filter((key) => isAbsent(entry[key]));
  for (const key of missing) wrong(place, key, `a rule needs ${key === "output" ? "an" : "a"} ${key}`);
  if (!isWhole || missing.length > 0) {
    library.refused.push(itemOf(place, name, parts));
    return;
  }
  if (library.rules.size >= ruleLimits.rulesMax && !library.rules.has(name))
    return wrong(place, "rule", `more than rulesMax = ${ruleLimits.rulesMax} rules`);
  // A later rule of the same name keeps the first one's place in the order.
  library.rules.set(name, itemOf(place, name, parts));
}

function itemOf(place: Place, name: string, parts: RuleParts): RuleItem {
  return {
    name,
    place: placeOf(place),
    format: "falco",
    condition: parts.condition ?? "",
    output: parts.output ?? "",
    description: parts.desc ?? "",
    priority: parts.priority ?? "notice",
    source: parts.source ?? "syscall",
    isEnabled: parts.isEnabled ?? true,
    tags: parts.tags ?? [],
    exceptions: parts.exceptions ?? [],
    skipsUnknown: parts.skipsUnknown ?? false,
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

interface RuleParts {
  condition?: string | undefined;
  output?: string | undefined;
  desc?: string | undefined;
  priority?: Priority | undefined;
  source?: RuleSource | undefined;
  isEnabled?: boolean | undefined;
  tags?: readonly string[] | undefined;
  exceptions?: readonly ExceptionItem[] | undefined;
  skipsUnknown?: boolean | undefined;
}

/** Not whole: something is wrong, and problems say all of it. */
function readParts(place: Place, entry: Mapping): { readonly parts: RuleParts; readonly isWhole: boolean } {
  const parts: RuleParts = {};
  let isWhole = true;
  for (const [key, read] of Object.entries(readers)) {
    if (isAbsent(entry[key])) continue;
    const problem = read(parts, entry[key]);
    if (problem === undefined) continue;
    addProblem(place.problems, placeOf(place, key), { severity: "error", code: "detect/bad-value", ...problem });
    isWhole = false;
  }
  return { parts, isWhole };
}

type Wrong = { readonly message: string; readonly hint?: string };

const readers: Readonly<Record<string, (parts: RuleParts, value: unknown) => Wrong | undefined>> = {
  condition: (parts, value) => setText(parts, "condition", value),
  output: (parts, value) => setText(parts, "output", value),
  desc: (parts, value) => setText(parts, "desc", value),
  priority(parts, value) {
    const text = (textOf(value) ?? "").toLowerCase();
    // As in Falco the beginning of the word is enough: WARN, CRIT, INFO.
    parts.priority = text === "" ? undefined : priorities.find((one) => one.startsWith(text));
    if (parts.priority !== undefined) return undefined;
    return {
      message: `${JSON.stringify(text)} is no priority`,
      hint: didYouMean(text, priorities) || priorities.join(", "),
    };
  },
  source(parts, value) {
    const text = textOf(value) ?? "";
    parts.source = ruleSources.find((one) => one === text);
    if (parts.source !== undefined) return undefined;
    return {
      message: `the source ${JSON.stringify(text)} is not known`,
      hint: didYouMean(text, ruleSources) || `known are: ${ruleSources.join(", ")}`,
    };
  },
  enabled(parts, value) {
    parts.isEnabled = booleanOf(value);
    return parts.isEnabled === undefined ? { message: "`enabled` is true or false" } : undefined;
  },
  tags(parts, value) {
    parts.tags = textsOf(value);
    return parts.tags === undefined ? { message: "`tags` must be a list of texts" } : undefined;
  },
  "skip-if-unknown-filter"(parts, value) {
    parts.skipsUnknown = booleanOf(value);
    return parts.skipsUnknown === undefined ? { message: "`skip-if-unknown-filter` is true or false" } : undefined;
  },
  exceptions: readExceptions,
};

function setText(parts: RuleParts, key: "condition" | "output" | "desc", value: unknown): Wrong | undefined {
  const text = textOf(value)?.trim();
  if (text === undefined || (text === "" && key !== "desc")) return { message: `\`${key}\` must be a text` };
  parts[key] = text;
  return undefined;
}

function readExceptions(parts: RuleParts, value: unknown): Wrong | undefined {
  const read = readExceptionList(value);
  if (typeof read === "string") return { message: read };
  parts.exceptions = read;
  return undefined;
}

type Change = (rule: RuleItem, parts: RuleParts, way: OverrideWay) => void;

const changers: Readonly<Record<string, Change>> = {
  condition: (rule, parts, way) => {
    rule.condition = way === "append" ? `${rule.condition} ${parts.condition ?? ""}` : (parts.condition ?? "");
  },
  output: (rule, parts, way) => {
    rule.output = way === "append" ? `${rule.output} ${parts.output ?? ""}` : (parts.output ?? "");
  },
  desc: (rule, parts, way) => {
    rule.description = way === "append" ? `${rule.description} ${parts.desc ?? ""}` : (parts.desc ?? "");
  },
  tags: (rule, parts, way) => {
    rule.tags = way === "append" ? [...new Set([...rule.tags, ...(parts.tags ?? [])])] : (parts.tags ?? []);
  },
  priority: (rule, parts) => {
    rule.priority = parts.priority ?? rule.priority;
  },
  enabled: (rule, parts) => {
    rule.isEnabled = parts.isEnabled ?? rule.isEnabled;
  },
  "skip-if-unknown-filter": (rule, parts) => {
    rule.skipsUnknown = parts.skipsUnknown ?? rule.skipsUnknown;
  },
  exceptions: (rule, parts, way) => {
    rule.exceptions = way === "append" ? appended(rule.exceptions, parts.exceptions ?? []) : (parts.exceptions ?? []);
  },
};

/** Values join those of the exception of the same name; a new name is a new exception. */
function appended(before: readonly ExceptionItem[], added: readonly ExceptionItem[]): readonly ExceptionItem[] {
  const result = before.map((one) => ({ ...one }));
  for (const one of added) {
    const same = result.find(({ name }) => name === one.name);
    if (same === undefined) result.push(one);
    else same.values = [...same.values, ...one.values];
  }
  return result;
}

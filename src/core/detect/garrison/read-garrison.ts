// A GarrisonRule document -> its parts, checked: Falco's conditions, with a memory between them.
import { parseDurationMs } from "../../../base/instant.ts";
import { severities } from "../../../model/runtime-words.ts";
import { priorities, type Priority, type RuleDocument, type RuleFile, type RuleSource } from "../contract.ts";
import { groupings, type Grouping } from "../engine/program.ts";
import type { ExceptionItem } from "../falco/items.ts";
import { readExceptionList } from "../falco/read-exceptions.ts";
import { ruleSources } from "../falco/read-rule.ts";
import { ruleLimits } from "../limits.ts";
import { addProblem, didYouMean, type ItemPlace, type Problems } from "../problems.ts";
import {
  booleanOf,
  isMapping,
  placeOf,
  refuseUnknownKeys,
  textOf,
  textsOf,
  wrong,
  type Mapping,
  type Place,
} from "../read-value.ts";
import type { Severity } from "../words.ts";
import { garrisonKeys, ruleForms } from "./schema.ts";

export interface StepText {
  readonly name: string;
  readonly condition: string;
  readonly bind: Readonly<Record<string, string>>;
}

export type FormText =
  | { readonly kind: "condition"; readonly condition: string }
  | { readonly kind: "sequence"; readonly by: Grouping; readonly withinMs: number; readonly steps: readonly StepText[] }
  | {
      readonly kind: "threshold";
      readonly condition: string;
      readonly count: number;
      readonly withinMs: number;
      readonly by: Grouping;
      readonly fields: readonly string[];
      readonly distinct: string | undefined;
    }
  | {
      readonly kind: "absence";
      readonly after: string;
      readonly without: string;
      readonly withinMs: number;
      readonly by: Grouping;
      readonly fields: readonly string[];
    }
  | {
      readonly kind: "baseline";
      readonly condition: string;
      readonly by: Grouping;
      readonly fields: readonly string[];
      readonly learnMs: number;
    };

export interface GarrisonItem {
  readonly name: string;
  readonly place: ItemPlace;
  readonly description: string;
  readonly severity: Severity | undefined;
  readonly priority: Priority | undefined;
  readonly source: RuleSource;
  readonly isEnabled: boolean;
  readonly tags: readonly string[];
  readonly output: string;
  readonly macros: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly exceptions: readonly ExceptionItem[];
  readonly form: FormText;
  /** A problem said why; its texts may hold more that is wrong. */
  readonly isRefused: boolean;
}

/** Undefined: refused, and a problem says why; so does `isRefused`, with texts that can be looked at. */
export function readGarrison(file: RuleFile, document: RuleDocument, problems: Problems): GarrisonItem | undefined {
  const value = document.value as Mapping;
  const metadata = isMapping(value["metadata"]) ? value["metadata"] : {};
  const name = textOf(metadata["name"]) ?? "";
  const item = { file: file.name, line: document.line, item: name };
  const top: Place = { document, problems, item, path: [] };
  if (value["kind"] !== "GarrisonRule") {
    addProblem(problems, placeOf(top, "kind"), {
      severity: "error",
      code: "detect/unknown-format",
      message: `the kind is ${JSON.stringify(value["kind"] ?? null)}, not GarrisonRule`,
      hint: didYouMean(textOf(value["kind"]) ?? "", ["GarrisonRule"]),
    });
    return undefined;
  }
  const spec = value["spec"];
  const place: Place = { ...top, path: ["spec"] };
  if (value["apiVersion"] !== "garrison/v1") return wrong(top, "apiVersion", "apiVersion must be garrison/v1");
  if (name === "" || name.length > 253)
    return wrong(top, "metadata", "metadata.name is missing, or has more than 253 characters");
  if (!isMapping(spec)) return wrong(top, "spec", "spec must be a mapping");
  const isClean = [
    refuseUnknownKeys(top, value, garrisonKeys.top, "error"),
    refuseUnknownKeys({ ...top, path: ["metadata"] }, metadata, garrisonKeys.metadata, "error"),
    refuseUnknownKeys(place, spec, garrisonKeys.spec, "error"),
  ].every(Boolean);
  const read = readSpec(place, name, spec);
  return read === undefined || isClean ? read : { ...read, isRefused: true };
}

function readSpec(place: Place, name: string, spec: Mapping): GarrisonItem | undefined {
  const forms = ruleForms.filter((form) => form in spec);
  const [form] = forms;
  if (form === undefined || forms.length > 1)
    return wrong(
      place,
      forms[1] ?? "description",
      `a rule has exactly one of ${ruleForms.join(", ")}; this one has ${forms.length}`,
    );
  const text =
    form === "condition" ? readCondition(place, spec) : readForm({ ...place, path: ["spec", form] }, form, spec[form]);
  const head = readHead(place, spec);
  if (text === undefined) return undefined;
  return { name, place: placeOf(place), form: text, ...head };
}

function readCondition(place: Place, spec: Mapping): FormText | undefined {
  const condition = textOf(spec["condition"]);
  return condition === undefined
    ? wrong(place, "condition", "`condition` must be a text")
    : { kind: "condition", condition };
}

type Head = Omit<GarrisonItem, "name" | "place" | "form">;

/** Everything that is wrong is told; what stands in its place is empty. */
function readHead(place: Place, spec: Mapping): Head {
  const severity = chosen(place, { key: "severity", value: spec["severity"], known: severities });
  const priority = chosen(place, {
    key: "priority",
    value: textOf(spec["priority"])?.toLowerCase(),
    known: priorities,
  });
  const source = chosen(place, { key: "source", value: spec["source"] ?? "syscall", known: ruleSources });
  const output = textOf(spec["output"]);
  const isEnabled = booleanOf(spec["enabled"] ?? true);
  const tags = textsOf(spec["tags"] ?? []);
  const techniques = textsOf(spec["techniques"] ?? []);
  const macros = textMap(spec["macros"] ?? {}, textOf);
  const lists = textMap(spec["lists"] ?? {}, textsOf);
  const exceptions = readExceptionList(spec["exceptions"] ?? []);
  const faults: readonly (readonly [isWrong: boolean, key: string, message: string])[] = [
    [
      output === undefined || output.length > ruleLimits.outputCharactersMax,
      "output",
      `a rule needs an output of at most ${ruleLimits.outputCharactersMax} characters`,
    ],
    [isEnabled === undefined, "enabled", "`enabled` is true or false"],
    [tags === undefined, "tags", "`tags` must be a list of texts"],
    [
      techniques === undefined || !techniques.every((one) => /^T\d{4}(\.\d{3})?$/.test(one)),
      "techniques",
      '`techniques` is a list of ATT&CK ids: ["T1059.004"]',
    ],
    [macros === undefined, "macros", "`macros` maps names to conditions"],
    [lists === undefined, "lists", "`lists` maps names to lists of texts"],
    [typeof exceptions === "string", "exceptions", typeof exceptions === "string" ? exceptions : ""],
  ];
  const found = faults.filter(([isWrong]) => isWrong);
  for (const [, key, message] of found) wrong(place, key, message);
  const isBad = [severity, priority, source].includes("wrong");
  return {
    severity: severity === "wrong" ? undefined : severity,
    priority: priority === "wrong" ? undefined : priority,
    source: source === "wrong" || source === undefined ? "syscall" : source,
    output: (output ?? "").slice(0, ruleLimits.outputCharactersMax),
    isEnabled: isEnabled ?? true,
    tags: [...(tags ?? []), ...(techniques ?? [])],
    macros: macros ?? new Map(),
    lists: lists ?? new Map(),
    exceptions: typeof exceptions === "string" ? [] : exceptions,
    isRefused: isBad || found.length > 0,
    description: textOf(spec["description"]) ?? "",
  };
}

function chosen<T extends string>(
  place: Place,
  { key, value, known }: { readonly key: string; readonly value: unknown; readonly known: readonly T[] },
): T | "wrong" | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  addProblem(place.problems, placeOf(place, key), {
    severity: "error",
    code: "detect/bad-value",
    message: `${key} cannot be ${JSON.stringify(value)}`,
    hint: didYouMean(textOf(value) ?? "", known) || `known are: ${known.join(", ")}`,
  });
  return "wrong";
}

function textMap<T>(value: unknown, read: (one: unknown) => T | undefined): ReadonlyMap<string, T> | undefined {
  if (!isMapping(value)) return undefined;
  const map = new Map<string, T>();
  for (const [key, one] of Object.entries(value)) {
    const text = read(one);
    if (text === undefined) return undefined;
    map.set(key, text);
  }
  return map;
}

function readForm(
  place: Place,
  form: Exclude<(typeof ruleForms)[number], "condition">,
  value: unknown,
): FormText | undefined {
  if (!isMapping(value)) return wrong(place, "", `\`${form}\` must be a mapping`);
  const isClean = refuseUnknownKeys(place, value, garrisonKeys[form], "error");
  const by = chosen(place, { key: "by", value: value["by"] ?? "process", known: groupings });
  const fields = textsOf(value["fields"] ?? []);
  const isFew = fields !== undefined && fields.length <= ruleLimits.groupFieldsMax;
  if (!isFew) wrong(place, "fields", `\`fields\` is a list of at most ${ruleLimits.groupFieldsMax} fields`);
  const withinMs =
    form === "baseline"
      ? duration(place, "learn", value["learn"] ?? "24h")
      : duration(place, "within", value["within"]);
  if (!isClean || by === "wrong" || by === undefined || !isFew || withinMs === undefined) return undefined;
  const shape = { place, value, by, fields, withinMs };
  switch (form) {
    case "sequence":
      return readSequence(shape);
    case "threshold":
      return readThreshold(shape);
    case "absence": {
      const after = textOf(value["after"]);
      const without = textOf(value["without"]);
      if (after === undefined || without === undefined)
        return wrong(place, "after", "an absence needs the conditions `after` and `without`");
      return { kind: "absence", after, without, withinMs, by, fields };
    }
    case "baseline": {
      const condition = textOf(value["condition"]);
      if (condition === undefined || fields.length === 0)
        return wrong(place, "condition", "a baseline needs a `condition` and `fields` whose values it learns");
      return { kind: "baseline", condition, by, fields, learnMs: withinMs };
    }
  }
}

interface Shape {
  readonly place: Place;
  readonly value: Mapping;
  readonly by: Grouping;
  readonly fields: readonly string[];
  readonly withinMs: number;
}

function readThreshold({ place, value, by, fields, withinMs }: Shape): FormText | undefined {
  const condition = textOf(value["condition"]);
  const count = value["count"];
  const distinct = textOf(value["distinct"]);
  if (condition === undefined) return wrong(place, "condition", "a threshold needs a `condition`");
  if (typeof count !== "number" || !Number.isInteger(count) || count < 2 || count > 100_000)
    return wrong(place, "count", "`count` is a whole number from 2 to 100000");
  return { kind: "threshold", condition, count, withinMs, by, fields, distinct };
}

function readSequence({ place, value, by, withinMs }: Shape): FormText | undefined {
  const given = value["steps"];
  if (!Array.isArray(given) || given.length < 2 || given.length > ruleLimits.stepsMax)
    return wrong(place, "steps", `a sequence has 2 to ${ruleLimits.stepsMax} steps`);
  const steps: StepText[] = [];
  for (const [index, step] of given.entries()) {
    const at: Place = { ...place, path: [...place.path, "steps", index] };
    if (!isMapping(step)) return wrong(at, "", "a step is a mapping with a condition");
    if (!refuseUnknownKeys(at, step, garrisonKeys.step, "error")) return undefined;
    const condition = textOf(step["condition"]);
    const bind = textMap(step["bind"] ?? {}, textOf);
    if (condition === undefined) return wrong(at, "condition", "a step needs a `condition`");
    if (bind === undefined) return wrong(at, "bind", "`bind` maps names to fields");
    steps.push({ name: textOf(step["name"]) ?? String(index + 1), condition, bind: Object.fromEntries(bind) });
  }
  return { kind: "sequence", by, withinMs, steps };
}

function duration(place: Place, key: string, value: unknown): number | undefined {
  const ms = parseDurationMs(textOf(value) ?? "");
  if (ms !== undefined && ms > 0 && ms <= ruleLimits.withinMsMax) return ms;
  return wrong(place, key, `\`${key}\` is a time of at most 7d: "5m", "30s"`);
}

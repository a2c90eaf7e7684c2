// ctl actions: `ctl:ruleRemoveTargetById=942100-942199;ARGS:q`. Exactly what the engine honours; the rest is refused or told to have no effect.
import { partsOf, trimBlanks } from "./blanks.ts";
import { nameFlaw } from "./expressions.ts";
import { seclangLimits } from "./limits.ts";
import { parseVariables } from "./parse-variables.ts";
import { hintFor } from "./problems.ts";
import type { ControlAction, IdRange, RuleVariable } from "./rule-set.ts";

/** A text is why the action is refused; with `isIgnored` it goes on without it. */
export type ParsedControl =
  | { readonly control: ControlAction }
  | { readonly message: string; readonly hint: string; readonly isIgnored: boolean };

const names = [
  "auditEngine",
  "auditLogParts",
  "forceRequestBodyVariable",
  "requestBodyAccess",
  "requestBodyProcessor",
  "responseBodyAccess",
  "ruleEngine",
  "ruleRemoveById",
  "ruleRemoveByMsg",
  "ruleRemoveByTag",
  "ruleRemoveTargetById",
  "ruleRemoveTargetByMsg",
  "ruleRemoveTargetByTag",
] as const;
type ControlName = (typeof names)[number];

const byLowerName: ReadonlyMap<string, ControlName> = new Map(names.map((name) => [name.toLowerCase(), name]));

const ignored: ReadonlyMap<string, string> = new Map([
  ["debugloglevel", "what is logged is the gateway's setting"],
  ["forceresponsebodyvariable", "response bodies are there whenever their type is looked at"],
  ["responsebodyprocessor", "response bodies are not parsed"],
]);

const processors: ReadonlyMap<string, "URLENCODED" | "MULTIPART" | "JSON" | "XML"> = new Map([
  ["URLENCODED", "URLENCODED"],
  ["MULTIPART", "MULTIPART"],
  ["JSON", "JSON"],
  ["XML", "XML"],
]);

/** `text` is what stands after "ctl:". */
export function parseControl(text: string): ParsedControl {
  const equals = text.indexOf("=");
  const written = trimBlanks(equals < 0 ? text : text.slice(0, equals));
  const value = equals < 0 ? "" : trimBlanks(text.slice(equals + 1));
  const name = byLowerName.get(written.toLowerCase());
  if (name !== undefined) return controlOf(name, value);
  const because = ignored.get(written.toLowerCase());
  if (because !== undefined) return { message: `ctl:${written} has no effect`, hint: because, isIgnored: true };
  return refuse(`there is no ctl:${written}`, hintFor(written, names, `known are ${names.join(", ")}`));
}

function controlOf(kind: ControlName, value: string): ParsedControl {
  switch (kind) {
    case "ruleEngine": {
      const mode = { on: "on", off: "off", detectiononly: "detectionOnly" } as const;
      const found = Object.hasOwn(mode, value.toLowerCase())
        ? mode[value.toLowerCase() as keyof typeof mode]
        : undefined;
      if (found === undefined) return refuse(`ctl:ruleEngine cannot be ${value}`, "On, Off or DetectionOnly");
      return { control: { kind, value: found } };
    }
    case "auditEngine":
      if (!/^(?:on|off|relevantonly)$/i.test(value))
        return refuse(`ctl:auditEngine cannot be ${value}`, "On, Off or RelevantOnly");
      return { control: { kind, value } };
    case "auditLogParts":
      if (value === "") return refuse(`ctl:${kind} needs a value`, `write ctl:${kind}=...`);
      return { control: { kind, value } };
    case "requestBodyAccess":
    case "responseBodyAccess":
    case "forceRequestBodyVariable": {
      const lower = value.toLowerCase();
      if (lower !== "on" && lower !== "off") return refuse(`ctl:${kind} cannot be ${value}`, "On or Off");
      return { control: { kind, value: lower === "on" } };
    }
    case "requestBodyProcessor": {
      const processor = value === "" ? "" : processors.get(value.toUpperCase());
      if (processor === undefined)
        return refuse(`there is no body processor ${value}`, [...processors.keys()].join(", "));
      return { control: { kind, value: processor } };
    }
    case "ruleRemoveById": {
      const ranges = parseIdRanges(value);
      if (typeof ranges === "string") return refuse(ranges, "write ctl:ruleRemoveById=942100 or =942100-942199");
      return { control: { kind, ranges } };
    }
    case "ruleRemoveByTag":
    case "ruleRemoveByMsg": {
      if (value === "") return refuse(`ctl:${kind} needs a value`, `write ctl:${kind}=...`);
      const flaw = nameFlaw(value);
      return flaw === undefined ? { control: { kind, pattern: value } } : refuse(flaw, "mend the expression");
    }
    case "ruleRemoveTargetById":
    case "ruleRemoveTargetByTag":
    case "ruleRemoveTargetByMsg":
      return removeTarget(kind, value);
  }
}

function removeTarget(
  kind: "ruleRemoveTargetById" | "ruleRemoveTargetByTag" | "ruleRemoveTargetByMsg",
  value: string,
): ParsedControl {
  const semicolon = value.indexOf(";");
  if (semicolon < 0) return refuse(`ctl:${kind} needs a target`, `write ctl:${kind}=...;ARGS:name`);
  const which = trimBlanks(value.slice(0, semicolon));
  const parsed = parseVariables(value.slice(semicolon + 1));
  if (parsed.complaint !== undefined) return refuse(parsed.complaint.message, parsed.complaint.hint);
  const targets = parsed.variables.map((variable): RuleVariable => ({
    ...variable,
    isExcluded: false,
    isCount: false,
  }));
  if (kind !== "ruleRemoveTargetById") {
    if (which === "") return refuse(`ctl:${kind} names no rules`, `write ctl:${kind}=name;ARGS:name`);
    const flaw = nameFlaw(which);
    if (flaw !== undefined) return refuse(flaw, "mend the expression");
    return { control: { kind, pattern: which, targets } };
  }
  const ranges = parseIdRanges(which);
  if (typeof ranges === "string") return refuse(ranges, "write ctl:ruleRemoveTargetById=942100;ARGS:name");
  return { control: { kind, ranges, targets } };
}

/** "942100", "942100-942199", several parted by blanks or commas, in quotes or not. A text says what is wrong. */
export function parseIdRanges(text: string): readonly IdRange[] | string {
  const ranges: IdRange[] = [];
  for (const part of partsOf(text.replaceAll(/[",']/g, " "))) {
    const found = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(part);
    if (found === null) return `${part} is no rule id and no range of ids`;
    const from = Number(found[1]);
    const to = found[2] === undefined ? from : Number(found[2]);
    if (to < from || to > seclangLimits.idMax) return `the range ${part} is empty`;
    ranges.push({ from, to });
  }
  return ranges.length === 0 ? "a rule id is missing" : ranges;
}

function refuse(message: string, hint: string): ParsedControl {
  return { message, hint, isIgnored: false };
}

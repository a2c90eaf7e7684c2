// From an action list to an action set. One line per action in the table; what is not there is refused with the nearest known name.
import { emptyActionSet } from "./action-set.ts";
import type { ActionSet } from "./action-set.ts";
import { trimBlanks } from "./blanks.ts";
import { keptCollections, writableCollections } from "./known-variables.ts";
import { knownTransformations, transformationAliases, transformationNames } from "./known-operators.ts";
import type { Argument } from "./lex.ts";
import { seclangLimits } from "./limits.ts";
import { parseMacroText } from "./macro.ts";
import { parseControl } from "./parse-control.ts";
import { hintFor } from "./problems.ts";
import type { SourcePosition, WafProblem } from "../position.ts";
import type { DisruptiveAction, Phase, VariableAssignment } from "./rule-set.ts";
import { splitActions } from "./split-actions.ts";

/** Why an action is refused. With `severity` it is taken, or left out, and told. */
interface Objection {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly severity?: "warning" | "note";
}

interface Action {
  readonly name: string;
  readonly value: string;
  readonly position: SourcePosition;
}

type Apply = (set: ActionSet, action: Action) => Objection | undefined;

export interface ParsedActions {
  readonly set: ActionSet;
  /** One of severity error among them: the rule is refused. */
  readonly problems: readonly WafProblem[];
}

/** The argument is the list as the file has it. */
export function parseActions(argument: Argument): ParsedActions {
  const set = emptyActionSet();
  const problems: WafProblem[] = [];
  const split = splitActions(argument.text);
  if (split.complaint !== undefined) {
    const { index, ...complaint } = split.complaint;
    return { set, problems: [{ severity: "error", ...complaint, position: argument.positionAt(index) }] };
  }
  for (const raw of split.actions) {
    const position = argument.positionAt(raw.index);
    const objection = applyAction(set, raw.name, raw.value, position);
    if (objection === undefined) continue;
    const { severity = "error", ...rest } = objection;
    problems.push({ severity, ...rest, position });
  }
  return { set, problems };
}

function applyAction(
  set: ActionSet,
  name: string,
  value: string | undefined,
  position: SourcePosition,
): Objection | undefined {
  const flag = flags.get(name);
  if (flag !== undefined) return flag(set, { name, value: value ?? "", position });
  const valued = valuedActions.get(name);
  if (valued === undefined) return unknownAction(name);
  if (value === undefined || (value === "" && !mayBeEmpty.has(name))) {
    return { code: "waf/bad-action", message: `${name} needs a value`, hint: `write ${name}:...` };
  }
  return valued(set, { name, value, position });
}

const mayBeEmpty: ReadonlySet<string> = new Set(["accuracy", "logdata", "maturity", "msg", "rev", "tag", "ver"]);

const refused: ReadonlyMap<string, string> = new Map([
  ["append", "bodies are not rewritten"],
  ["exec", "rules start no programs"],
  ["pause", "a rule that waits would hold a worker"],
  ["prepend", "bodies are not rewritten"],
  ["proxy", "where a request goes is the gateway's setting"],
]);

function unknownAction(name: string): Objection {
  const because = refused.get(name);
  if (because !== undefined)
    return { code: "waf/unsupported-action", message: `${name} is not supported`, hint: because };
  const hint = hintFor(name, actionNames, "see the reference for names of actions");
  return { code: "waf/unknown-action", message: `there is no action ${name}`, hint };
}

function disruptive(kind: DisruptiveAction): Apply {
  return (set, { position }) => {
    set.disruptive = { value: kind, position };
    return undefined;
  };
}

function allow(set: ActionSet, { value, position }: Action): Objection | undefined {
  const kinds = { "": "allow", phase: "allow:phase", request: "allow:request" } as const;
  const kind = Object.entries(kinds).find(([name]) => name === value.toLowerCase())?.[1];
  if (kind === undefined)
    return { code: "waf/bad-action", message: `allow cannot be ${value}`, hint: "allow, allow:phase or allow:request" };
  set.disruptive = { value: kind, position };
  return undefined;
}

/** Actions that may stand without a value. */
const flags: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ["allow", allow],
  ["auditlog", (set) => void (set.isAudited = true)],
  ["block", disruptive("block")],
  ["capture", (set) => void (set.isCapture = true)],
  ["chain", (set) => void (set.isChain = true)],
  ["deny", disruptive("deny")],
  ["drop", disruptive("drop")],
  [
    "log",
    (set) => {
      set.isLogged = true;
      set.isAudited ??= true;
      return undefined;
    },
  ],
  ["multimatch", (set) => void (set.isMultiMatch = true)],
  ["noauditlog", (set) => void (set.isAudited = false)],
  [
    "nolog",
    (set) => {
      set.isLogged = false;
      set.isAudited ??= false;
      return undefined;
    },
  ],
  ["pass", disruptive("pass")],
]);

const valuedActions: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ["accuracy", (set, action) => rating(action) ?? void (set.accuracy = action.value)],
  ["ctl", control],
  ["deprecatevar", (_, { name }) => ignoredAction(name, "values go away by expirevar only")],
  ["expirevar", expiration],
  ["id", ruleId],
  ["initcol", collection],
  ["logdata", (set, { value }) => void (set.logData = parseMacroText(value))],
  ["maturity", (set, action) => rating(action) ?? void (set.maturity = action.value)],
  ["msg", (set, { value }) => void (set.message = parseMacroText(value))],
  ["phase", phase],
  [
    "redirect",
    (set, { value, position }) => {
      set.disruptive = { value: "redirect", position };
      set.redirect = parseMacroText(value);
      return undefined;
    },
  ],
  ["rev", (set, { value }) => void (set.revision = value)],
  ...["sanitisearg", "sanitisematched", "sanitisematchedbytes", "sanitiserequestheader", "sanitiseresponseheader"].map(
    (name) => [name, (_: ActionSet, action: Action) => ignoredAction(action.name, "reports redact secrets")] as const,
  ),
  ["setenv", environment],
  ["setrsc", (set, action) => keep(set, "RESOURCE", action)],
  ["setsid", (set, action) => keep(set, "SESSION", action)],
  ["setuid", (set, action) => keep(set, "USER", action)],
  ["setvar", assignment],
  ["severity", severity],
  ["skip", skip],
  ["skipafter", (set, { value, position }) => void (set.skipAfter = { value, position })],
  ["status", status],
  ["t", transformation],
  ["tag", (set, { value }) => void set.tags.push(value)],
  ["ver", (set, { value }) => void (set.version = value)],
  ["xmlns", namespace],
]);

const actionNames: readonly string[] = [...flags.keys(), ...valuedActions.keys()];

function ignoredAction(name: string, hint: string): Objection {
  return { code: "waf/no-effect", message: `${name} has no effect`, hint, severity: "note" };
}

/** Accuracy and maturity are marks from 1 to 9. */
function rating({ name, value }: Action): Objection | undefined {
  if (value === "" || /^\d{1,2}$/.test(value)) return undefined;
  return { code: "waf/bad-action", message: `${name} cannot be ${value}`, hint: "a whole number, 1 to 9" };
}

function namespace(_: ActionSet, { name, value }: Action): Objection | undefined {
  if (/^[^=]+=./.test(value)) return ignoredAction(name, "XPaths are taken without name spaces");
  return { code: "waf/bad-action", message: `xmlns cannot be ${value}`, hint: "write xmlns:prefix=uri" };
}

function ruleId(set: ActionSet, { value, position }: Action): Objection | undefined {
  const id = /^\d{1,12}$/.test(value) ? Number(value) : 0;
  if (id < 1 || id > seclangLimits.idMax) {
    const hint = `an id is a whole number from 1 to ${seclangLimits.idMax}`;
    return { code: "waf/bad-id", message: `${value} is no rule id`, hint };
  }
  set.id = { value: id, position };
  return undefined;
}

const phaseWords: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ["1", 1],
  ["2", 2],
  ["3", 3],
  ["4", 4],
  ["5", 5],
  ["request", 2],
  ["response", 4],
  ["logging", 5],
]);

function phase(set: ActionSet, { value, position }: Action): Objection | undefined {
  const found = phaseWords.get(value.toLowerCase());
  if (found === undefined)
    return {
      code: "waf/bad-phase",
      message: `there is no phase ${value}`,
      hint: "1 to 5, request, response or logging",
    };
  set.phase = { value: found, position };
  return undefined;
}

const severityWords = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"] as const;

function severity(set: ActionSet, { value }: Action): Objection | undefined {
  const word = severityWords.findIndex((each) => each === value.toUpperCase());
  const found = /^[0-7]$/.test(value) ? Number(value) : word;
  if (found < 0) {
    const hint = hintFor(value.toUpperCase(), severityWords, `0 to 7, or ${severityWords.join(", ")}`);
    return { code: "waf/bad-severity", message: `there is no severity ${value}`, hint };
  }
  set.severity = found;
  return undefined;
}

function status(set: ActionSet, { value }: Action): Objection | undefined {
  const found = /^[1-5]\d\d$/.test(value) ? Number(value) : 0;
  if (found === 0) return { code: "waf/bad-status", message: `${value} is no HTTP status`, hint: "write status:403" };
  set.status = found;
  return undefined;
}

function skip(set: ActionSet, { value, position }: Action): Objection | undefined {
  const found = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (found === 0) return { code: "waf/bad-skip", message: `skip cannot be ${value}`, hint: "write skip:1" };
  set.skip = { value: found, position };
  return undefined;
}

function transformation(set: ActionSet, { value }: Action): Objection | undefined {
  const lower = value.toLowerCase();
  const name = transformationAliases.get(lower) ?? lower;
  if (!knownTransformations.has(name)) {
    const hint = hintFor(value, transformationNames, "see the reference for names of transformations");
    return { code: "waf/unknown-transformation", message: `there is no transformation ${value}`, hint };
  }
  set.transformations.push(name);
  if (name === lower) return undefined;
  const hint = `write t:${transformationNames.find((each) => each.toLowerCase() === name) ?? name}`;
  return { code: "waf/deprecated", message: `t:${value} is an old spelling`, hint, severity: "note" };
}

function control(set: ActionSet, { value, position }: Action): Objection | undefined {
  const parsed = parseControl(value);
  if ("control" in parsed) {
    set.controls.push({ value: parsed.control, position });
    return undefined;
  }
  const { message, hint } = parsed;
  return parsed.isIgnored
    ? { code: "waf/no-effect", message, hint, severity: "note" }
    : { code: "waf/bad-ctl", message, hint };
}

/** "tx.name" into its parts; undefined: it names no collection that rules may write. */
function namedVariable(text: string): { readonly collection: string; readonly key: string } | undefined {
  const found = /^([A-Za-z]+)[.:](.+)$/s.exec(text);
  const collection = (found?.[1] ?? "").toUpperCase();
  if (found === null || !writableCollections.has(collection)) return undefined;
  return { collection, key: (found[2] ?? "").toLowerCase() };
}

const notWritable = (value: string): Objection => ({
  code: "waf/bad-assignment",
  message: `${value} names no variable that a rule may set`,
  hint: `write collection.name; collections are ${[...writableCollections].join(", ")}`,
});

function assignment(set: ActionSet, { value, position }: Action): Objection | undefined {
  const text = trimBlanks(value);
  const isUnset = text.startsWith("!");
  const body = isUnset ? text.slice(1) : text;
  const equals = body.indexOf("=");
  const named = namedVariable(trimBlanks(equals < 0 ? body : body.slice(0, equals)));
  if (named === undefined) return notWritable(value);
  // The key keeps the case of its macros' names only; members are compared without case.
  const key = parseMacroText(named.key);
  const { collection: collectionName } = named;
  const change = isUnset ? "" : equals < 0 ? "1" : body.slice(equals + 1);
  const kind: VariableAssignment["change"] = isUnset
    ? "unset"
    : change.startsWith("+")
      ? "add"
      : change.startsWith("-")
        ? "subtract"
        : "set";
  const amount = kind === "add" || kind === "subtract" ? change.slice(1) : change;
  set.assignments.push({
    value: { collection: collectionName, key, change: kind, value: isUnset ? [] : parseMacroText(amount) },
    position,
  });
  return undefined;
}

function environment(set: ActionSet, { value, position }: Action): Objection | undefined {
  const equals = value.indexOf("=");
  const isUnset = value.startsWith("!");
  const name = trimBlanks(isUnset ? value.slice(1) : equals < 0 ? value : value.slice(0, equals)).toLowerCase();
  if (name === "") return notWritable(value);
  const text = isUnset ? [] : parseMacroText(equals < 0 ? "1" : value.slice(equals + 1));
  set.assignments.push({
    value: { collection: "ENV", key: parseMacroText(name), change: isUnset ? "unset" : "set", value: text },
    position,
  });
  return undefined;
}

function expiration(set: ActionSet, { value, position }: Action): Objection | undefined {
  const equals = value.indexOf("=");
  const named = equals < 0 ? undefined : namedVariable(trimBlanks(value.slice(0, equals)));
  if (named === undefined) return { ...notWritable(value), hint: "write expirevar:collection.name=seconds" };
  const seconds = parseMacroText(trimBlanks(value.slice(equals + 1)));
  set.expirations.push({
    value: { collection: named.collection, key: parseMacroText(named.key), seconds },
    position,
  });
  return undefined;
}

function collection(set: ActionSet, action: Action): Objection | undefined {
  const equals = action.value.indexOf("=");
  const name = trimBlanks(equals < 0 ? action.value : action.value.slice(0, equals)).toUpperCase();
  if (equals < 0 || !keptCollections.has(name)) {
    const hint = `write initcol:name=key; names are ${[...keptCollections].join(", ")}`;
    return { code: "waf/bad-initcol", message: `${action.value} names no collection`, hint };
  }
  return keep(set, name, { ...action, value: action.value.slice(equals + 1) });
}

function keep(set: ActionSet, name: string, { value, position }: Action): undefined {
  set.collections.push({ value: { collection: name, key: parseMacroText(trimBlanks(value)) }, position });
  return undefined;
}

// What a team's overlay may say: rules of its own, and exclusions from its own rules. Each refusal names the place and the way that is open instead.
// Thought through as somebody who wants the operator's rules out of the way: every action by which a rule acts on another rule is looked at here.
import type { SourcePosition, WafProblem } from "../position.ts";
import type { RuleDraft } from "./draft.ts";
import type { FloorFacts } from "./floor-facts.ts";
import { floorNames } from "./floor-facts.ts";
import { plainText } from "./macro.ts";
import { namePattern } from "./names-match.ts";
import type { ControlAction, VariableAssignment } from "./rule-set.ts";
import { aimText } from "./updates.ts";
import type { Aim } from "./updates.ts";

/** Directives that an overlay may hold, in lower case. */
export const overlayDirectives: ReadonlySet<string> = new Set([
  "include",
  "includeoptional",
  "secaction",
  "secmarker",
  "secrule",
  "secruleremovebyid",
  "secruleremovebymsg",
  "secruleremovebytag",
  "secruleupdateactionbyid",
  "secruleupdatetargetbyid",
  "secruleupdatetargetbymsg",
  "secruleupdatetargetbytag",
]);

const openWay = "exclusions from the operator's rules are data of the policy: spec.exclusions";

export function refusal(message: string, hint: string, position: SourcePosition, ruleId?: number): WafProblem {
  const problem = { severity: "error", code: "waf/overlay-refused", message, hint, position } as const;
  return ruleId === undefined ? problem : { ...problem, ruleId };
}

/** Names of markers of a layer are its own: no rule of the floor ever jumps to one. */
export function markerName(layer: string, name: string): string {
  return layer === "" ? name : `${layer}/${name}`;
}

/** Everything in a rule of an overlay that acts on what is not its own. None: it may be taken. `markersAfter`: names of markers of its layer that stand after it. */
export function overlayRefusals(
  draft: RuleDraft,
  facts: FloorFacts,
  markersAfter: ReadonlySet<string>,
): readonly WafProblem[] {
  const found: WafProblem[] = [];
  const refuse = (message: string, hint: string, position: SourcePosition): void => {
    found.push(refusal(message, hint, position, draft.id));
  };
  const [head] = draft.parts;
  if (head !== undefined && facts.ids.has(draft.id)) {
    const position = head.actions.id?.position ?? head.position;
    refuse(
      `${draft.id} is the id of a rule of the operator`,
      "use a number that the operator's rules do not",
      position,
    );
  }
  for (const { actions } of draft.parts) {
    const { disruptive, skip, skipAfter } = actions;
    // A jump to nowhere ends the phase, and with it the operator's evaluation.
    if (skipAfter !== undefined && !markersAfter.has(markerName(draft.layer, skipAfter.value)))
      refuse("skipAfter would leave the overlay", "add a SecMarker of that name after the rule", skipAfter.position);
    if (disruptive?.value.startsWith("allow") === true)
      refuse("allow would end the operator's rules too", openWay, disruptive.position);
    if (skip !== undefined) refuse("skip may leave the overlay", "write skipAfter and a marker", skip.position);
    for (const { value, position } of actions.collections)
      refuse(`initcol of ${value.collection} is the operator's`, "collections are shared by all policies", position);
    for (const { value, position } of actions.controls) {
      const because = controlRefusal(value, facts);
      if (because !== undefined) refuse(because.message, because.hint, position);
    }
    for (const { value, position } of actions.assignments) {
      const because = assignmentRefusal(value, facts);
      if (because !== undefined) refuse(because, "set names of your own; thresholds are spec.thresholds", position);
    }
    for (const { value, position } of actions.expirations) {
      const because = keyRefusal(value.collection, value.key, facts);
      if (because !== undefined) refuse(because, "let names of your own expire", position);
    }
  }
  return found;
}

interface Because {
  readonly message: string;
  readonly hint: string;
}

function controlRefusal(control: ControlAction, facts: FloorFacts): Because | undefined {
  switch (control.kind) {
    case "ruleEngine":
      return { message: "an overlay does not switch the engine", hint: "the mode is spec.mode" };
    case "auditEngine":
    case "auditLogParts":
      return {
        message: `ctl:${control.kind} is the operator's`,
        hint: "nolog keeps a rule of your own out of the events",
      };
    case "requestBodyAccess":
    case "requestBodyProcessor":
      return { message: `ctl:${control.kind} would change what the operator's rules see`, hint: openWay };
    case "responseBodyAccess":
      return { message: "ctl:responseBodyAccess is the operator's", hint: "write spec.responseBodies" };
    case "forceRequestBodyVariable":
      return control.value
        ? undefined
        : { message: "ctl:forceRequestBodyVariable=Off would hide the body from the operator's rules", hint: openWay };
    case "ruleRemoveById":
    case "ruleRemoveTargetById":
      return aimRefusal({ by: "id", ranges: control.ranges }, facts);
    case "ruleRemoveByTag":
    case "ruleRemoveTargetByTag":
      return aimRefusal({ by: "tag", pattern: namePattern(control.pattern) }, facts);
    case "ruleRemoveByMsg":
    case "ruleRemoveTargetByMsg":
      return aimRefusal({ by: "message", pattern: namePattern(control.pattern) }, facts);
  }
}

/** An update, removal or ctl that could reach one of the floor's rules is refused as a whole. */
export function aimRefusal(aim: Aim, facts: FloorFacts): Because | undefined {
  const whom = `${aimText(aim)} means rules of the operator`;
  switch (aim.by) {
    case "id": {
      const isReached = [...facts.ids].some((id) => aim.ranges.some(({ from, to }) => id >= from && id <= to));
      return isReached ? { message: whom, hint: openWay } : undefined;
    }
    case "tag":
      return isNamed(facts.tags, aim.pattern.text)
        ? { message: whom, hint: `name a tag of your own, in letters; ${openWay}` }
        : undefined;
    case "message":
      return isNamed(facts.messages, aim.pattern.text)
        ? { message: whom, hint: `name a message of your own, in letters; ${openWay}` }
        : undefined;
  }
}

/** Taken as widely as any engine might: a part of a name counts, and what is no plain text (an expression, a macro that a request fills in) is held to mean all. */
function isNamed(names: ReadonlySet<string>, text: string): boolean {
  const lower = text.toLowerCase();
  return !/^[a-z0-9_/ :-]+$/.test(lower) || [...names].some((name) => name.toLowerCase().includes(lower));
}

function assignmentRefusal(assignment: VariableAssignment, facts: FloorFacts): string | undefined {
  if (isScoring(assignment, facts)) return undefined;
  return keyRefusal(assignment.collection, assignment.key, facts);
}

function keyRefusal(collection: string, key: VariableAssignment["key"], facts: FloorFacts): string | undefined {
  if (collection !== "TX" && collection !== "ENV") return `${collection} is shared by all policies`;
  return floorNames(facts, collection, key);
}

const scoreName = /(?:^|_)score(?:_pl[1-4])?$/;
const pointsName = /^(?:critical|error|warning|notice)_anomaly_score$/;

/** Points on top of a score that the floor itself adds to. Never less, never an amount that a request chooses. */
function isScoring({ collection, key, change, value }: VariableAssignment, facts: FloorFacts): boolean {
  const name = plainText(key);
  if (collection !== "TX" || change !== "add" || name === undefined) return false;
  if (!scoreName.test(name) || pointsName.test(name)) return false;
  if (facts.names.get("TX")?.added.has(name) !== true) return false;
  const amount = plainText(value);
  if (amount !== undefined) return /^\d{1,4}$/.test(amount);
  const [only] = value;
  if (value.length !== 1 || only === undefined || "text" in only) return false;
  return only.collection === "TX" && pointsName.test(only.key) && facts.names.get("TX")?.exact.has(only.key) === true;
}

// SecRuleUpdate* and SecRuleRemove* lines, read to updates. Which rules they mean is found out when all rules are there.
import { partsOf, trimBlanks } from "./blanks.ts";
import { tell } from "./layer.ts";
import type { Layer, Objection, Shared } from "./layer.ts";
import type { Directive } from "./lex.ts";
import { seclangLimits } from "./limits.ts";
import { namePattern } from "./names-match.ts";
import { aimRefusal, refusal } from "./overlay.ts";
import { parseActions } from "./parse-actions.ts";
import { parseIdRanges } from "./parse-control.ts";
import { parseVariables } from "./parse-variables.ts";
import type { Aim, Update } from "./updates.ts";

export const updateDirectives: ReadonlySet<string> = new Set([
  "secruleremovebyid",
  "secruleremovebymsg",
  "secruleremovebytag",
  "secruleupdateactionbyid",
  "secruleupdatetargetbyid",
  "secruleupdatetargetbymsg",
  "secruleupdatetargetbytag",
]);

type Parsed = { readonly update: Update } | { readonly objection: Objection };

export function readUpdate(shared: Shared, layer: Layer, directive: Directive): void {
  const name = directive.name.toLowerCase();
  const parsed = name.startsWith("secruleremove")
    ? removal(layer, directive)
    : name === "secruleupdateactionbyid"
      ? actionUpdate(shared, layer, directive)
      : targetUpdate(layer, directive);
  if (parsed === undefined) return;
  if ("objection" in parsed) {
    tell(shared, "error", parsed.objection, { position: directive.position });
    return;
  }
  const because = layer.restrictedBy === undefined ? undefined : aimRefusal(parsed.update.aim, layer.restrictedBy);
  if (because !== undefined) {
    shared.problems.add(refusal(because.message, because.hint, directive.position));
    return;
  }
  if (shared.updates.length >= seclangLimits.updatesMax) {
    const message = `a rule set has at most ${seclangLimits.updatesMax} updates and removals`;
    tell(
      shared,
      "error",
      { code: "waf/too-many-updates", message, hint: "join ranges" },
      { position: directive.position },
    );
    return;
  }
  shared.updates.push(parsed.update);
}

/** The operator's lines reach every layer, a team's its own rules. */
function reach(layer: Layer): string {
  return layer.restrictedBy === undefined ? "" : layer.name;
}

/** By id, tag or message, as the directive's name ends. */
function aimOf(directive: Directive, text: string): Aim | string {
  const name = directive.name.toLowerCase();
  if (name.endsWith("bytag")) return { by: "tag", pattern: namePattern(text) };
  if (name.endsWith("bymsg")) return { by: "message", pattern: namePattern(text) };
  const ranges = parseIdRanges(text);
  return typeof ranges === "string" ? ranges : { by: "id", ranges };
}

function removal(layer: Layer, directive: Directive): Parsed {
  const isById = directive.name.toLowerCase().endsWith("byid");
  const text = isById
    ? directive.arguments.map((argument) => argument.text).join(" ")
    : (directive.arguments[0]?.text ?? "");
  if (text === "" || (!isById && directive.arguments.length !== 1))
    return wrong(directive, `write ${directive.name} ${isById ? "942100" : "name"}`);
  const aim = aimOf(directive, text);
  if (typeof aim === "string") return bad(aim);
  return { update: { kind: "remove", aim, position: directive.position, layer: reach(layer) } };
}

/** "942100:1" names the first link of a chain. */
function withLink(text: string): { readonly which: string; readonly link: number } {
  const found = /^(\s*\d+\s*):(\d{1,3})\s*$/.exec(text);
  return found === null ? { which: text, link: 0 } : { which: found[1] ?? "", link: Number(found[2]) };
}

function targetUpdate(layer: Layer, directive: Directive): Parsed {
  const [first, second, third, more] = directive.arguments;
  if (first === undefined || second === undefined || more !== undefined)
    return wrong(directive, `write ${directive.name} 942100 "!ARGS:name"`);
  const { which, link } = withLink(first.text);
  const aim = aimOf(directive, directive.name.toLowerCase().endsWith("byid") ? which : first.text);
  if (typeof aim === "string") return bad(aim);
  const put = parseVariables(second.text);
  if (put.complaint !== undefined) return { objection: put.complaint };
  const gone = third === undefined ? undefined : parseVariables(third.text);
  if (gone?.complaint !== undefined) return { objection: gone.complaint };
  const replaced = gone?.variables[0];
  const { position } = directive;
  return { update: { kind: "targets", aim, targets: put.variables, replaced, link, position, layer: reach(layer) } };
}

function actionUpdate(shared: Shared, layer: Layer, directive: Directive): Parsed | undefined {
  const [first, list, more] = directive.arguments;
  if (first === undefined || list === undefined || more !== undefined)
    return wrong(directive, `write ${directive.name} 942100 "deny,status:403"`);
  const { which, link } = withLink(trimBlanks(first.text));
  const ranges = parseIdRanges(partsOf(which).join(" "));
  if (typeof ranges === "string") return bad(ranges);
  const { set, problems } = parseActions(list);
  for (const problem of problems) shared.problems.add(problem);
  if (problems.some(({ severity }) => severity === "error")) return undefined;
  if (set.id !== undefined || set.phase !== undefined || set.isChain)
    return bad("id, phase and chain of a rule cannot be changed");
  const { position } = directive;
  return {
    update: { kind: "actions", aim: { by: "id", ranges }, actions: set, link, position, layer: reach(layer) },
  };
}

function bad(message: string): { readonly objection: Objection } {
  return { objection: { code: "waf/bad-update", message, hint: "see the reference" } };
}

function wrong(directive: Directive, hint: string): { readonly objection: Objection } {
  const message = `${directive.name} has ${directive.arguments.length} arguments`;
  return { objection: { code: "waf/bad-arguments", message, hint } };
}

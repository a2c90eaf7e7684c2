// "This was no attack": from what an event says, exclusions that would have kept its rules quiet, narrowest first. Nothing is put; a person chooses and gives the reason.
import type { WafExclusion } from "../../../model/waf-policy.ts";
import type { WafEvent } from "../../../model/waf-event.ts";
import { exclusionIdOf } from "./exclusion-id.ts";
import { innerVariables } from "./inner-variables.ts";
import { escapedKey, keyExpression } from "./key-expression.ts";
import { wafPolicyLimits } from "./limits.ts";

/** What of a row is needed; the arrays go together index by index. */
export type ExcludableEvent = Pick<
  WafEvent,
  "ruleIds" | "variables" | "scores" | "path" | "method" | "decidingRule"
> & { readonly places?: readonly string[] };

export interface ExclusionCandidate {
  /** One for each variable that rules spoke about: together they cover the event. */
  readonly exclusions: readonly WafExclusion[];
  /** What it gives up, in words: "ARGS:comment of POST /reviews, for 942100 and 942200". */
  readonly says: string;
}

export interface NarrowOptions {
  /** Rules that fired wrongly; empty: those that counted to the score, without any the deciding one. */
  readonly ruleIds: readonly number[];
  readonly reason: string;
  readonly owner?: string;
}

/** Narrowest first, each once. None: the event names no rule, or none of those asked for. */
export function narrowestExclusions(event: ExcludableEvent, options: NarrowOptions): readonly ExclusionCandidate[] {
  const found = foundBy(event, options.ruleIds);
  if (found.length === 0) return [];
  const exact = exactPath(event.path);
  const open = openPath(event.path);
  const method = event.method === "" ? [] : [event.method.toUpperCase()];
  const levels: readonly Level[] = [
    { member: "exact", path: exact, methods: method },
    { member: "exact", path: exact, methods: [] },
    { member: "exact", path: open, methods: method },
    { member: "pattern", path: open, methods: method },
    { member: "exact", path: "", methods: [] },
    { member: "none", path: exact, methods: method },
    { member: "none", path: open, methods: [] },
  ];
  const seen = new Set<string>();
  const candidates: ExclusionCandidate[] = [];
  for (const level of levels) {
    // Where the path is not known a place cannot be named: what would then mean every path is offered once, last.
    if (level.path === "" && level.member === "none") continue;
    const candidate = candidateOf(found, level, options);
    // Ids are made of the content.
    const key = candidate.exclusions.map(({ id }) => id).join();
    if (seen.has(key)) continue;
    seen.add(key);
    candidates.push(candidate);
  }
  return candidates;
}

interface Level {
  readonly member: "exact" | "pattern" | "none";
  readonly path: string;
  readonly methods: readonly string[];
}

interface Found {
  readonly ruleId: number;
  readonly variable: string;
}

function foundBy(event: ExcludableEvent, asked: readonly number[]): readonly Found[] {
  const all = event.ruleIds.map((ruleId, index) => ({
    ruleId,
    variable: event.variables[index] ?? "",
    score: event.scores[index] ?? 0,
  }));
  const wanted =
    asked.length > 0 ? all.filter(({ ruleId }) => asked.includes(ruleId)) : all.filter(({ score }) => score > 0);
  const chosen =
    wanted.length > 0 || asked.length > 0 ? wanted : all.filter(({ ruleId }) => ruleId === event.decidingRule);
  const places = chosen.flatMap(({ ruleId, variable }) =>
    variablesOf(event, ruleId, variable).map((each) => ({ ruleId, variable: each })),
  );
  return places.slice(0, wafPolicyLimits.candidateRulesMax);
}

/** Every variable that a rule matched, when the row tells them; else the first. */
export function variablesOf(event: ExcludableEvent, ruleId: number, first: string): readonly string[] {
  const start = `${ruleId} `;
  const all = (event.places ?? []).flatMap((place) => (place.startsWith(start) ? [place.slice(start.length)] : []));
  return all.length === 0 ? [first] : all;
}

function candidateOf(found: readonly Found[], level: Level, options: NarrowOptions): ExclusionCandidate {
  const groups = Map.groupBy(found, ({ variable }) => targetAt(variable, level.member));
  const exclusions = [...groups].map(([target, rules]): WafExclusion => {
    const ids = [...new Set(rules.map(({ ruleId }) => ruleId))].sort((left, right) => left - right);
    const body = { rules: ids.map(String), tags: [], target, path: level.path, methods: [...level.methods] };
    return { id: exclusionIdOf(body), ...body, reason: options.reason, owner: options.owner ?? "" };
  });
  return { exclusions, says: exclusions.map(sayOf).join("; ") };
}

/** "ARGS:comment" as it is; a name with numbers in it as an expression; "" for the rule as a whole. */
function targetAt(variable: string, member: Level["member"]): string {
  if (member === "none" || variable === "") return "";
  const colon = variable.indexOf(":");
  const name = colon < 0 ? variable : variable.slice(0, colon);
  const key = colon < 0 ? "" : variable.slice(colon + 1);
  // What a chain's last link looked at is no place in a request: only the rule as a whole can be left out.
  if (innerVariables.has(name)) return "";
  if (key === "" || name === "XML") return name;
  // A separator in a name needs quotes in SecLang, and quotes cannot stand in quotes: an expression says it without.
  const isPlain = !/[|,'"\s]/.test(key) && !(key.startsWith("/") && key.endsWith("/"));
  if (member === "exact" && isPlain) return `${name}:${key}`;
  const expression =
    member === "exact"
      ? keyExpression(key)
      : key
          .split(/\d+/)
          .map(escapedKey)
          .join(String.raw`\d+`);
  return `${name}:/${member === "exact" ? expression : `^${expression}$`}/`;
}

/** A path that holds what redaction put in place of a secret is exact but there. */
function exactPath(path: string): string {
  return path.replaceAll(/[^/]*‹redacted:[a-z-]+›[^/]*/g, "*");
}

/** Segments that are one thing's number or key are any: "/orders/123" is "/orders/*". */
function openPath(path: string): string {
  return exactPath(path)
    .split("/")
    .map((segment) => (isKey(segment) ? "*" : segment))
    .join("/");
}

function isKey(segment: string): boolean {
  return (
    /^\d+$/.test(segment) || /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(segment) || /^(?=.*\d)[0-9a-f]{12,}$/i.test(segment)
  );
}

function sayOf({ rules, target, path, methods }: WafExclusion): string {
  const what = target === "" ? "the whole request" : target;
  const where = [methods.join("/"), path === "" ? "every path" : path].filter((part) => part !== "").join(" ");
  return `${what} of ${where}, for ${rules.length === 1 ? "rule" : "rules"} ${rules.join(", ")}`;
}

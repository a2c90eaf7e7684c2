// Exclusions of policies, made ready for the engine: read, expired ones left out, tags turned into the rules that carry them, and kept from what is not a team's to take away.
import { Fault } from "../../../base/fault.ts";
import { parseInstantMs } from "../../../base/instant.ts";
import type { WafExclusion } from "../../../model/waf-policy.ts";
import type { Exclusion } from "../engine/engine.ts";
import { compilePattern } from "../regex/compile-pattern.ts";
import { trimBlanks } from "../seclang/blanks.ts";
import { parseVariables, variableText } from "../seclang/parse-variables.ts";
import type { Rule, RuleSet, RuleVariable } from "../seclang/rule-set.ts";
import { byteText } from "./byte-text.ts";
import { innerVariables } from "./inner-variables.ts";
import { wafPolicyLimits } from "./limits.ts";
import { isNarrow } from "./narrow.ts";
import type { Tell } from "./named.ts";

/** Rules by what policies may do with them. */
export interface RuleBook {
  /** Ids that are there, sorted. */
  readonly ids: readonly number[];
  readonly byTag: ReadonlyMap<string, readonly number[]>;
  /** Machinery: without it nothing is counted or blocked. No policy takes it away. */
  readonly machinery: ReadonlySet<number>;
  /** The operator's own rules and patches: a team does not take them away. */
  readonly floors: ReadonlySet<number>;
}

/** `floorLayers`: names of layers that are the operator's. */
export function ruleBookOf(ruleSet: RuleSet, floorLayers: ReadonlySet<string>): RuleBook {
  const rules = ruleSet.items.filter((item) => item.kind === "rule");
  const tagged = rules.flatMap((rule) => rule.tags.map((tag) => ({ tag, id: rule.id })));
  const byTag = new Map(
    [...Map.groupBy(tagged, ({ tag }) => tag)].map(([tag, found]) => [tag, found.map(({ id }) => id)] as const),
  );
  return {
    ids: [...new Set(rules.map(({ id }) => id))].sort((left, right) => left - right),
    byTag,
    machinery: new Set(rules.filter(isMachinery).map(({ id }) => id)),
    floors: new Set(rules.filter(({ layer }) => floorLayers.has(layer)).map(({ id }) => id)),
  };
}

/** Rules that do not look at a request: they set values, gate levels, add up scores and act on them; and those that say how a body is read, or that it could not be. */
function isMachinery({ head, links }: Rule): boolean {
  const parts = [head, ...links];
  const looksAtRequest = parts.some(({ variables }) =>
    variables.some(
      ({ name, select }) =>
        !(innerVariables.has(name) || bodyFaults.has(name)) || (name === "TX" && select === "regex"),
    ),
  );
  const readsBodies = parts.some(({ controls }) =>
    controls.some(({ kind }) => kind === "requestBodyProcessor" || kind === "forceRequestBodyVariable"),
  );
  return !looksAtRequest || readsBodies;
}

/** What reading a body says of it: a rule over these alone stands for everything in a body that other rules never saw. */
const bodyFaults: ReadonlySet<string> = new Set([
  "REQBODY_ERROR",
  "REQBODY_ERROR_MSG",
  "REQBODY_PROCESSOR_ERROR",
  "REQBODY_PROCESSOR_ERROR_MSG",
  "INBOUND_DATA_ERROR",
  "MULTIPART_STRICT_ERROR",
  "MULTIPART_UNMATCHED_BOUNDARY",
]);

export interface ExclusionRules {
  readonly book: RuleBook;
  readonly nowMs: number;
  /** A team's: kept from the operator's rules; `holdsMode`: a floor holds a mode, so that it may not be hollowed out. */
  readonly team: { readonly holdsMode: boolean } | undefined;
}

/** What is in force of a list of exclusions. Ids keep their order; nothing is left out in silence. */
export function exclusionsOf(given: readonly WafExclusion[], rules: ExclusionRules, tell: Tell): readonly Exclusion[] {
  const taken: Exclusion[] = [];
  let wholeRules = 0;
  for (const exclusion of given) {
    const read = readExclusion(exclusion, rules);
    if ("message" in read) {
      tell({ ...read, message: `exclusion ${exclusion.id} ${read.message}` });
      continue;
    }
    const more = read.isNarrow ? 0 : read.ids.length;
    if (rules.team?.holdsMode === true && wholeRules + more > wafPolicyLimits.wholeRulesMax && more > 0) {
      tell({
        severity: "error",
        code: "waf/exclusion-too-wide",
        message: `exclusion ${exclusion.id} would take away more than ${wafPolicyLimits.wholeRulesMax} rules everywhere`,
        hint: "name a member (ARGS:comment, ARGS:/^note_/) or a path whose first segment is spelled out (/upload/**), or ask the operator",
      });
      continue;
    }
    wholeRules += more;
    taken.push(read.exclusion);
  }
  return taken;
}

type Refusal = Parameters<Tell>[0];
type ReadExclusion =
  | {
      readonly exclusion: Exclusion;
      readonly ids: readonly number[];
      /** It gives up a member or a place, not rules as a whole. */
      readonly isNarrow: boolean;
    }
  | Refusal;

function readExclusion(given: WafExclusion, { book, nowMs, team }: ExclusionRules): ReadExclusion {
  const expiresMs = given.expiresAt === undefined ? undefined : parseInstantMs(given.expiresAt);
  if (expiresMs !== undefined && expiresMs <= nowMs) {
    const hint = "remove it, or give it a new end";
    return { severity: "warning", code: "waf/expired", message: `ended at ${given.expiresAt}`, hint };
  }
  const target = targetOf(given.target);
  if (target === "unreadable") {
    const message = `has a target that cannot be read: ${given.target}`;
    return refuse(message, 'write "ARGS:comment", "REQUEST_COOKIES:/^sess/", "ARGS_NAMES", or leave it out');
  }
  const meant = idsOf(given, book);
  if (meant.length === 0) {
    const message = "means no rule that is loaded";
    return {
      severity: "warning",
      code: "waf/exclusion-of-nothing",
      message,
      hint: "mend its ids or tags, or remove it",
    };
  }
  const isShut = (id: number): boolean => book.machinery.has(id) || (team !== undefined && book.floors.has(id));
  const ids = meant.filter((id) => !isShut(id));
  const named = meant.filter((id) => isShut(id) && isNamedAlone(given, id));
  if (named.length > 0 || ids.length === 0) {
    const whose = named.every((id) => book.machinery.has(id)) ? "are machinery of the rule set" : "are the operator's";
    return refuse(
      `means rules that ${whose}: ${(named.length > 0 ? named : meant).slice(0, 8).join(", ")}`,
      "leave them out",
    );
  }
  const exclusion: Exclusion = {
    id: given.id,
    ruleIds: rangesOf(ids, book.ids),
    tags: [],
    target: target === undefined ? "" : variableText(target),
    path: byteText(given.path),
    methods: given.methods.map((method) => method.toUpperCase()),
  };
  return { exclusion, ids, isNarrow: isNarrow(target, exclusion.path) };
}

function refuse(message: string, hint: string): Refusal {
  return { severity: "error", code: "waf/exclusion-refused", message, hint };
}

/** "942100" or "942100-942100". A range or a tag that holds such a rule among others passes it over. */
function isNamedAlone(given: WafExclusion, id: number): boolean {
  return given.rules.some((text) => rangeOf(text).from === id && rangeOf(text).to === id);
}

function rangeOf(text: string): { readonly from: number; readonly to: number } {
  const [from = "0", to = from] = text.split("-");
  return { from: Number(from), to: Number(to) };
}

function idsOf(given: WafExclusion, book: RuleBook): readonly number[] {
  const ranges = given.rules.map(rangeOf);
  const byTag = new Set(given.tags.flatMap((tag) => book.byTag.get(byteText(tag)) ?? []));
  return book.ids.filter((id) => byTag.has(id) || ranges.some(({ from, to }) => id >= from && id <= to));
}

/** Neighbours among all ids become one range; both lists sorted. */
function rangesOf(ids: readonly number[], all: readonly number[]): Exclusion["ruleIds"] {
  const placeOf = new Map(all.map((id, place) => [id, place]));
  const ranges: { from: number; to: number }[] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && placeOf.get(last.to) === (placeOf.get(id) ?? 0) - 1) last.to = id;
    else ranges.push({ from: id, to: id });
  }
  return ranges;
}

/** Undefined: the rule as a whole. "unreadable": it is not one target, or its expression cannot be compiled. */
function targetOf(given: string): RuleVariable | undefined | "unreadable" {
  const text = trimBlanks(byteText(given));
  if (text === "") return undefined;
  const parsed = parseVariables(text);
  const [variable, more] = parsed.complaint === undefined ? parsed.variables : [];
  if (variable === undefined || more !== undefined) return "unreadable";
  if (variable.select === "regex" && !isPattern(variable.argument)) return "unreadable";
  return { ...variable, isExcluded: false, isCount: false };
}

function isPattern(source: string): boolean {
  try {
    compilePattern(source, { isMultiline: false, isDotAll: true, isCaseless: true });
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

// Rules by name, with their text and how they are on the nodes: built-in ones, those of DetectionRules resources, and names that only nodes or foreign sensors tell.
import { parseAllDocuments, isMap, isSeq, type Document, type ParsedNode } from "yaml";
import { driftRulePrefix } from "../../../core/baseline/drift-words.ts";
import { baselineTag } from "../../../core/runtime-policy/contract.ts";
import type { RuleSum } from "../../../edge/store/queries/detections-nouns.ts";
import { DetectionRules } from "../../../model/detection-rules.ts";
import type { Node } from "../../../model/node.ts";
import type { Resource } from "../../../model/resource.ts";
import type { RuntimeRule } from "../contract/runtime.ts";

/** A rule as it is written somewhere. */
export interface RuleText {
  readonly name: string;
  readonly from: string;
  readonly format: RuntimeRule["format"];
  readonly severity: string;
  readonly description: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly isEnabled: boolean;
  /** Asked about Kubernetes audit events, by the server itself. */
  readonly isAudit: boolean;
}

const documentsMax = 2000;
const aliasesMax = 100;

/** Generations of the past that are looked at for the name of a rule that is gone. */
export const pastRulesMax = 200;

/** Rules of the resources that are switched on and can be read; a text that is no YAML has none. */
export function rulesOfResources(resources: readonly Resource[]): readonly RuleText[] {
  return resources.flatMap(({ scope, name, spec }) => {
    const parsed = DetectionRules.safeParse(spec);
    if (!parsed.success || !parsed.data.enabled) return [];
    return rulesOfText(parsed.data.text, `resource ${scope}/${name}`);
  });
}

/** `text`: YAML of Falco (a list), GarrisonRule or Sigma (a mapping each). Overrides without a condition are no rules of their own. */
export function rulesOfText(text: string, from: string): readonly RuleText[] {
  let documents: readonly Document.Parsed[];
  try {
    documents = [...parseAllDocuments(text, { prettyErrors: false })].slice(0, documentsMax);
  } catch {
    // The nodes say what is wrong with it, with the line.
    return [];
  }
  return documents.flatMap((document) => {
    const { contents } = document;
    const nodes = isSeq(contents) ? contents.items : contents === null ? [] : [contents];
    return nodes.flatMap((node) => (isMap(node) ? ruleOf(node, { text, from, document }) : []));
  });
}

interface Place {
  readonly text: string;
  readonly from: string;
  readonly document: Document.Parsed;
}

function ruleOf(node: ParsedNode, { text, from, document }: Place): readonly RuleText[] {
  let value: unknown;
  try {
    value = node.toJS(document, { maxAliasCount: aliasesMax });
  } catch {
    // Too many aliases: nodes refuse it, too.
    return [];
  }
  const [start, , end] = node.range;
  const rule = ruleOfValue(value as Readonly<Record<string, unknown>>, from, () => text.slice(start, end).trimEnd());
  return rule === undefined ? [] : [rule];
}

/** An item of a rules file that is a rule; macros, lists and overrides are none. */
export function ruleOfValue(
  value: Readonly<Record<string, unknown>>,
  from: string,
  text: () => string,
): RuleText | undefined {
  const format = value["kind"] === "GarrisonRule" ? "garrison" : value["detection"] === undefined ? "falco" : "sigma";
  const spec = format === "garrison" ? mappingOf(value["spec"]) : value;
  const named = { garrison: mappingOf(value["metadata"])["name"], sigma: value["title"], falco: value["rule"] }[format];
  if (typeof named !== "string" || named === "" || (format === "falco" && value["condition"] === undefined))
    return undefined;
  const word = (...names: readonly string[]): string => {
    const found = names.map((name) => spec[name]).find((each) => typeof each === "string");
    return typeof found === "string" ? found : "";
  };
  const words = (name: string): readonly string[] => {
    const list = spec[name];
    return Array.isArray(list) ? list.filter((each) => typeof each === "string") : [];
  };
  return {
    name: named,
    from,
    format,
    severity: word("severity", "priority", "level"),
    description: word("desc", "description"),
    text: text(),
    tags: [...words("tags"), ...words("techniques")],
    isEnabled: value["enabled"] !== false,
    isAudit: word("source") === "k8s_audit",
  };
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** "T1059", "attack.t1059.004", "mitre_t1059" -> "T1059". */
export function techniquesOf(tags: readonly string[]): string[] {
  const ids = tags.flatMap((tag) => {
    const match = /(?:^|[._])t(\d{4})(?:\.(\d{3}))?$/i.exec(tag);
    return match === null ? [] : [`T${match[1]}${match[2] === undefined ? "" : `.${match[2]}`}`];
  });
  return [...new Set(ids)];
}

export interface RulesInput {
  /** A later one of the same name overrides an earlier one. */
  readonly texts: readonly RuleText[];
  /** Of resources that were changed or deleted since, the newest first: where a rule that spoke was from. */
  readonly past?: readonly RuleText[];
  readonly nodes: readonly Node[];
  readonly sums: readonly RuleSum[];
}

/** All rules, those that spoke most first, then by name. */
export function rulesOf({ texts, past = [], nodes, sums }: RulesInput): readonly RuntimeRule[] {
  const reports = nodes.filter(({ state, detection }) => state === "connected" && detection !== undefined);
  const byName = new Map(texts.map((text) => [text.name, text]));
  const sumByName = new Map<string, RuleSum>();
  for (const sum of sums) {
    const known = sumByName.get(sum.rule);
    sumByName.set(sum.rule, known === undefined ? sum : added(known, sum));
  }
  const blindNames = reports.flatMap(({ detection }) => detection?.blindRules.map(({ rule }) => rule) ?? []);
  const names = new Set([...byName.keys(), ...sumByName.keys(), ...blindNames]);
  return [...names]
    .map((name) =>
      ruleNamed(name, {
        text: byName.get(name),
        gone: past.find((each) => each.name === name),
        sum: sumByName.get(name),
        reports,
      }),
    )
    .toSorted((one, other) => other.detections - one.detections || (one.name < other.name ? -1 : 1));
}

function added(one: RuleSum, other: RuleSum): RuleSum {
  const newest = one.lastAt > other.lastAt ? one : other;
  return { ...newest, source: one.source, count: one.count + other.count };
}

interface Known {
  readonly text: RuleText | undefined;
  readonly gone: RuleText | undefined;
  readonly sum: RuleSum | undefined;
  readonly reports: readonly Node[];
}

function ruleNamed(name: string, { text, gone, sum, reports }: Known): RuntimeRule {
  const isForeign = text === undefined && sum !== undefined && sum.source !== "garrison";
  const nodes = isForeign || text?.isAudit === true ? [] : reports.flatMap((node) => stateOn(node, name, text));
  const worst =
    nodes.find(({ state }) => state === "refused") ?? nodes.find(({ state }) => state === "blind") ?? nodes[0];
  const spoke = sum?.source === "garrison";
  const told = text === undefined && spoke ? toldBy(name, sum) : undefined;
  const from =
    text?.from ?? (isForeign ? sum.source : (told?.from ?? (gone === undefined ? "folder" : `${gone.from}, gone`)));
  const techniques = text === undefined ? [] : techniquesOf(text.tags);
  return {
    name,
    from,
    format: text?.format ?? "",
    severity: sum?.severity ?? text?.severity.toLowerCase() ?? "",
    description: text?.description ?? "",
    text: text?.text ?? "",
    techniques: techniques.length > 0 ? techniques : (sum?.techniques ?? []),
    tags: [...(text?.tags ?? sum?.tags ?? [])],
    ...(told === undefined
      ? stateOf({ text, worst, isForeign, spoke, isReported: reports.length > 0 })
      : { state: "loaded" as const, because: told.because }),
    nodes,
    detections: sum?.count ?? 0,
    ...(sum === undefined ? {} : { lastAt: sum.lastAt }),
  };
}

/** Policies and baselines tell under names of their own, which stand in no rules file; undefined for a rule of detection. */
function toldBy(
  name: string,
  { policy, tags }: RuleSum,
): { readonly from: string; readonly because: string } | undefined {
  if (name.startsWith(driftRulePrefix) && policy !== "")
    return { from: "baselines", because: "drift from a learnt baseline, told under this name" };
  if (name !== policy && name !== policyUnknown) return undefined;
  const from = tags.includes(baselineTag) || name === policyUnknown ? name : `policy ${name}`;
  return { from, because: "told by the node's guard: what it stopped, or would have stopped" };
}

/** What the guard calls a policy that is gone. */
const policyUnknown = "runtime policy";

interface Judged {
  readonly text: RuleText | undefined;
  readonly worst: RuntimeRule["nodes"][number] | undefined;
  readonly isForeign: boolean;
  readonly spoke: boolean;
  readonly isReported: boolean;
}

function stateOf({ text, worst, isForeign, spoke, isReported }: Judged): Pick<RuntimeRule, "state" | "because"> {
  if (isForeign)
    return { state: "unknown", because: "the rule is of a foreign sensor, which tells nothing of its rules" };
  if (text !== undefined && !text.isEnabled)
    return { state: "disabled", because: "it is written with `enabled: false`" };
  if (text?.isAudit === true) return { state: "loaded", because: "" };
  if (worst !== undefined) return { state: worst.state, because: worst.because };
  if (spoke || isReported) return { state: "loaded", because: "" };
  return { state: "unknown", because: "no connected node tells which rules it has" };
}

/** Nodes where it is not simply loaded. */
function stateOn(
  { cluster, name: node, detection }: Node,
  rule: string,
  text: RuleText | undefined,
): RuntimeRule["nodes"] {
  if (detection === undefined) return [];
  const blind = detection.blindRules.find((each) => each.rule === rule);
  if (blind !== undefined) return [{ cluster, node, state: "blind", because: blind.because }];
  if (!detection.enabled)
    return [{ cluster, node, state: "unknown", because: detection.because || "detection is switched off" }];
  const problem = detection.problems.find((line) => line.includes(`"${rule}"`) || line.includes(` ${rule}:`));
  // What a built-in rule is told of is a note of its author's, not a refusal.
  return problem === undefined || text === undefined ? [] : [{ cluster, node, state: "refused", because: problem }];
}

// Can this place see what a rule is about? A missing value makes a check false: a rule that is false whatever happens is blind, and says so.
import type { RuleSight, Supply } from "./contract.ts";
import { checksOf, typesOf, type TypeSet } from "./engine/approximate.ts";
import { asksForBegin, inToldTypes } from "./engine/told-types.ts";
import { namesNoVariable, namesOfTerm } from "./engine/environment-names.ts";
import { nodesOf, type Program, type RuleProgram } from "./engine/program.ts";
import { isEnvironment } from "./fields/environment-fields.ts";
import { never, type Check, type Interner, type Node, type Term } from "./engine/resolve.ts";
import { withChecks } from "./engine/with-checks.ts";

export interface Sight {
  readonly sight: RuleSight;
  /** "" when it sees. */
  readonly because: string;
}

/** Group "event" is always there. */
export function sightOf(interner: Interner, { program, summary }: RuleProgram, supply: Supply): Sight {
  const isAudit = summary.source === "k8s_audit";
  if (isAudit && !supply.groups.has("audit"))
    return { sight: "blind", because: whyNot(supply, "audit", "no Kubernetes audit events arrive here") };
  const parts = nodesOf(program).map((node) => sightOfNode(interner, inToldTypes(interner, node), { supply, isAudit }));
  const blind = parts.filter(({ sight }) => sight === "blind");
  if (blind.length > 0 && isNeeded(program, parts)) return blind[0] as Sight;
  const partly = parts.find(({ sight }) => sight !== "sees");
  const terms = extraTerms(program).filter(
    (term) => !isSupplied(term.field.group, supply) || (isEnvironment(term) && namesOfTerm(term).length === 0),
  );
  if (terms.length > 0) return { sight: "blind", because: noSensor(terms, supply) };
  return partly === undefined ? { sight: "sees", because: "" } : { sight: "partly-blind", because: partly.because };
}

/** An absence whose "without" cannot be seen would fire each time; a sequence needs every step. */
function isNeeded(program: Program, parts: readonly Sight[]): boolean {
  return program.kind !== "threshold" || parts.every(({ sight }) => sight === "blind");
}

function extraTerms(program: Program): readonly Term[] {
  switch (program.kind) {
    case "threshold":
      return program.distinct === undefined ? program.fields : [...program.fields, program.distinct];
    case "absence":
    case "baseline":
      return program.fields;
    case "condition":
    case "sequence":
      return [];
  }
}

function sightOfNode(
  interner: Interner,
  node: Node,
  { supply, isAudit }: { readonly supply: Supply; readonly isAudit: boolean },
): Sight {
  const missing = [...checksOf(node)].flatMap((check) => (canHold(check, supply) ? [] : [check.left]));
  const mount = missing.find(({ name }) => name.startsWith("container.mount."));
  if (mount !== undefined) return { sight: "blind", because: noSensor([mount], supply) };
  const rest = missing.length === 0 ? node : withoutUnknown(interner, node, supply);
  if (rest.kind === "constant" && !rest.value) {
    // A rule that is never true by its own words (an empty list to be filled) is not blind.
    if (node.kind === "constant") return { sight: "sees", because: "" };
    return { sight: "blind", because: noSensor(missing, supply) };
  }
  const wanted = typesOf(rest);
  const arriving = isAudit ? [] : [...supply.eventTypes].filter((type) => type !== "k8s_audit" && has(wanted, type));
  if (!isAudit && arriving.length === 0) return { sight: "blind", because: noEvents(wanted, supply) };
  if (missing.length > 0) return { sight: "partly-blind", because: noSensor(missing, supply) };
  const lost = isAudit || wanted.isComplement ? [] : [...wanted.types].filter((type) => !supply.eventTypes.has(type));
  return lost.length === 0
    ? { sight: "sees", because: "" }
    : { sight: "partly-blind", because: noEvents({ isComplement: false, types: new Set(lost) }, supply) };
}

function has({ types, isComplement }: TypeSet, type: string): boolean {
  return types.has(type) !== isComplement;
}

function canHold(check: Check, supply: Supply): boolean {
  return isSupplied(check.left.field.group, supply) && !asksForBegin(check) && !namesNoVariable(check);
}

function isSupplied(group: string, { groups }: Supply): boolean {
  return group === "event" || groups.has(group);
}

/** The node as it is judged here: checks of fields that nobody supplies are false. */
function withoutUnknown(interner: Interner, node: Node, supply: Supply): Node {
  return withChecks(interner, node, (check) => (canHold(check, supply) ? check : never));
}

function noSensor(terms: readonly Term[], supply: Supply): string {
  const names = [...new Set(terms.map(({ name }) => (name === "evt.dir" ? "begins of calls (evt.dir = >)" : name)))];
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
  if (terms[0] !== undefined && isEnvironment(terms[0]) && isSupplied("environment", supply))
    return `no sensor here supplies ${shown} as a whole: name the variable, as in proc.env[LD_PRELOAD] or proc.env contains "LD_PRELOAD="`;
  return whyNot(supply, terms[0]?.field.group ?? "", `no sensor here supplies ${shown}`);
}

function noEvents({ types, isComplement }: TypeSet, supply: Supply): string {
  const names = isComplement ? [] : [...types];
  const shown = names.slice(0, 8).join(", ");
  return whyNot(
    supply,
    names[0] ?? "",
    shown === "" ? "none of its events arrives here" : `events that do not arrive here: ${shown}`,
  );
}

function whyNot({ because }: Supply, key: string, text: string): string {
  const reason = because?.get(key);
  return reason === undefined ? text : `${text} (${reason})`;
}

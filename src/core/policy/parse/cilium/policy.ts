// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy of cilium.io/v2, for import: tier "cilium", denies (order 0) before allows (order 1).
// What cannot be represented is an error: an allow of it matches nothing, a deny of it denies its direction altogether.
import type { Direction, Policy, Rule } from "../../model.ts";
import { selectorOf } from "../../selector/canonical.ts";
import type { Selector } from "../../selector/selector.ts";
import type { KindParser, ObjectHead, Output } from "../object.ts";
import { child, fields, flag, items, refuse, type At, type Fields } from "../reader.ts";
import { closedRule, crossed } from "../rules.ts";
import { ciliumTier } from "../tiers.ts";
import { egressFields, ingressFields, notRepresentable, peersOf } from "./peers.ts";
import { groupsOf, type HttpGroup } from "./ports.ts";
import { endpointSelector } from "./selectors.ts";

const specsMax = 100;
const rulesMax = 10_000;

export const ciliumNetworkPolicy: KindParser = parserOf(true);
export const ciliumClusterwideNetworkPolicy: KindParser = parserOf(false);

function parserOf(isNamespaced: boolean): KindParser {
  return { dialect: "cilium", isNamespaced, isPolicy: true, parse: parseCilium };
}

function parseCilium(head: ObjectHead): Output {
  const top = fields(head.top, ["apiVersion", "kind", "metadata", "spec", "specs", "status"]);
  if (top === undefined) return {};
  const single = top.get("spec");
  const specs = [...(single === undefined ? [] : [single]), ...items(top.get("specs"), specsMax)];
  if (specs.length === 0)
    return refuse(child(head.top, "spec"), { code: "missing-field", message: "spec is missing" }) ?? {};
  return { policies: specs.flatMap((spec, index) => policiesOf(spec, index, head)) };
}

const specFields = [
  "endpointSelector",
  "nodeSelector",
  "ingress",
  "ingressDeny",
  "egress",
  "egressDeny",
  "enableDefaultDeny",
  "description",
  "labels",
  "log",
];

function policiesOf(at: At, index: number, head: ObjectHead): readonly Policy[] {
  const spec = fields(at, specFields);
  if (spec === undefined) return [];
  const subject = subjectOf(spec, head.namespace);
  if (subject === undefined) return [];
  const defaults = spec.get("enableDefaultDeny");
  const flags = defaults === undefined ? undefined : fields(defaults, ["ingress", "egress"]);
  const policies: Policy[] = [];
  for (const direction of ["ingress", "egress"] as const) {
    const written = rulesOf(spec, direction, direction);
    // What narrows other rules has become a deny, and goes before them.
    const allows = written.filter(({ action }) => action === "Allow");
    const denies = [
      ...rulesOf(spec, direction, `${direction}Deny`),
      ...written.filter(({ action }) => action === "Deny"),
    ];
    const count = items(spec.get(direction)).length + items(spec.get(`${direction}Deny`)).length;
    if (count === 0) continue;
    const endsTier = flag(flags?.get(direction)) ?? true;
    const made = { head, subject, direction, endsTier, index };
    if (denies.length > 0) policies.push(policyOf({ ...made, rules: denies, part: "deny" }));
    policies.push(policyOf({ ...made, rules: allows, part: "allow" }));
  }
  return policies;

  function rulesOf(from: Fields, direction: Direction, field: string): readonly Rule[] {
    const isDeny = field !== direction;
    return items(from.get(field), rulesMax).flatMap((item, written) =>
      ruleOf({ at: item, written, direction, isDeny, namespace: head.namespace }),
    );
  }
}

function subjectOf(spec: Fields, namespace: string): Selector | undefined {
  const endpoints = spec.get("endpointSelector");
  const nodes = spec.get("nodeSelector");
  if (nodes !== undefined || endpoints === undefined) {
    return refuse(nodes ?? child(spec.at, "endpointSelector"), {
      code: "not-representable",
      message:
        nodes === undefined ? "endpointSelector is missing" : "policies of nodes (nodeSelector) are not imported",
    });
  }
  const node = endpointSelector(endpoints, namespace);
  if (node !== undefined) return selectorOf(node);
  return refuse(endpoints, {
    code: "not-representable",
    message: "which endpoints it applies to cannot be represented",
  });
}

interface Part {
  readonly head: ObjectHead;
  readonly subject: Selector;
  readonly direction: Direction;
  readonly endsTier: boolean;
  readonly index: number;
  readonly rules: readonly Rule[];
  readonly part: "allow" | "deny";
}

/** One policy a direction and sign, for each has its own default; ids "<id of the object>[.<spec>]/<direction>-<allow or deny>". */
function policyOf({ head, subject, direction, endsTier, index, rules, part }: Part): Policy {
  const suffix = index === 0 ? "" : `.${index}`;
  return {
    id: `${head.id}${suffix}/${direction}-${part}`,
    dialect: "cilium",
    kind: head.kind,
    namespace: head.namespace,
    name: `${head.name}${suffix}`,
    tier: ciliumTier.name,
    order: part === "deny" ? 0 : 1,
    selector: subject,
    kinds: ["workload"],
    directions: [direction],
    ingress: direction === "ingress" ? rules : [],
    egress: direction === "egress" ? rules : [],
    endsTier,
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
    place: head.place,
  };
}

interface RuleInput {
  readonly at: At;
  readonly written: number;
  readonly direction: Direction;
  readonly isDeny: boolean;
  readonly namespace: string;
}

function ruleOf({ at, written, direction, isDeny, namespace }: RuleInput): readonly Rule[] {
  const known = direction === "ingress" ? ingressFields : egressFields;
  const requires = direction === "ingress" ? "fromRequires" : "toRequires";
  const rule = fields(at, [...known, requires, "toPorts", "icmps", "authentication"], "failClosed");
  if (rule === undefined) return [];
  const base = { index: written, name: "", direction } as const;
  const action = isDeny ? "Deny" : "Allow";
  const needed = rule.get(requires);
  if (needed !== undefined) {
    // It narrows the other rules of the policy too: nothing less than a deny of all is certain.
    notRepresentable(needed, requires);
    return [closedRule({ ...base, action: "Deny" })];
  }
  const peers = peersOf(rule, known, { namespace, isDeny });
  const groups = groupsOf(rule, direction);
  const isAuthenticated = asksAuthentication(rule);
  if (peers === undefined || groups === undefined || isAuthenticated || rule.unknown.length > 0) {
    return [closedRule({ ...base, action })];
  }
  // A rule that says nothing at all only turns the default deny on.
  if (peers === "any" && groups === "any") return [];
  const ends = peers === "any" ? [{}] : peers;
  const list = groups === "any" ? [{}] : groups;
  return list.flatMap(({ http, ...group }: HttpGroup) => {
    const rules = crossed({ ...base, action }, ends, [group]);
    return http === undefined ? rules : rules.map((each): Rule => ({ ...each, http }));
  });
}

function asksAuthentication(rule: Fields): boolean {
  const at = rule.get("authentication");
  if (at === undefined || fields(at, ["mode"])?.get("mode")?.value === "disabled") return false;
  notRepresentable(at, "authentication");
  return true;
}

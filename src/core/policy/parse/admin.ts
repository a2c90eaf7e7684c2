// AdminNetworkPolicy and BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1, which ClusterNetworkPolicy follows. Read, never written.
import type { Direction, Policy, Rule } from "../model.ts";
import { adminTier, baselineTier, basics, directionsOf, isUnnamed, listOf } from "./cluster.ts";
import { adminPorts } from "./admin-ports.ts";
import { egressPeers, ingressPeers, peerOf, subjectOf } from "./cluster-peers.ts";
import { specOf, type KindParser, type ObjectHead, type Output } from "./object.ts";
import { child, choice, fields, integer, items, notA, text, type At } from "./reader.ts";
import { closedRule, crossed } from "./rules.ts";

/** Rules of a direction, peers and ports of a rule. */
const adminItemsMax = 100;
/** After all Baseline policies that have a priority. */
const baselineOrder = 1001;

export const adminNetworkPolicy: KindParser = {
  dialect: "admin",
  isNamespaced: false,
  isPolicy: true,
  parse: (head) => parseAdmin(head, ["Allow", "Deny", "Pass"]),
};

export const baselineAdminNetworkPolicy: KindParser = {
  dialect: "admin",
  isNamespaced: false,
  isPolicy: true,
  parse(head) {
    if (head.name !== "default") {
      notA(child(head.metadata.at, "name"), "default: there is one BaselineAdminNetworkPolicy");
      return {};
    }
    return parseAdmin(head, ["Allow", "Deny"]);
  },
};

type AdminAction = "Allow" | "Deny" | "Pass";

function parseAdmin(head: ObjectHead, actions: readonly AdminAction[]): Output {
  const isBaseline = head.kind === "BaselineAdminNetworkPolicy";
  const known = ["subject", "ingress", "egress"];
  const spec = specOf(head, isBaseline ? known : ["priority", ...known]);
  if (spec === undefined) return {};
  const order = isBaseline ? baselineOrder : integer(spec.get("priority") ?? child(spec.at, "priority"), 0, 1000);
  const selector = subjectOf(spec.get("subject"), spec.at);
  const rules = (direction: Direction) =>
    items(spec.get(direction), adminItemsMax).flatMap((item, index) => ruleOf({ item, index, direction, actions }));
  const ingress = rules("ingress");
  const egress = rules("egress");
  if (order === undefined || selector === undefined) return {};
  const policy: Policy = {
    ...basics(head),
    tier: isBaseline ? baselineTier : adminTier,
    order,
    selector,
    directions: directionsOf(ingress, egress),
    ingress,
    egress,
  };
  return { policies: [policy] };
}

interface RuleInput {
  readonly item: At;
  readonly index: number;
  readonly direction: Direction;
  readonly actions: readonly AdminAction[];
}

function ruleOf({ item, index, direction, actions }: RuleInput): readonly Rule[] {
  const side = direction === "ingress" ? "from" : "to";
  const rule = fields(item, ["name", "action", side, "ports"], "failClosed");
  if (rule === undefined) return [];
  const action = choice(rule.get("action") ?? child(item, "action"), actions);
  if (action === undefined) return [];
  const name = text(rule.get("name"), "a name of at most 100 characters", { max: 100 }) ?? "";
  const written = { action, index, name, direction } as const;
  const known = direction === "ingress" ? ingressPeers : egressPeers;
  const peers = listOf(rule, side, adminItemsMax).map((at) => peerOf(at, known, action));
  const groups = adminPorts(rule.get("ports"), { itemsMax: adminItemsMax, hasUnnamedPeer: peers.some(isUnnamed) });
  const isWhole = peers.every((peer) => peer !== undefined) && groups !== undefined && rule.unknown.length === 0;
  return isWhole
    ? crossed(
        written,
        peers.filter((peer) => peer !== undefined),
        groups,
      )
    : [closedRule(written)];
}

// ClusterNetworkPolicy of policy.networking.k8s.io, v1alpha2 and the v1beta1 that has the same fields.
// Fail closed: a rule with an unknown field or peer matches nothing when it accepts, and denies all when it denies or passes.
import type { Direction, Policy, PortMatch, Rule } from "../model.ts";
import { egressPeers, ingressPeers, peerOf, subjectOf } from "./cluster-peers.ts";
import { adminPorts, namedGroups, rangeOf } from "./admin-ports.ts";
import { specOf, type KindParser, type ObjectHead, type Output } from "./object.ts";
import { child, choice, failClosed, fields, integer, items, refuse, text, type At, type Fields } from "./reader.ts";
import { closedRule, crossed, type PortGroup } from "./rules.ts";
import { protocolNumbers } from "./words.ts";

/** Rules of a direction, peers of a rule, protocols of a rule. */
export const clusterItemsMax = 25;
const nameMax = 100;

export const adminTier = "kube-admin";
export const baselineTier = "kube-baseline";

export const clusterNetworkPolicy: KindParser = {
  dialect: "cluster",
  isNamespaced: false,
  isPolicy: true,
  parse: parseClusterPolicy,
};

function parseClusterPolicy(head: ObjectHead): Output {
  const spec = specOf(head, ["tier", "priority", "subject", "ingress", "egress"]);
  if (spec === undefined) return {};
  const tier = choice(spec.get("tier") ?? child(spec.at, "tier"), ["Admin", "Baseline"]);
  const priority = integer(spec.get("priority") ?? child(spec.at, "priority"), 0, 1000);
  const selector = subjectOf(spec.get("subject"), spec.at);
  const ingress = rulesOf(spec, "ingress");
  const egress = rulesOf(spec, "egress");
  if (tier === undefined || priority === undefined || selector === undefined) return {};
  const policy: Policy = {
    ...basics(head),
    tier: tier === "Admin" ? adminTier : baselineTier,
    order: priority,
    selector,
    directions: directionsOf(ingress, egress),
    ingress,
    egress,
  };
  return { policies: [policy] };
}

/** What cluster-wide policies of pods have alike. */
export function basics(head: ObjectHead) {
  return {
    id: head.id,
    dialect: head.id.startsWith("admin/") ? ("admin" as const) : ("cluster" as const),
    kind: head.kind,
    namespace: "",
    name: head.name,
    kinds: ["workload"] as const,
    endsTier: true,
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
    place: head.place,
  };
}

/** A direction without rules is not touched. */
export function directionsOf(ingress: readonly Rule[], egress: readonly Rule[]): readonly Direction[] {
  return (["ingress", "egress"] as const).filter((each) => (each === "ingress" ? ingress : egress).length > 0);
}

function rulesOf(spec: Fields, direction: Direction): readonly Rule[] {
  return items(spec.get(direction), clusterItemsMax).flatMap((item, index) => ruleOf(item, index, direction));
}

function ruleOf(at: At, index: number, direction: Direction): readonly Rule[] {
  const side = direction === "ingress" ? "from" : "to";
  const rule = fields(at, ["name", "action", side, "protocols", "ports"], "failClosed");
  if (rule === undefined) return [];
  const chosen = choice(rule.get("action") ?? child(at, "action"), ["Accept", "Deny", "Pass"]);
  if (chosen === undefined) return [];
  const action = chosen === "Accept" ? "Allow" : chosen;
  const name = text(rule.get("name"), "a name of at most 100 characters", { max: nameMax }) ?? "";
  const written = { action, index, name, direction } as const;
  const known = direction === "ingress" ? ingressPeers : egressPeers;
  const peers = listOf(rule, side).map((item) => peerOf(item, known, action));
  const groups = groupsOf(rule, peers.some(isUnnamed));
  const isWhole = peers.every((peer) => peer !== undefined) && groups !== undefined && rule.unknown.length === 0;
  return isWhole
    ? crossed(
        written,
        peers.filter((peer) => peer !== undefined),
        groups,
      )
    : [closedRule(written)];
}

/** A list that must hold at least one item. */
export function listOf(rule: Fields, name: string, max = clusterItemsMax): readonly At[] {
  const at = rule.get(name) ?? child(rule.at, name);
  const list = items(at, max);
  if (list.length === 0) refuse(at, { code: "missing-field", message: `${name} needs at least one item` });
  return list;
}

/** Networks, nodes and names have no named ports. */
export function isUnnamed(peer: ReturnType<typeof peerOf>): boolean {
  return peer?.nets !== undefined || peer?.domains !== undefined || peer?.kinds?.includes("node") === true;
}

const protocols = { tcp: protocolNumbers.TCP, udp: protocolNumbers.UDP, sctp: protocolNumbers.SCTP } as const;
const protocolFields = ["tcp", "udp", "sctp", "destinationNamedPort"] as const;

/** Undefined when one of them is not known here. Early releases of v1alpha2 had `ports`, as the admin policies have. */
function groupsOf(rule: Fields, hasUnnamedPeer: boolean): readonly PortGroup[] | undefined {
  const at = rule.get("protocols");
  const ports = rule.get("ports");
  if (at === undefined) return adminPorts(ports, { itemsMax: clusterItemsMax, hasUnnamedPeer });
  if (ports !== undefined) return refuse(ports, { code: "bad-value", message: "ports does not go with protocols" });
  const list = items(at, clusterItemsMax);
  if (list.length === 0) return refuse(at, { code: "missing-field", message: "protocols needs at least one item" });
  const groups = list.map((item) => groupOf(item, hasUnnamedPeer));
  return groups.every((group) => group !== undefined) ? groups.flat() : undefined;
}

function groupOf(at: At, hasUnnamedPeer: boolean): readonly PortGroup[] | undefined {
  const entry = fields(at, protocolFields, "failClosed");
  if (entry === undefined || entry.unknown.length > 0) return undefined;
  const given = protocolFields.filter((name) => entry.get(name) !== undefined);
  const [field] = given;
  if (field === undefined || given.length > 1) {
    const message = `needs exactly one of ${protocolFields.join(", ")}; the rule fails closed`;
    return failClosed(at, { code: "unknown-protocol", message });
  }
  const value = entry.get(field);
  if (value === undefined) return undefined;
  if (field === "destinationNamedPort") return namedGroups(value, hasUnnamedPeer);
  const protocol = protocols[field];
  const inner = fields(value, ["destinationPort"], "failClosed");
  if (inner === undefined || inner.unknown.length > 0) return undefined;
  const port = inner.get("destinationPort");
  if (port === undefined) return [{ protocol }];
  const match = portOf(port);
  return match === undefined ? undefined : [{ protocol, ports: [match] }];
}

function portOf(at: At): PortMatch | undefined {
  const port = fields(at, ["number", "range"], "failClosed");
  if (port === undefined || port.unknown.length > 0) return undefined;
  const number = port.get("number");
  const range = port.get("range");
  if ((number === undefined) === (range === undefined)) {
    return failClosed(at, {
      code: "unknown-port",
      message: "needs exactly one of number and range; the rule fails closed",
    });
  }
  if (range !== undefined) return rangeOf(range, ["start", "end"]);
  const value = integer(number, 1, 65_535);
  return value === undefined ? undefined : { from: value, to: value };
}

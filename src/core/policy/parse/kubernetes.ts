// NetworkPolicy of networking.k8s.io/v1, exactly as its API says: defaults, nil against empty, union of allows.
// Wrong values refuse the object. An unknown field inside a rule, which may be a newer kind of condition, makes that rule match nothing.
import { compareAddresses } from "../../../base/ip.ts";
import type { Direction, EntityMatch, Policy, PortMatch, Prefix, Rule } from "../model.ts";
import { closedRule, crossed, type PortGroup } from "./rules.ts";
import { and, eq } from "../selector/build.ts";
import { selectorOf } from "../selector/canonical.ts";
import type { SelectorNode } from "../selector/selector.ts";
import { labelSelector, namespaceKey, peerSelector } from "./label-selector.ts";
import { specOf, type KindParser, type ObjectHead, type Output } from "./object.ts";
import { choice, fields, integer, items, notA, refuse, warn, type At, type Fields } from "./reader.ts";
import { kubernetesProtocol, portOrName, prefixes } from "./words.ts";

const rulesMax = 10_000;
const peersMax = 10_000;
export const kubernetesTier = "default";
export const kubernetesOrder = 1000;

export const networkPolicy: KindParser = {
  dialect: "kubernetes",
  isNamespaced: true,
  isPolicy: true,
  parse: (head) => parseNetworkPolicy(head, {}),
};

/** `extra`: what a staged twin sets otherwise. */
export function parseNetworkPolicy(
  head: ObjectHead,
  extra: Partial<Policy>,
  moreFields: readonly string[] = [],
): Output {
  const spec = specOf(head, ["podSelector", "ingress", "egress", "policyTypes", ...moreFields]);
  if (spec === undefined) return {};
  const subject = labelSelector(spec.get("podSelector"), "");
  const directions = directionsOf(spec);
  const rules = (direction: Direction) => {
    const at = spec.get(direction);
    const list = items(at, rulesMax).flatMap((item, index) => rulesOf({ item, index, direction, head }));
    if (at !== undefined && list.length > 0 && !directions.includes(direction)) {
      warn(at, {
        code: "rules-without-type",
        message: `${direction} rules do not count: policyTypes does not name the direction`,
        hint: `Add ${direction === "ingress" ? "Ingress" : "Egress"} to policyTypes, or leave policyTypes out.`,
      });
      return [];
    }
    return list;
  };
  const policy: Policy = {
    id: head.id,
    dialect: "kubernetes",
    kind: head.kind,
    namespace: head.namespace,
    name: head.name,
    tier: kubernetesTier,
    order: kubernetesOrder,
    selector: selectorOf(and(eq(namespaceKey, head.namespace), subject)),
    kinds: ["workload"],
    directions,
    ingress: rules("ingress"),
    egress: rules("egress"),
    endsTier: true,
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
    place: head.place,
    ...extra,
  };
  return { policies: [policy] };
}

/** Given types, or Ingress always and Egress when there are egress rules. */
function directionsOf(spec: Fields): readonly Direction[] {
  const given = items(spec.get("policyTypes"), 2).map((item) => choice(item, ["Ingress", "Egress"]));
  if (given.length === 0) return items(spec.get("egress"), rulesMax).length > 0 ? ["ingress", "egress"] : ["ingress"];
  return (["ingress", "egress"] as const).filter((direction) =>
    given.includes(direction === "ingress" ? "Ingress" : "Egress"),
  );
}

interface RuleInput {
  readonly item: At;
  readonly index: number;
  readonly direction: Direction;
  readonly head: ObjectHead;
}

/** One written rule: a rule for each pair of peer and protocol. */
function rulesOf({ item, index, direction, head }: RuleInput): readonly Rule[] {
  const peerField = direction === "ingress" ? "from" : "to";
  const rule = fields(item, ["ports", peerField], "failClosed");
  if (rule === undefined) return [];
  const written = { action: "Allow", index, name: "", direction } as const;
  const ports = portGroups(items(rule.get("ports"), peersMax));
  const listed = items(rule.get(peerField), peersMax);
  if (rule.unknown.length > 0 || ports.isClosed) return [closedRule(written)];
  const peers = listed.length === 0 ? [{}] : mergedNets(listed.map((peer) => peerOf(peer, head)));
  return crossed(written, peers, ports.groups);
}

interface PortGroups {
  readonly groups: readonly PortGroup[];
  readonly isClosed: boolean;
}

/** Ports by protocol; none given is one group that says nothing. */
function portGroups(list: readonly At[]): PortGroups {
  if (list.length === 0) return { groups: [{}], isClosed: false };
  const byProtocol = new Map<number, PortMatch[] | "all">();
  let isClosed = false;
  for (const item of list) {
    const port = fields(item, ["protocol", "port", "endPort"], "failClosed");
    const protocol = kubernetesProtocol(port?.get("protocol"));
    if (port === undefined || protocol === undefined) continue;
    isClosed ||= port.unknown.length > 0;
    const match = portMatch(port);
    const known = byProtocol.get(protocol) ?? [];
    if (match === "all" || known === "all") byProtocol.set(protocol, "all");
    else if (match !== undefined) byProtocol.set(protocol, [...known, match]);
  }
  const groups = [...byProtocol].map(([protocol, ports]) => (ports === "all" ? { protocol } : { protocol, ports }));
  return { groups, isClosed };
}

function portMatch(port: Fields): PortMatch | "all" | undefined {
  const at = port.get("port");
  const end = port.get("endPort");
  if (at === undefined) {
    return end === undefined
      ? "all"
      : refuse(end, { code: "bad-value", message: "endPort needs a port that is a number" });
  }
  const match = portOrName(at);
  if (end === undefined || match === undefined) return match;
  if ("name" in match)
    return refuse(end, { code: "bad-value", message: "endPort does not go with the name of a port" });
  const to = integer(end, 1, 65_535);
  if (to === undefined) return undefined;
  return to < match.from ? notA(end, `a port from ${match.from} to 65535`) : { from: match.from, to };
}

/** All plain address blocks of a rule are one peer: they become one set. */
function mergedNets(peers: readonly (EntityMatch | undefined)[]): readonly EntityMatch[] {
  const given = peers.filter((peer) => peer !== undefined);
  const isPlain = (peer: EntityMatch) => peer.nets !== undefined && peer.notNets === undefined;
  const nets = given.filter(isPlain).flatMap((peer) => peer.nets ?? []);
  const others = given.filter((peer) => !isPlain(peer));
  return nets.length === 0 && others.length > 0 ? others : [...others, { nets }];
}

function peerOf(at: At, head: ObjectHead): EntityMatch | undefined {
  const peer = fields(at, ["podSelector", "namespaceSelector", "ipBlock"], "failClosed");
  if (peer === undefined || peer.unknown.length > 0) return undefined;
  const pods = peer.get("podSelector");
  const namespaces = peer.get("namespaceSelector");
  const block = peer.get("ipBlock");
  if (block !== undefined) {
    if (pods === undefined && namespaces === undefined) return blockOf(block);
    return refuse(block, { code: "bad-value", message: "ipBlock does not go with podSelector or namespaceSelector" });
  }
  if (pods === undefined && namespaces === undefined) {
    return refuse(at, { code: "bad-value", message: "a peer needs podSelector, namespaceSelector or ipBlock" });
  }
  const own = peerSelector(pods, "");
  const around = namespaces === undefined ? eq(namespaceKey, head.namespace) : peerSelector(namespaces, "pcns.");
  return own === undefined || around === undefined ? undefined : podPeer(own, around);
}

export function podPeer(pods: SelectorNode, namespaces: SelectorNode): EntityMatch {
  return { selector: selectorOf(and(namespaces, pods)), kinds: ["workload"] };
}

function blockOf(at: At): EntityMatch | undefined {
  const block = fields(at, ["cidr", "except"], "failClosed");
  if (block === undefined || block.unknown.length > 0) return undefined;
  const cidr = block.get("cidr");
  if (cidr === undefined) return refuse(at, { code: "missing-field", message: "ipBlock needs a cidr" });
  const nets = prefixes(cidr);
  const except = items(block.get("except")).flatMap((item) => {
    const parts = prefixes(item);
    if (nets.length > 0 && parts.length > 0 && !isStrictlyInside(parts, nets)) {
      refuse(item, { code: "bad-value", message: `except ${String(item.value)} is not inside ${String(cidr.value)}` });
    }
    return parts;
  });
  return except.length === 0 ? { nets } : { nets, notNets: except };
}

function isStrictlyInside(inner: readonly Prefix[], outer: readonly Prefix[]): boolean {
  return inner.every((part) =>
    outer.some(({ range }) => {
      const low = compareAddresses(part.range.low, range.low);
      const high = compareAddresses(range.high, part.range.high);
      return low >= 0 && high >= 0 && (low > 0 || high > 0);
    }),
  );
}

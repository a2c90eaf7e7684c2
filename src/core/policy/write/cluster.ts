// A draft as ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2: what the rules accept, then a deny of the rest. The API bounds its lists,
// so a long draft becomes several objects with priorities one after the other; the deny stands in the last.
import type { PolicyDraft, PortDraft, RuleDraft } from "./draft.ts";
import {
  chunks,
  cidrOf,
  directions,
  hasPorts,
  isAllPorts,
  leftOut,
  matchLabels,
  metadataOf,
  namespaceNameLabel,
  protocolName,
  rulesOf,
  type DraftDirection,
} from "./parts.ts";
import type { WriteOptions, Written } from "./write-draft.ts";

/** Of rules, peers, protocols and networks. */
const itemsMax = 25;
const priorityMax = 1000;

export function clusterManifests(draft: PolicyDraft, options: WriteOptions): Written {
  const notes: string[] = [];
  const lists = new Map(
    directions
      .filter((direction) => draft.directions.includes(direction))
      .map((direction) => [direction, sectionOf(draft, direction, notes)] as const),
  );
  if (lists.has("ingress")) {
    notes.push(
      "ClusterNetworkPolicy knows no sources but pods: what comes from outside the cluster and from nodes is not covered.",
    );
  }
  const parts = Math.max(1, ...[...lists.values()].map((pieces) => pieces.length));
  const first = Math.min(options.priority ?? 500, priorityMax - parts + 1);
  if (first < 0) {
    return {
      manifests: [],
      notes: [`Not written: ${parts} objects are needed, more than there are priorities (${priorityMax}).`],
    };
  }
  if (parts > 1) notes.push(`Split into ${parts} objects, for one holds at most ${itemsMax} rules of a direction.`);
  const manifests = Array.from({ length: parts }, (_, index) => ({
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: metadataOf(draft, nameOf(draft, parts === 1 ? "" : `-${index + 1}`), undefined),
    spec: {
      tier: options.clusterTier ?? "Baseline",
      priority: first + index,
      subject: { pods: podsOf(draft.namespace, draft.labels) },
      ...Object.fromEntries([...lists].flatMap(([direction, pieces]) => sectionAt(direction, pieces[index]))),
    },
  }));
  return { manifests, notes };
}

/** Objects of the cluster need names that hold the namespace. */
function nameOf(draft: PolicyDraft, suffix: string): string {
  return `${draft.namespace}-${draft.name}`.slice(0, 253 - suffix.length) + suffix;
}

function sectionAt(direction: DraftDirection, rules: readonly object[] | undefined): readonly [string, unknown][] {
  return rules === undefined || rules.length === 0 ? [] : [[direction, rules]];
}

/** Rules in pieces that fit into an object; the last ends with the deny. */
function sectionOf(draft: PolicyDraft, direction: DraftDirection, notes: string[]): readonly (readonly object[])[] {
  const accepts = rulesOf(draft, direction).flatMap((rule) => rulesFor(rule, draft, notes));
  return chunks([...accepts, denyOf(direction)], itemsMax);
}

function denyOf(direction: DraftDirection): object {
  const everyPod = { namespaces: {} };
  if (direction === "ingress") return { name: "deny the rest", action: "Deny", from: [everyPod] };
  return { name: "deny the rest", action: "Deny", to: [everyPod, { networks: ["0.0.0.0/0", "::/0"] }] };
}

function rulesFor(rule: RuleDraft, draft: PolicyDraft, notes: string[]): readonly object[] {
  const peers = peersOf(rule, draft);
  if (peers === undefined) {
    notes.push(leftOut(rule, "address ranges as source, which ClusterNetworkPolicy cannot hold"));
    return [];
  }
  const ports = rule.ports.filter(({ protocol }) => hasPorts(protocol));
  const strange = rule.ports.filter(({ protocol }) => !hasPorts(protocol));
  for (const { protocol } of strange)
    notes.push(leftOut(rule, `${protocolName(protocol)}, which ClusterNetworkPolicy cannot hold`));
  if (strange.length > 0 && ports.length === 0) return [];
  const side = rule.direction === "ingress" ? "from" : "to";
  const name = rule.comment.slice(0, 100);
  const protocolLists = ports.length === 0 ? [undefined] : chunks(ports.flatMap(protocolsOf), itemsMax);
  return chunks(peers, itemsMax).flatMap((some) =>
    protocolLists.map((protocols) => ({
      ...(name === "" ? {} : { name }),
      action: "Accept",
      [side]: some,
      ...(protocols === undefined ? {} : { protocols }),
    })),
  );
}

function peersOf({ peer, direction }: RuleDraft, draft: PolicyDraft): readonly object[] | undefined {
  switch (peer.kind) {
    case "any":
      if (direction === "ingress") return [{ namespaces: {} }];
      return [{ namespaces: {} }, { networks: ["0.0.0.0/0", "::/0"] }];
    case "nets":
      if (direction === "ingress") return undefined;
      return chunks(peer.nets.map(cidrOf), itemsMax).map((networks) => ({ networks }));
    case "domains":
      return direction === "ingress" ? undefined : chunks(peer.names, itemsMax).map((domainNames) => ({ domainNames }));
    case "pods":
      return [{ pods: podsOf(peer.namespace === "" ? draft.namespace : peer.namespace, peer.labels) }];
  }
}

function podsOf(namespace: string, labels: Readonly<Record<string, string>>): object {
  return { namespaceSelector: { matchLabels: { [namespaceNameLabel]: namespace } }, podSelector: matchLabels(labels) };
}

/** A range of the API must have two ends. */
function protocolsOf(port: PortDraft): readonly object[] {
  const name = protocolName(port.protocol).toLowerCase();
  const from = Math.max(1, port.from);
  const all = { destinationPort: { range: { start: 1, end: 65_535 } } };
  if (isAllPorts(port)) return [{ [name]: all }];
  const destinationPort = from === port.to ? { number: from } : { range: { start: from, end: port.to } };
  return [{ [name]: { destinationPort } }];
}

// Three simpler recommenders over the same flows, to compare with: exact edges, whole namespaces, and one rule per peer (labels without pod hashes).
import { ownerOf } from "../../src/core/policy/recommend/groups.ts";
import type { PeerDraft, PolicyDraft, RuleDraft } from "../../src/core/policy/write/draft.ts";
import type { RecordedFlow, World, WorldEndpoint } from "../../src/core/policy/world.ts";

export type Baseline = (flows: readonly RecordedFlow[], world: World) => readonly PolicyDraft[];

interface Seen {
  readonly from: WorldEndpoint | string;
  readonly to: WorldEndpoint | string;
  readonly flow: RecordedFlow;
}

/** What was let through, with the ends as today's world knows them; a pod that is gone stands for nobody, as in the tools compared with. */
function seenOf(flows: readonly RecordedFlow[], world: World): readonly Seen[] {
  const byId = new Map(world.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const byOwner = new Map(world.endpoints.map((endpoint) => [ownerOf(endpoint), endpoint]));
  return flows.flatMap((flow) => {
    if (flow.verdict !== "allow") return [];
    const from = flow.source.address || (byId.get(flow.source.endpoint) ?? byOwner.get(flow.sourceWorkload));
    const to =
      flow.destination.address || (byId.get(flow.destination.endpoint) ?? byOwner.get(flow.destinationWorkload));
    return from === undefined || to === undefined ? [] : [{ from, to, flow }];
  });
}

interface Subject {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Policies by subject; rules told once each. */
function drafts(
  seen: readonly Seen[],
  subjectOf: (pod: WorldEndpoint) => Subject,
  peerOf: (end: WorldEndpoint | string) => PeerDraft,
  portsOf: (flow: RecordedFlow) => RuleDraft["ports"],
): readonly PolicyDraft[] {
  const bySubject = new Map<string, { subject: Subject; rules: Map<string, RuleDraft> }>();
  const add = (
    pod: WorldEndpoint | string,
    direction: RuleDraft["direction"],
    other: WorldEndpoint | string,
    flow: RecordedFlow,
  ): void => {
    if (typeof pod === "string" || pod.namespace === "kube-system") return;
    const subject = subjectOf(pod);
    const key = JSON.stringify(subject);
    const entry = bySubject.get(key) ?? { subject, rules: new Map<string, RuleDraft>() };
    const rule: RuleDraft = { direction, peer: peerOf(other), ports: portsOf(flow), comment: "" };
    entry.rules.set(JSON.stringify(rule), rule);
    bySubject.set(key, entry);
  };
  for (const { from, to, flow } of seen) {
    add(from, "egress", to, flow);
    add(to, "ingress", from, flow);
  }
  return [...bySubject.values()].map(({ subject, rules }, index) => ({
    ...subject,
    name: `baseline-${index}`,
    directions: ["ingress", "egress"],
    rules: [...rules.values()],
    annotations: {},
  }));
}

const onePort = ({ protocol, destinationPort }: RecordedFlow): RuleDraft["ports"] => [
  { protocol, from: destinationPort, to: destinationPort },
];
const netOf = (address: string): PeerDraft => ({ kind: "nets", nets: [`${address}/32`] });

/** Peers by the addresses that were seen, and nothing else; its own pods by their labels without hashes, else a redeploy would end all isolation. */
export const exactEdge: Baseline = (flows, world) =>
  drafts(
    seenOf(flows, world),
    ({ namespace, labels }) => ({ namespace, labels: filtered(labels) }),
    (end) => netOf(typeof end === "string" ? end : (end.addresses[0] ?? "")),
    onePort,
  );

/** Namespaces that talked may talk, on every port; whoever reached out may reach everything outside. */
export const namespaceLevel: Baseline = (flows, world) =>
  drafts(
    seenOf(flows, world),
    ({ namespace }) => ({ namespace, labels: {} }),
    (end) => (typeof end === "string" ? { kind: "any" } : { kind: "pods", namespace: end.namespace, labels: {} }),
    () => [],
  );

/** Labels without the pod's own hashes, one rule for each peer and port, outside addresses as they are. */
export const onePerPeer: Baseline = (flows, world) =>
  drafts(
    seenOf(flows, world),
    ({ namespace, labels }) => ({ namespace, labels: filtered(labels) }),
    (end) =>
      typeof end === "string" ? netOf(end) : { kind: "pods", namespace: end.namespace, labels: filtered(end.labels) },
    onePort,
  );

const dropped = new Set(["pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name"]);

function filtered(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !dropped.has(key)));
}

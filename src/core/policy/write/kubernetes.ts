// A draft as NetworkPolicy of networking.k8s.io/v1. It knows no names of domains, and no protocols but TCP, UDP and SCTP.
import type { PolicyDraft, PortDraft, RuleDraft } from "./draft.ts";
import {
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
} from "./parts.ts";
import type { Written } from "./write-draft.ts";

export function kubernetesManifest(draft: PolicyDraft): Written {
  const notes: string[] = [];
  const written = directions.filter((direction) => draft.directions.includes(direction));
  const sections = written.map((direction) => {
    const rules = rulesOf(draft, direction).flatMap((rule) => ruleOf(rule, notes) ?? []);
    return [direction, rules] as const;
  });
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(draft, draft.name, draft.namespace),
    spec: {
      podSelector: matchLabels(draft.labels),
      policyTypes: written.map((direction) => (direction === "ingress" ? "Ingress" : "Egress")),
      ...Object.fromEntries(sections.filter(([, rules]) => rules.length > 0)),
    },
  };
  return { manifests: [manifest], notes };
}

function ruleOf(rule: RuleDraft, notes: string[]): object | undefined {
  const peers = peersOf(rule);
  if (peers === undefined) {
    notes.push(leftOut(rule, "names of domains, which NetworkPolicy cannot hold"));
    return undefined;
  }
  const ports = rule.ports.filter(({ protocol }) => hasPorts(protocol));
  const strange = rule.ports.filter(({ protocol }) => !hasPorts(protocol));
  for (const { protocol } of strange)
    notes.push(leftOut(rule, `${protocolName(protocol)}, which NetworkPolicy cannot hold`));
  if (strange.length > 0 && ports.length === 0) return undefined;
  const side = rule.direction === "ingress" ? "from" : "to";
  return {
    ...(peers.length === 0 ? {} : { [side]: peers }),
    ...(ports.length === 0 ? {} : { ports: ports.map(portOf) }),
  };
}

/** [] is anybody; undefined cannot be written. */
function peersOf({ peer }: RuleDraft): readonly object[] | undefined {
  switch (peer.kind) {
    case "any":
      return [];
    case "nets":
      return peer.nets.length === 0 ? undefined : peer.nets.map((net) => ({ ipBlock: { cidr: cidrOf(net) } }));
    case "domains":
      return undefined;
    case "pods": {
      const podSelector = matchLabels(peer.labels);
      if (peer.namespace === "") return [{ podSelector }];
      return [{ namespaceSelector: { matchLabels: { [namespaceNameLabel]: peer.namespace } }, podSelector }];
    }
  }
}

function portOf(port: PortDraft): object {
  const protocol = protocolName(port.protocol);
  if (isAllPorts(port)) return { protocol };
  return port.from === port.to
    ? { protocol, port: port.from }
    : { protocol, port: Math.max(1, port.from), endPort: port.to };
}

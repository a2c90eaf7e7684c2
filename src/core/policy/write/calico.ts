// A draft as NetworkPolicy of projectcalico.org/v3, or its staged twin.
import { and, eq } from "../selector/build.ts";
import { selectorOf } from "../selector/canonical.ts";
import type { PolicyDraft, PortDraft, RuleDraft } from "./draft.ts";
import {
  cidrOf,
  directions,
  hasPorts,
  isAllPorts,
  isIpv4Net,
  leftOut,
  metadataOf,
  namespaceNameLabel,
  rulesOf,
} from "./parts.ts";
import type { WriteOptions, Written } from "./write-draft.ts";

const names: Readonly<Record<number, string>> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  58: "ICMPv6",
  132: "SCTP",
  136: "UDPLite",
};
const defaultTier = "default";

export function calicoManifest(draft: PolicyDraft, options: WriteOptions): Written {
  const tier = options.tier ?? defaultTier;
  const written = directions.filter((direction) => draft.directions.includes(direction));
  const notes: string[] = [];
  const sections = written.map((direction) => {
    const rules = rulesOf(draft, direction).flatMap((rule) => {
      if (rule.direction === "egress" || rule.peer.kind !== "domains") return rulesFor(rule);
      notes.push(leftOut(rule, "names of domains as source"));
      return [];
    });
    return [direction, rules] as const;
  });
  const manifest = {
    apiVersion: "projectcalico.org/v3",
    kind: options.staged === undefined ? "NetworkPolicy" : "StagedNetworkPolicy",
    metadata: metadataOf(draft, tier === defaultTier ? draft.name : `${tier}.${draft.name}`, draft.namespace),
    spec: {
      ...(options.staged === undefined ? {} : { stagedAction: options.staged }),
      tier,
      order: options.order ?? 100,
      selector: selectorText(draft.labels),
      types: written.map((direction) => (direction === "ingress" ? "Ingress" : "Egress")),
      ...Object.fromEntries(sections.filter(([, rules]) => rules.length > 0)),
    },
  };
  if (draft.rules.some(({ peer, direction }) => peer.kind === "domains" && direction === "egress")) {
    notes.push("Rules with names of domains need Garrison or Calico Enterprise; open-source Calico refuses them.");
  }
  return { manifests: [manifest], notes };
}

function selectorText(labels: Readonly<Record<string, string>>): string {
  return selectorOf(and(...Object.entries(labels).map(([key, value]) => eq(key, value)))).text;
}

/** A rule for each protocol, and of address ranges for each IP version: the API takes no mixtures. */
function rulesFor(rule: RuleDraft): readonly object[] {
  const side = rule.direction === "ingress" ? "source" : "destination";
  const annotations = rule.comment === "" ? {} : { metadata: { annotations: { comment: rule.comment } } };
  return peersOf(rule).flatMap((peer) =>
    portGroups(rule.ports).map(({ protocol, ports }) => {
      const far = side === "destination" && ports !== undefined ? { ...peer, ports } : peer;
      const near = side === "source" && ports !== undefined ? { destination: { ports } } : {};
      return {
        action: "Allow",
        ...annotations,
        ...(protocol === undefined ? {} : { protocol }),
        ...(Object.keys(far).length === 0 ? {} : { [side]: far }),
        ...near,
      };
    }),
  );
}

function peersOf({ peer }: RuleDraft): readonly object[] {
  switch (peer.kind) {
    case "any":
      return [{}];
    case "domains":
      return peer.names.length === 0 ? [] : [{ domains: peer.names }];
    case "nets": {
      const byVersion = [peer.nets.filter(isIpv4Net), peer.nets.filter((net) => !isIpv4Net(net))];
      return byVersion.filter((nets) => nets.length > 0).map((nets) => ({ nets: nets.map(cidrOf) }));
    }
    case "pods": {
      const selector = selectorText(peer.labels);
      if (peer.namespace === "") return [{ selector }];
      const namespaceSelector = selectorText({ [namespaceNameLabel]: peer.namespace });
      return [{ namespaceSelector, selector }];
    }
  }
}

function portGroups(list: readonly PortDraft[]): readonly { protocol?: string | number; ports?: readonly unknown[] }[] {
  if (list.length === 0) return [{}];
  const protocols = [...new Set(list.map(({ protocol }) => protocol))];
  return protocols.map((number) => {
    const protocol = names[number] ?? number;
    const own = list.filter((port) => port.protocol === number);
    if (!hasPorts(number) || own.some(isAllPorts)) return { protocol };
    return { protocol, ports: own.map(({ from, to }) => (from === to ? from : `${Math.max(1, from)}:${to}`)) };
  });
}

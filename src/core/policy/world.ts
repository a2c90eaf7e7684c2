// The world that policies are judged against: namespaces, endpoints with labels and addresses, services. And flows as questions.
// Plain data; the evaluator indexes it. Host endpoints and network sets are policy objects (model.ts), not part of the world.
import type { NamedPort } from "./model.ts";

export interface WorldEndpoint {
  /** Pods "pod/<namespace>/<name>", nodes "node/<name>"; unique. */
  readonly id: string;
  readonly kind: "workload" | "hostNetwork" | "node";
  readonly namespace: string;
  readonly name: string;
  /** Its own labels. Keys with the reserved prefixes pcns., pcsa. and projectcalico.org/ are not believed: they would lend another namespace's rights. */
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  /** Name of its node; "" when not known. */
  readonly node: string;
  /** Owner, for grouping in answers: "Deployment/web"; "" when not known. */
  readonly workload: string;
  /** The interface on its node that leads to it; "" when not known or on another node. */
  readonly interfaceName: string;
}

export interface WorldService {
  readonly namespace: string;
  readonly name: string;
  /** Cluster addresses, as clients dial them. */
  readonly addresses: readonly string[];
  readonly backends: readonly { readonly address: string; readonly protocol: number; readonly port: number }[];
}

export interface World {
  readonly namespaces: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly serviceAccounts: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly endpoints: readonly WorldEndpoint[];
  readonly services: readonly WorldService[];
  /** Prefixes that are the cluster's own: an address in one that no endpoint has is unknown, not outside. */
  readonly ranges: readonly string[];
  /** Why the world is not whole ("pods: forbidden"); "" when it is. A part that is not known makes verdicts unknown, never allowed. */
  readonly incomplete: string;
}

/** One end of a flow: a known endpoint, or an address. With both, the endpoint is believed. */
export interface FlowEnd {
  /** Id of a WorldEndpoint or "hostEndpoint/<name>"; "" when only the address is known. */
  readonly endpoint: string;
  /** Text; "" only when the endpoint is known and its first address shall be taken. */
  readonly address: string;
}

export interface PolicyFlow {
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  /** IANA number. */
  readonly protocol: number;
  /** 0 when not known. */
  readonly sourcePort: number;
  /** 0 for protocols without ports. */
  readonly destinationPort: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly http?: { readonly method: string; readonly path: string };
  /** DNS names that the source had resolved to the destination's address; absent: nobody looked. */
  readonly domains?: readonly string[];
  /** The packet is forwarded by the host endpoint's node, not for it. */
  readonly isForwarded?: true;
}

/** A flow as it was recorded: the key and how often it was seen. What simulation and recommendation read. */
export interface RecordedFlow extends PolicyFlow {
  readonly connections: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** On how many days (UTC) it was seen. */
  readonly days: number;
  /** What was decided then. */
  readonly verdict: "allow" | "deny" | "unknown";
  /** Owners as recorded, for ends whose endpoint is gone: "shop/Deployment/web"; "" when not known. */
  readonly sourceWorkload: string;
  readonly destinationWorkload: string;
}

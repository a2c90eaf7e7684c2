// The canonical policy model: what every dialect is parsed into, and all that evaluation, lint, proofs and compilers read.
// It is the Calico v3 model with what other dialects need beside it. Everything implicit in a dialect is explicit here.
import type { AddressRange } from "../../base/ip.ts";
import type { Selector } from "./selector/selector.ts";

export type Direction = "ingress" | "egress";
export type Action = "Allow" | "Deny" | "Pass" | "Log";
/** kubernetes: NetworkPolicy v1. cluster: ClusterNetworkPolicy v1alpha2. admin: its two predecessors. */
export type Dialect = "kubernetes" | "cluster" | "admin" | "calico" | "cilium";

/**
 * What can be at an end of a flow: a pod with its own address, a pod in its node's network, a HostEndpoint, a node, or what a
 * (Global)NetworkSet names. `hostNetwork` pods are neither subject nor peer of any policy; they are known so that traces can say why.
 */
export const endpointKinds = ["workload", "hostNetwork", "hostEndpoint", "node", "networkSet"] as const;
export type EndpointKind = (typeof endpointKinds)[number];

/** A prefix as it was written, and what it covers. */
export interface Prefix {
  readonly text: string;
  readonly range: AddressRange;
}

export type PortMatch =
  /** Both ends included. */
  | { readonly from: number; readonly to: number }
  /** Resolved on the destination endpoint, for the flow's protocol; without such an endpoint or port it matches nothing. */
  | { readonly name: string };

export interface IcmpMatch {
  readonly type: number;
  readonly code?: number;
}

export interface HttpPath {
  readonly match: "exact" | "prefix";
  readonly value: string;
}

/**
 * One end of a rule; everything given must hold. A missing field does not constrain; an empty list matches nothing.
 * `selector` holds when a thing of `kinds` with the end's address is selected; `notSelector` when none is.
 */
export interface EntityMatch {
  readonly nets?: readonly Prefix[];
  readonly notNets?: readonly Prefix[];
  readonly selector?: Selector;
  readonly notSelector?: Selector;
  /** What selectors of this end may select; default workload, hostEndpoint and networkSet. */
  readonly kinds?: readonly EndpointKind[];
  readonly ports?: readonly PortMatch[];
  readonly notPorts?: readonly PortMatch[];
  /** Addresses (and, at a destination, protocol and port) behind a Kubernetes service. */
  readonly service?: { readonly namespace: string; readonly name: string };
  /** DNS names: "example.com", "*.example.com" (one or more whole labels). Egress destination of Allow rules only. */
  readonly domains?: readonly string[];
  /** Only addresses that no workload, host-network pod, host endpoint or node of the cluster has (Cilium: world and CIDRs). */
  readonly outsideOnly?: true;
}

export interface Rule {
  readonly action: Action;
  /** The index in the list that the user wrote; one written rule may have become several. */
  readonly written: number;
  /** The user's name for it, "" without. */
  readonly name: string;
  readonly ipVersion?: 4 | 6;
  /** IANA numbers: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6, 132 SCTP, 136 UDPLite. */
  readonly protocol?: number;
  readonly notProtocol?: number;
  readonly icmp?: IcmpMatch;
  readonly notIcmp?: IcmpMatch;
  readonly http?: { readonly methods?: readonly string[]; readonly paths?: readonly HttpPath[] };
  readonly source: EntityMatch;
  readonly destination: EntityMatch;
}

/** Where an object stands in its file: 1-based; file "" when it came from no file. */
export interface SourcePlace {
  readonly file: string;
  /** 0-based index of the YAML document. */
  readonly document: number;
  readonly line: number;
}

export const stagedActions = ["Set", "Delete", "Learn", "Ignore"] as const;
export type StagedAction = (typeof stagedActions)[number];

export interface Policy {
  /** "<dialect>/<kind>/<namespace or ->/<name>"; unique in a set. */
  readonly id: string;
  readonly dialect: Dialect;
  /** As written: NetworkPolicy, GlobalNetworkPolicy, StagedNetworkPolicy, ClusterNetworkPolicy, ... */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  /** Infinity when none was given. Ties: by "name/namespace/kind". */
  readonly order: number;
  /** Absent: enforced. Staged policies never decide about packets. */
  readonly staged?: StagedAction;
  /** Which endpoints it applies to; namespace and service account are in it already. */
  readonly selector: Selector;
  readonly kinds: readonly EndpointKind[];
  /** Effective, never inferred later. */
  readonly directions: readonly Direction[];
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
  /** False: an endpoint that only such policies apply to passes the tier's end (Cilium without default deny). Default true. */
  readonly endsTier: boolean;
  readonly doNotTrack: boolean;
  readonly preDnat: boolean;
  readonly applyOnForward: boolean;
  readonly place: SourcePlace;
}

export interface Tier {
  readonly name: string;
  /** Infinity when none was given: last, ties by name. */
  readonly order: number;
  readonly defaultAction: "Deny" | "Pass";
  readonly place: SourcePlace;
}

export interface NetworkSet {
  /** "" for a GlobalNetworkSet. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nets: readonly Prefix[];
  readonly domains: readonly string[];
  readonly place: SourcePlace;
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: number;
  readonly port: number;
}

export interface HostEndpoint {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node: string;
  /** "*": all interfaces of the node. "": known by its addresses. */
  readonly interfaceName: string;
  readonly expectedAddresses: readonly string[];
  readonly ports: readonly NamedPort[];
  readonly profiles: readonly string[];
  readonly place: SourcePlace;
}

export interface Profile {
  readonly name: string;
  readonly labelsToApply: Readonly<Record<string, string>>;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
  readonly place: SourcePlace;
}

/** All policy objects that count together, in any order: no engine may depend on the order. */
export interface PolicySet {
  readonly tiers: readonly Tier[];
  readonly policies: readonly Policy[];
  readonly networkSets: readonly NetworkSet[];
  readonly hostEndpoints: readonly HostEndpoint[];
  readonly profiles: readonly Profile[];
}

/** Something wrong with an input or worth a look; `error`: the object was refused (or its part failed closed), the rest went on. */
export interface PolicyProblem {
  readonly severity: "error" | "warning" | "note";
  /** "policy/kebab". */
  readonly code: string;
  readonly message: string;
  /** One sentence: how to fix it; "" when there is nothing to add. */
  readonly hint: string;
  /** Id of the policy or "Kind/namespace/name" of another object; "" when it could not be told. */
  readonly object: string;
  readonly place: SourcePlace;
  /** "spec.ingress[0].ports[1].port"; "" for the object as a whole. */
  readonly path: string;
}

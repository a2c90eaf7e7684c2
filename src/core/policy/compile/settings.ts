// What a compiler of policies is told about its node, and what it gives back. All plain data.
import type { Enforcement } from "../../../model/enforcement.ts";
import type { PolicyProblem } from "../model.ts";
import type { NftRuleset } from "./nft/ruleset.ts";

/** An endpoint whose packets this kernel forwards. Its addresses are those of the engine's world. */
export interface LocalPlace {
  /** Id of a world endpoint. */
  readonly endpoint: string;
  /** The interface of this node that leads to it; "" when not known: then it is known by its address, and posing as it is not seen. */
  readonly interfaceName: string;
}

/** A peer of the node itself that no policy may cut: Garrison's server, the API server, the cluster's DNS. */
export interface AlwaysAllowed {
  readonly address: string;
  readonly protocol: number;
  /** 0: every port. */
  readonly port: number;
}

export interface CompileSettings {
  /** Name of this node, as in host endpoints. */
  readonly node: string;
  readonly local: readonly LocalPlace[];
  readonly nodeAddresses: readonly string[];
  readonly failsafe: Enforcement["failsafe"];
  readonly workloadToHost: Enforcement["workloadToHost"];
  /** From the node outwards, ahead of every tier of its host endpoints. */
  readonly alwaysAllowed: readonly AlwaysAllowed[];
  /** Questions of endpoints with rules on names, to one of these servers ("address" or "address:port"), go to the proxy. Absent: they go where they were sent. */
  readonly dns?: {
    readonly proxyPort: number;
    readonly upstreams: readonly string[];
    /**
     * This node's own addresses that the proxy listens at, at most one per family. A family without one: the first address of the link that the
     * question came in by, and links to pods often have none.
     */
    readonly proxyAddresses?: readonly string[];
    /** open: questions go to the proxy only while somebody keeps `dnsLiveSet` filled; when that process dies they go where they were sent. Default closed. */
    readonly failMode?: "closed" | "open";
  };
  /** Which first packets are reported through NFLOG. */
  readonly log: "all" | "denied" | "none";
  /** Interfaces that begin so lead to workloads: packets of those that are not in `local` are dropped. Empty: they are left alone. */
  readonly workloadInterfacePrefixes: readonly string[];
  /**
   * Links that several local endpoints send by, with the prefixes behind them (bridges of pods): packets from there must have an address that an
   * endpoint is known by, once one of these has an egress policy. Absent: nobody looked, and it is not said which sources cannot be told apart.
   */
  readonly sharedLinks?: readonly { readonly name: string; readonly prefixes: readonly string[] }[];
}

/** A rule on names: who fills its sets, for whom. Elements are (client, destination), with a time. */
export interface DomainSet {
  readonly set4: string;
  readonly set6: string;
  /** Sorted; "*.example.com" as written. */
  readonly names: readonly string[];
  readonly rules: readonly { readonly policy: string; readonly ruleId: number }[];
  /** Ids of local endpoints, sorted. */
  readonly clients: readonly string[];
}

export interface CompiledPolicies {
  readonly ruleset: NftRuleset;
  /** What could not be compiled and therefore fails closed. */
  readonly problems: readonly PolicyProblem[];
  readonly domainSets: readonly DomainSet[];
  /** The engine's, of the policies that were compiled. */
  readonly generation: number;
}

/** What changed in the world since the last `compile` of the same compiler, whole: anything else makes it look at everything. */
export interface WorldChange {
  /** Ids of endpoints that came, went or changed. */
  readonly endpoints: readonly string[];
}

export const compileLimits = {
  /** Rules of one policy chain, after a rule with alternatives became several; the policy's rest fails closed. */
  rulesPerPolicyMax: 20_000,
} as const;

export const tableName = "garrison";

/** With fail mode "open": protocol numbers (17, 6) with a time, put there by the living DNS proxy. */
export const dnsLiveSet = "gr_dnslive";

// What the policy engine promises to whoever asks it (agent, server, command line, compiler). `create-engine.ts` makes one.
import type { Explanation, FlowVerdict, PolicyVerdict, RuleRef } from "../../../model/policy-verdict.ts";
import type { Direction, EndpointKind, PolicySet } from "../model.ts";
import type { Selector } from "../selector/selector.ts";
import type { PolicyFlow, World, WorldEndpoint, WorldService } from "../world.ts";

/** Enforced: what packets meet. Staged: as if staged policies were enforced (and staged deletions done). */
export type Lane = "enforced" | "staged";

/** A thing with addresses that selectors select: a world endpoint, a host endpoint or a network set. */
export interface Thing {
  /** World id, "hostEndpoint/<name>", "networkSet/<namespace or ->/<name>". */
  readonly id: string;
  readonly kind: EndpointKind;
  /** Effective labels, inherited ones included. */
  readonly labels: Readonly<Record<string, string>>;
  /** Addresses, or prefixes of a network set, as text. */
  readonly addresses: readonly string[];
}

/** Endpoints to which exactly the same policies apply, in the same order. */
export interface PolicyClass {
  /** Stable while its policies are the same: hash of `policies`. */
  readonly id: string;
  readonly direction: Direction;
  /** By tier, in order of evaluation; only tiers with something that applies. Policy ids. */
  readonly tiers: readonly {
    readonly tier: string;
    readonly policies: readonly string[];
    readonly endsTier: boolean;
  }[];
}

/** A verdict without the endpoints' names and the steps: one value for all flows that policies cannot tell apart. */
export interface Judgement {
  readonly verdict: PolicyVerdict;
  readonly because: string;
  /** What decided each direction; undefined when nothing applied. */
  readonly egress: RuleRef | undefined;
  readonly ingress: RuleRef | undefined;
}

export interface PolicyEngine {
  readonly set: PolicySet;
  /** 32-bit digest of the policy set, whatever its order. Goes into `flows.policyGeneration`. */
  readonly generation: number;
  /** Rises with each change of the world or the policies. */
  readonly version: number;

  evaluate(flow: PolicyFlow, lane?: Lane): FlowVerdict;
  /** The verdict of `evaluate`, remembered (within limits) by what policies can tell apart: for many questions over one state. */
  judge(flow: PolicyFlow, lane?: Lane): Judgement;
  /** The same verdicts with all steps, and for a deny the nearest allows (at most `nearestMax`, default 3, per direction). */
  explain(flow: PolicyFlow, options?: { readonly nearestMax?: number }): Explanation;

  /** Puts or replaces endpoints, and forgets the named ones. Policies' matches follow at once. */
  change(change: { readonly put?: readonly WorldEndpoint[]; readonly remove?: readonly string[] }): void;
  /** Replaces everything but endpoints when `endpoints` is left out. */
  setWorld(world: Partial<World>): void;
  setPolicies(set: PolicySet): void;

  thing(id: string): Thing | undefined;
  /** As the world has it: named ports, node, interface. Undefined for host endpoints and network sets. */
  endpoint(id: string): WorldEndpoint | undefined;
  service(namespace: string, name: string): WorldService | undefined;
  /** Of the world: the cluster's own prefixes, and why the world is not whole ("" when it is). */
  readonly ranges: readonly string[];
  readonly incomplete: string;
  things(): Iterable<Thing>;
  /** Things that a selector selects, of these kinds. */
  selected(selector: Selector, kinds: readonly EndpointKind[]): readonly Thing[];
  /** The same as ids alone: cheap for many selectors. */
  idsSelected(selector: Selector, kinds: readonly EndpointKind[]): readonly string[];
  /** Endpoints that a policy applies to; policy id. */
  endpointsOf(policy: string): readonly string[];
  classOf(endpoint: string, direction: Direction, lane?: Lane): PolicyClass | undefined;
  rule(ruleId: number): RuleRef | undefined;
  ruleIdOf(at: Omit<RuleRef, "ruleId" | "ruleName" | "staged">): number;
}

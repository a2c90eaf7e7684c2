// Nouns of the policy operations: cards of the board, problems, flows as they were recorded, what a change would do. An absent number was not
// looked at (`because` says why); 0 was looked at and is none.
import { z } from "zod";
import { enforcementStates, EnforcementStatus } from "../../../model/enforcement-status.ts";
import { PolicyVerdict, RuleRef } from "../../../model/policy-verdict.ts";

export const policyLimits = {
  /** Boards of one answer; more clusters are counted. */
  boardsMax: 20,
  /** Cards of one board; the last in order are left out and counted. */
  cardsMax: 2000,
  /** Problems of one answer, errors first. */
  problemsMax: 200,
  /** What nodes say of one policy: the worst first, the rest is counted. */
  nodesMax: 100,
  endpointsPageMax: 1000,
  /** Manifests in one request, as characters of YAML or JSON. */
  manifestCharsMax: 512 * 1024,
  removedMax: 500,
  /** Groups of flows whose verdict changes: the busiest. */
  groupsMax: 500,
  /** Endpoints that a change touches, in one answer. */
  endpointChangesMax: 500,
  /** Keys of recorded flows in one answer or one preview: the busiest. */
  flowsMax: 50_000,
  flowsDefault: 20_000,
  /** Workloads of one recommendation. */
  recommendationsMax: 200,
  /** Held edges of one recommendation. */
  heldMax: 500,
} as const;

export const dialects = ["kubernetes", "cluster", "admin", "calico", "cilium"] as const;
export const stagedActions = ["Set", "Delete", "Learn", "Ignore"] as const;

export const PolicyProblem = z.object({
  severity: z.enum(["error", "warning", "note"]),
  /** "policy/kebab", or "lint/kebab" of a check. */
  code: z.string(),
  message: z.string(),
  /** How to fix it; "" when there is nothing to add. */
  hint: z.string(),
  /** Id of the policy or "Kind/namespace/name" of another object; "" when it could not be told. */
  object: z.string(),
  /** Name of the resource or file that holds it; "" for the text of a request. */
  file: z.string(),
  /** Index of the YAML document, from 0, and the line in the text, from 1; 0 when it came from no text. */
  document: z.int(),
  line: z.int(),
  /** "spec.ingress[0].ports[1].port"; "" for the object as a whole. */
  path: z.string(),
});
export type PolicyProblem = z.infer<typeof PolicyProblem>;

/** Connections that rules decided about, as agents reported them. */
export const PolicyCounts = z.object({
  allowed: z.int().optional(),
  denied: z.int().optional(),
  /** Of endpoints that the policy applies to: connections that no rule of its tier matched, so that the tier's end decided. Not told by rule ids. */
  unmatched: z.int().optional(),
  /** Why the numbers are absent or may be too small; empty when they are whole. */
  because: z.string(),
});
export type PolicyCounts = z.infer<typeof PolicyCounts>;

/**
 * What a node makes of a policy (model/enforcement-status), and: waiting: the node has not told of this generation. watched: the policy is the cluster's
 * own, whoever enforces it there.
 */
export const policyNodeStates = [...enforcementStates, "waiting", "watched"] as const;
export type PolicyNodeStateName = (typeof policyNodeStates)[number];

export const PolicyNodeState = z.object({
  node: z.string(),
  state: z.enum(policyNodeStates),
  /** One line for a person: the receipt ("read back; 1 allowed and 1 denied connection tried"), or why not; "" when there is nothing to say. */
  because: z.string(),
  /** Of the resource that the node speaks of; 0 when it said nothing. */
  generation: z.int(),
  /** As the node told it, with the receipt; absent when it told nothing of enforcement. */
  status: EnforcementStatus.optional(),
});
export type PolicyNodeState = z.infer<typeof PolicyNodeState>;

export const PolicyEnforcement = z.object({
  /** How many nodes are in each state; states without nodes are left out. */
  states: z.partialRecord(z.enum(policyNodeStates), z.int()),
  /** Those that need an eye first: refused, failed, broken-glass, taken-back, unproved, waiting, preview, off, enforced. */
  nodes: z.array(PolicyNodeState),
  omitted: z.int(),
});
export type PolicyEnforcement = z.infer<typeof PolicyEnforcement>;

/** Where the manifest is kept: a resource of Garrison, or an object of the cluster that is only read. */
export const PolicyHome = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("resource"),
    /** Key of the Policy resource, for its history, and for changing it. */
    scope: z.string(),
    name: z.string(),
    generation: z.int(),
    author: z.string(),
    time: z.iso.datetime(),
  }),
  z.object({ kind: z.literal("cluster"), cluster: z.string() }),
]);
export type PolicyHome = z.infer<typeof PolicyHome>;

export const PolicyCard = z.object({
  /** "<dialect>/<kind>/<namespace or ->/<name>"; unique in a board. */
  id: z.string(),
  home: PolicyHome,
  dialect: z.enum(dialects),
  /** As written: NetworkPolicy, GlobalNetworkPolicy, StagedNetworkPolicy, ... */
  kind: z.string(),
  /** "" for policies of the whole cluster. */
  namespace: z.string(),
  name: z.string(),
  tier: z.string(),
  /** Absent: none was given, it comes last. */
  order: z.number().optional(),
  /** Absent: it decides about packets (where it is enforced). */
  staged: z.enum(stagedActions).optional(),
  directions: z.array(z.enum(["ingress", "egress"])),
  rules: z.object({ ingress: z.int(), egress: z.int() }),
  /** Canonical text of whom it applies to. */
  selector: z.string(),
  /** Endpoints it applies to now; absent while the world is not known. */
  endpoints: z.int().optional(),
  /** What its rules decided, as nodes reported it by rule id. */
  counts: PolicyCounts,
  /** What its rules, as they are today, say of the recorded flows of the window: worked out by the server, no node had to enforce anything. */
  judged: PolicyCounts,
  problems: z.object({ errors: z.int(), warnings: z.int(), notes: z.int() }),
  enforcement: PolicyEnforcement,
});
export type PolicyCard = z.infer<typeof PolicyCard>;

export const enforcementModes = ["off", "preview", "enforce"] as const;

export const PolicyBoard = z.object({
  cluster: z.string(),
  /** True: the demonstration's. */
  simulated: z.boolean(),
  /** In order of evaluation. Tiers without policies are there when they were written, or built in and used. */
  tiers: z.array(
    z.object({
      name: z.string(),
      /** Absent: none was given, it comes last. */
      order: z.number().optional(),
      /** What becomes of a packet that a policy applied to and no rule matched. */
      defaultAction: z.enum(["Deny", "Pass"]),
      /** Connections that reached its end: denied, or passed on and not counted here. */
      end: z.object({ counts: PolicyCounts, judged: PolicyCounts }),
      /** In order of evaluation. */
      cards: z.array(PolicyCard),
      /** The staged lane: what is not in force, in the order it would have. */
      staged: z.array(PolicyCard),
    }),
  ),
  cardsOmitted: z.int(),
  enforcement: z.object({
    /** Of the cluster's nodes that have no Enforcement of their own. */
    mode: z.enum(enforcementModes),
    /** Scope of the Enforcement resource that says so; "" when there is none, which is "off". */
    scope: z.string(),
    /** Nodes with another mode by an Enforcement of their own. */
    exceptions: z.array(z.object({ node: z.string(), mode: z.enum(enforcementModes) })),
  }),
  /** Of the whole set, other objects' too; errors first. */
  problems: z.array(PolicyProblem),
  problemsOmitted: z.int(),
  others: z.object({ networkSets: z.int(), hostEndpoints: z.int(), profiles: z.int() }),
  /** Digest of the policy set: `policyGeneration` of flows that were judged by it. */
  generation: z.int(),
  world: z.object({
    endpoints: z.int(),
    namespaces: z.int(),
    /** Why it is not whole; "" when it is. */
    incomplete: z.string(),
    /** When the newest word of the cluster's API server came; absent where none is asked. */
    currentAt: z.iso.datetime().optional(),
  }),
});
export type PolicyBoard = z.infer<typeof PolicyBoard>;

const FlowEnd = z.object({
  /** Id of an endpoint, "pod/<namespace>/<name>"; "" when only the address is known. */
  endpoint: z.string().max(600),
  /** Text; "" only when the endpoint is known and its first address shall be taken. */
  address: z.string().max(64),
});

const portNumber = z.int().min(0).max(65_535);

/** A flow as a question: as core/policy/world has it. */
export const PolicyFlow = z.object({
  source: FlowEnd,
  destination: FlowEnd,
  /** IANA number. */
  protocol: z.int().min(0).max(255),
  /** 0 when not known. */
  sourcePort: portNumber,
  /** 0 for protocols without ports. */
  destinationPort: portNumber,
  icmp: z.object({ type: z.int().min(0).max(255), code: z.int().min(0).max(255) }).optional(),
  http: z.object({ method: z.string().max(32), path: z.string().max(2048) }).optional(),
  /** DNS names that the source had resolved to the destination's address; absent: nobody looked. */
  domains: z.array(z.string().max(253)).max(64).optional(),
  /** Of host endpoints: the packet is forwarded by the node, not for it. */
  isForwarded: z.literal(true).optional(),
});
export type PolicyFlow = z.infer<typeof PolicyFlow>;

export const RecordedFlow = PolicyFlow.extend({
  connections: z.int(),
  bytes: z.int(),
  firstMs: z.int(),
  lastMs: z.int(),
  /** On how many days (UTC) it was seen. */
  days: z.int(),
  /** What was decided then. */
  verdict: PolicyVerdict,
  /** Owners as recorded: "shop/Deployment/web"; "" when not known. */
  sourceWorkload: z.string(),
  destinationWorkload: z.string(),
});
export type RecordedFlow = z.infer<typeof RecordedFlow>;

/** Which recorded flows an answer rests on. */
export const FlowsLookedAt = z.object({
  keys: z.int(),
  connections: z.int(),
  /** Keys that were left out because there are more than the limit. */
  omitted: z.int(),
});
export type FlowsLookedAt = z.infer<typeof FlowsLookedAt>;

/** Flows of one pair of workloads, protocol and port whose verdict a change turns. */
export const VerdictChange = z.object({
  /** "shop/Deployment/web", or an address, or a DNS name. */
  source: z.string(),
  destination: z.string(),
  /** "tcp", "udp", ... or the IANA number. */
  protocol: z.string(),
  port: z.int(),
  before: PolicyVerdict,
  after: PolicyVerdict,
  /** What decides afterwards, and before; absent when nothing applies. */
  decidedAfter: RuleRef.optional(),
  decidedBefore: RuleRef.optional(),
  connections: z.int(),
  keys: z.int(),
  /** Why it cannot be told for certain; "" when it can. */
  uncertain: z.string(),
});
export type VerdictChange = z.infer<typeof VerdictChange>;

// Network policies: the board, one policy, what a change would do, why a flow is allowed or denied, and what the recorded flows need.
// Nothing here changes anything: policies are put as resources of kind Policy.
import { z } from "zod";
import { Explanation, RuleRef } from "../../../model/policy-verdict.ts";
import { ClusterName, FilterText, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  FlowsLookedAt,
  PolicyBoard,
  PolicyCard,
  PolicyCounts,
  policyLimits,
  PolicyFlow,
  PolicyProblem,
  RecordedFlow,
  VerdictChange,
} from "./policy-shapes.ts";

const WindowShape = { since: z.string().max(64).optional(), until: z.string().max(64).optional() };
/** Also "local" of a machine without Kubernetes. */
const cluster = ClusterName;
const id = z.string().min(1).max(700);

const PolicyRule = z.object({
  direction: z.enum(["ingress", "egress"]),
  /** As written, from 0; -1: the end of the tier, which is reached when no rule matched. */
  index: z.int(),
  name: z.string(),
  action: z.enum(["Allow", "Deny", "Pass", "Log"]),
  /** "from shop/app=web to port 5432/TCP". */
  words: z.string(),
  ruleId: z.int(),
  counts: PolicyCounts,
  judged: PolicyCounts,
});

const PolicyEndpoint = z.object({
  /** "pod/<namespace>/<name>", "hostEndpoint/<name>". */
  id: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** "Deployment/web"; "" when not known. */
  workload: z.string(),
  node: z.string(),
  addresses: z.array(z.string()),
});

/** One end of a question. Given in this order of belief: endpoint, workload (its first pod by name), address. */
const AskedEnd = z.strictObject({
  /** "pod/shop/web-1", or "shop/web-1" for short. */
  endpoint: z.string().max(600).default(""),
  /** "shop/Deployment/web", or "shop/web" for short. */
  workload: z.string().max(600).default(""),
  address: z.string().max(64).default(""),
});

/** The recorded flows behind a rule. */
const Evidence = z.object({
  keys: z.int(),
  connections: z.int(),
  bytes: z.int(),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  /** UTC days, a lower bound. */
  days: z.int(),
});

const ExplainedWorld = z.object({
  endpoints: z.int(),
  incomplete: z.string(),
});

const WorkloadDirection = z.object({
  /** What no rule allows is denied. */
  isIsolated: z.boolean(),
  /** False: its pods have different policies. */
  isAlike: z.boolean(),
  /** In order of evaluation; ids of policies. */
  tiers: z.array(z.object({ tier: z.string(), policies: z.array(z.string()) })),
  podsLeftOut: z.int(),
});

/** A rule id of a recorded row, and the rule it stands for. */
const RecordedRule = z.object({
  ruleId: z.int(),
  /** Absent: no rule of today and none of the kept history has this id. */
  rule: RuleRef.optional(),
  /** now: a rule of today's set. past: of an older generation or a deleted policy. unknown: `because`. */
  known: z.enum(["now", "past", "unknown"]),
  because: z.string(),
});

export const policy = {
  policyBoard: {
    method: "GET",
    path: "/api/v1/policies/board",
    summary:
      "Policies by cluster and tier in order of evaluation: whom they apply to, what they decided, how far they are enforced",
    role: "viewer",
    query: z.object({
      /** One cluster; absent: every cluster that has policies, endpoints or an inventory. */
      cluster: cluster.optional(),
      ...WindowShape,
    }),
    response: z.object({ boards: z.array(PolicyBoard), boardsOmitted: z.int(), window: Window }),
  },
  policyDetail: {
    method: "GET",
    path: "/api/v1/policies/detail",
    summary: "One policy: manifest, rules in words with counters, endpoints, problems, what nodes say",
    role: "viewer",
    query: z.object({
      cluster,
      id,
      ...WindowShape,
      /** Of endpoints. */
      limit: z.coerce.number().int().min(1).max(policyLimits.endpointsPageMax).default(100),
      /** Opaque; from the previous answer's `endpoints.next`. */
      cursor: z.string().max(32).optional(),
    }),
    response: z.object({
      card: PolicyCard,
      /** As written, as YAML. */
      manifest: z.string(),
      rules: z.array(PolicyRule),
      endpoints: z.object({ rows: z.array(PolicyEndpoint), total: z.int(), next: z.string().optional() }),
      problems: z.array(PolicyProblem),
      world: ExplainedWorld,
      window: Window,
    }),
  },
  policyWorkload: {
    method: "GET",
    path: "/api/v1/policies/workload",
    summary: "Which policies apply to the pods of a workload, and whether what they do not allow is denied",
    role: "viewer",
    query: z.object({
      cluster,
      /** "shop/Deployment/web". */
      workload: z.string().min(1).max(600),
    }),
    response: z.object({
      pods: z.int(),
      /** In their node's network: no policy applies to them. */
      hostNetworkPods: z.int(),
      ingress: WorkloadDirection,
      egress: WorkloadDirection,
      world: ExplainedWorld,
    }),
  },
  policyPreview: {
    method: "POST",
    path: "/api/v1/policies/preview",
    summary: "What changed and removed policies would do to the recorded flows of a window; nothing is stored",
    role: "viewer",
    body: z.strictObject({
      cluster,
      /** Manifests that are added or take the place of those with the same id: YAML or JSON, several documents allowed. */
      changed: z.string().max(policyLimits.manifestCharsMax).default(""),
      /** Ids of policies ("<dialect>/<kind>/<namespace or ->/<name>") or of other objects ("<Kind>/<namespace or ->/<name>"). */
      removed: z.array(id).max(policyLimits.removedMax).default([]),
      /** staged: afterwards as if staged policies were in force, which is how to see what one of them would do. */
      lane: z.enum(["enforced", "staged"]).default("enforced"),
      /** Filter over the recorded flows. */
      q: FilterText,
      ...WindowShape,
    }),
    response: z.object({
      /** Of the text. With errors the rest is previewed all the same. */
      problems: z.array(PolicyProblem),
      objects: z.array(
        z.object({
          id: z.string(),
          change: z.enum(["added", "changed", "removed", "same", "refused", "not-found"]),
          /** Of an object of the text that could be read: the Policy resource that would hold it. */
          resource: z.object({ name: z.string(), manifest: z.record(z.string(), z.unknown()) }).optional(),
        }),
      ),
      totals: z.object({
        keys: z.int(),
        connections: z.int(),
        /** Of connections: those whose verdict is the same, turns to allow, turns to deny, or cannot be told. */
        same: z.int(),
        newlyAllowed: z.int(),
        newlyDenied: z.int(),
        uncertain: z.int(),
        /** Of connections: the recorded verdict is not what today's policies say: policies or labels were others then. */
        recordedOtherwise: z.int(),
      }),
      groups: z.array(VerdictChange),
      groupsOmitted: z.int(),
      /** Endpoints to which other policies apply than before. */
      endpoints: z.array(
        z.object({
          id: z.string(),
          added: z.array(z.string()),
          removed: z.array(z.string()),
          changed: z.array(z.string()),
        }),
      ),
      endpointsOmitted: z.int(),
      flows: FlowsLookedAt,
      world: ExplainedWorld,
      window: Window,
    }),
  },
  policyExplain: {
    method: "POST",
    path: "/api/v1/policies/explain",
    summary: "Whether today's policies allow a flow, by which rule, and what would allow it",
    role: "viewer",
    body: z.strictObject({
      cluster,
      source: AskedEnd,
      destination: AskedEnd,
      protocol: z.enum(["tcp", "udp", "sctp", "icmp", "icmpv6"]).default("tcp"),
      port: z.int().min(0).max(65_535).default(0),
      sourcePort: z.int().min(0).max(65_535).default(0),
      icmp: z.strictObject({ type: z.int().min(0).max(255), code: z.int().min(0).max(255).default(0) }).optional(),
      http: z.strictObject({ method: z.string().max(32), path: z.string().max(2048) }).optional(),
      domains: z.array(z.string().max(253)).max(64).optional(),
    }),
    response: z.object({
      /** The question as it was understood. */
      flow: PolicyFlow,
      explanation: Explanation,
      world: ExplainedWorld,
    }),
  },
  policyTrace: {
    method: "POST",
    path: "/api/v1/policies/trace",
    summary: "Why a recorded flow was allowed or denied then, and what today's policies say of it",
    role: "viewer",
    /** Fields of a row of `flows`, as listFlows gives them; others are ignored. */
    body: z.object({
      cluster,
      /** Whose agent told of it. */
      node: z.string().max(253).default(""),
      time: z.iso.datetime(),
      reporter: z.enum(["source", "destination"]),
      verdict: z.string().max(16),
      verdictBecause: z.string().max(1000).default(""),
      protocol: z.enum(["tcp", "udp", "icmp", "sctp", "other"]),
      sourceKind: z.string().max(32).default("Unknown"),
      sourceNamespace: z.string().max(253).default(""),
      sourceWorkload: z.string().max(253).default(""),
      sourcePod: z.string().max(253).default(""),
      sourceAddress: z.string().max(64).default(""),
      sourcePort: z.int().min(0).max(65_535).default(0),
      destinationKind: z.string().max(32).default("Unknown"),
      destinationNamespace: z.string().max(253).default(""),
      destinationWorkload: z.string().max(253).default(""),
      destinationPod: z.string().max(253).default(""),
      destinationAddress: z.string().max(64).default(""),
      destinationPort: z.int().min(0).max(65_535).default(0),
      destinationDomain: z.string().max(253).default(""),
      policies: z.array(z.int().min(0)).max(256).default([]),
      policiesStaged: z.array(z.int().min(0)).max(256).default([]),
      policyGeneration: z.int().min(0).default(0),
    }),
    response: z.object({
      recorded: z.object({
        verdict: z.string(),
        because: z.string(),
        /** Which end's node told of it. */
        reporter: z.enum(["source", "destination"]),
        /** Of the policies that judged it then; 0: no policy of ours was asked. */
        generation: z.int(),
        rules: z.array(RecordedRule),
        staged: z.array(RecordedRule),
      }),
      now: z.object({
        /** Absent when it cannot be asked today: `because`. */
        flow: PolicyFlow.optional(),
        explanation: Explanation.optional(),
        generation: z.int(),
        /** Why there is no answer, or in what the question differs from the row (a pod that is gone); "" when neither. */
        because: z.string(),
      }),
      /** same: judged by the policies of today. changed: by others. unknown: no generation was recorded. */
      policies: z.enum(["same", "changed", "unknown"]),
      world: ExplainedWorld,
    }),
  },
  policyRecommend: {
    method: "POST",
    path: "/api/v1/policies/recommend",
    summary: "Policies that allow what was recorded and nothing else, each rule with its evidence",
    role: "viewer",
    body: z.strictObject({
      cluster,
      namespace: z.string().min(1).max(63),
      /** "Deployment/web"; "": every workload of the namespace. */
      workload: z.string().max(300).default(""),
      dialect: z.enum(["kubernetes", "cluster", "calico"]).default("kubernetes"),
      /** One policy for each workload, or one for the whole namespace. */
      per: z.enum(["workload", "namespace"]).default("workload"),
      /** Keys of held edges that a person lets through; "*": all. */
      approve: z.array(z.string().max(1000)).max(1000).default([]),
      ...WindowShape,
    }),
    response: z.object({
      policies: z.array(
        z.object({
          /** Owners it applies to, "shop/Deployment/web". */
          workloads: z.array(z.string()),
          /** YAML, one document per object; what changes the board when it is put. */
          manifest: z.string(),
          rules: z.array(
            z.object({
              direction: z.enum(["ingress", "egress"]),
              words: z.string(),
              /** shown: from flows. dns: cluster DNS, always. public: reached from so many addresses that any may. */
              from: z.enum(["shown", "dns", "public"]),
              /** Absent for what was told and never seen. */
              evidence: Evidence.optional(),
              /** 0 to 1. */
              confidence: z.number(),
            }),
          ),
          /** What a person should look at before taking it. */
          notes: z.array(z.string()),
        }),
      ),
      policiesOmitted: z.int(),
      /** Seen, and in no policy until it is seen again or approved. */
      held: z.array(
        z.object({
          /** What `approve` takes. */
          key: z.string(),
          workloads: z.array(z.string()),
          direction: z.enum(["ingress", "egress"]),
          words: z.string(),
          because: z.enum(["rare", "scan"]),
          evidence: Evidence,
        }),
      ),
      heldOmitted: z.int(),
      /** Keys of `approve` that no edge has. */
      approvedUnknown: z.array(z.string()).optional(),
      /** Flows that no rule comes from, by reason. */
      leftOut: z.array(z.object({ because: z.string(), keys: z.int(), connections: z.int() })),
      notes: z.array(z.string()),
      flows: FlowsLookedAt,
      world: ExplainedWorld,
      window: Window,
    }),
  },
  policyFlows: {
    method: "GET",
    path: "/api/v1/policies/flows",
    summary: "Recorded flows of a window, one per key, the busiest first: what simulate and recommend read",
    role: "viewer",
    query: z.object({
      cluster,
      /** Filter over flows. */
      q: FilterText,
      ...WindowShape,
      limit: z.coerce.number().int().min(1).max(policyLimits.flowsMax).default(policyLimits.flowsDefault),
    }),
    response: z.object({ flows: z.array(RecordedFlow), looked: FlowsLookedAt, window: Window }),
  },
  policySchema: {
    method: "GET",
    path: "/api/v1/policies/schema",
    summary: "JSON Schemas of the kinds of policy objects, for editors",
    role: "viewer",
    response: z.object({
      kinds: z.array(
        z.object({
          apiVersion: z.string(),
          kind: z.string(),
          dialect: z.enum(["kubernetes", "cluster", "admin", "calico", "cilium"]),
          /** One line. */
          summary: z.string(),
          isNamespaced: z.boolean(),
          schema: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
  },
} as const satisfies Record<string, Endpoint>;

// The workload WAF: what it saw, by rule, source and workload; one request with its reasons; the narrowest exclusion with its proof; what blocking would do.
// Nothing here changes anything: policies are put as resources of kind WafPolicy. Events themselves are rows of /api/v1/events?kind=waf.
import { z } from "zod";
import { WafEvent } from "../../../model/waf-event.ts";
import { WafExclusion, wafModes } from "../../../model/waf-policy.ts";
import { workloadKinds } from "../../../model/identity.ts";
import { ClusterName, FilterText, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const wafLimits = {
  /** Rows of each list of the board; the rest is counted. */
  topMax: 50,
  workloadsMax: 500,
  gatewaysMax: 500,
  /** Requests that a proof replays besides the corpus: the most recent blocked ones of the rule. */
  recentMax: 200,
  /** Attacks that are no longer caught, told one by one. */
  lostMax: 50,
} as const;

const WindowShape = { since: z.string().max(64).optional(), until: z.string().max(64).optional() };

const Counts = z.object({ blocked: z.int(), detected: z.int(), logged: z.int(), failed: z.int() });

const WafWorkload = z.object({
  cluster: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: z.enum(workloadKinds),
  service: z.string(),
  counts: Counts,
  topRule: z.int(),
  lastAt: z.iso.datetime().optional(),
  /** What its policy says now; "mixed": by route. "unknown": `because`. */
  mode: z.enum([...wafModes, "mixed", "unknown"]),
  /** The first one decides where no route is named. `isOwn`: it is for this workload alone. */
  policies: z.array(z.object({ scope: z.string(), name: z.string(), isOwn: z.boolean() })),
  because: z.string(),
});

const WafRuleCount = z.object({
  ruleId: z.int(),
  message: z.string(),
  severity: z.string(),
  /** Most that it gave to a score; 0: it tells of scores, or decides by itself. */
  points: z.int(),
  counts: Counts,
  /** Variables it matched most. */
  variables: z.array(z.object({ name: z.string(), count: z.int() })),
  workloads: z.int(),
  sources: z.int(),
});

const WafSource = z.object({
  cluster: z.string(),
  clientAddress: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: z.enum(workloadKinds),
  counts: Counts,
  rules: z.int(),
  lastAt: z.iso.datetime(),
});

/** What a gateway says of itself, with its last report. */
export const WafGateway = z.object({
  cluster: z.string(),
  node: z.string(),
  isConnected: z.boolean(),
  seenAt: z.iso.datetime().optional(),
  ruleSet: z.string(),
  rules: z.int(),
  /** A newer rule set was refused: why. "" when none was. */
  ruleSetProblem: z.string(),
  workers: z.int(),
  requests: z.int(),
  notInspected: z.int(),
});

const Bucket = z.object({ at: z.iso.datetime(), counts: Counts });

/** An attack of the corpus, or a recorded request, that a change lets through. */
const LostAttack = z.object({
  name: z.string(),
  scoreBefore: z.int(),
  scoreAfter: z.int(),
  rulesBefore: z.array(z.int()),
});

export const WafProof = z.object({
  /** Of the corpus: attacks that reach the threshold before and after. */
  attacks: z.int(),
  caughtBefore: z.int(),
  caughtAfter: z.int(),
  lost: z.array(LostAttack),
  lostOmitted: z.int(),
  /** The corpus sent at the excluded place: the same attacks in the excluded parameter and path, which the exclusion could let in. */
  atTarget: z.object({ attacks: z.int(), caughtBefore: z.int(), caughtAfter: z.int() }),
  corpus: z.string(),
  /** "" when the proof was made; else why not (no rule set on this server). */
  because: z.string(),
});

export const waf = {
  wafBoard: {
    method: "GET",
    path: "/api/v1/waf/board",
    summary: "What the web application firewall saw: by rule, source and workload, over time; modes; gateways",
    role: "viewer",
    query: z.object({ q: FilterText, ...WindowShape }),
    response: z.object({
      totals: Counts,
      buckets: z.array(Bucket),
      bucketSeconds: z.int(),
      rules: z.array(WafRuleCount),
      rulesOmitted: z.int(),
      sources: z.array(WafSource),
      sourcesOmitted: z.int(),
      /** With events, or with a policy that selects them. */
      workloads: z.array(WafWorkload),
      workloadsOmitted: z.int(),
      gateways: z.array(WafGateway),
      window: Window,
    }),
  },
  wafEvent: {
    method: "GET",
    path: "/api/v1/waf/event",
    summary: "One request that rules spoke about, with what a person needs to judge it",
    role: "viewer",
    query: z.object({ cluster: ClusterName, transactionId: z.string().min(1).max(128), time: z.iso.datetime() }),
    response: z.object({
      event: WafEvent,
      /** Text, place and severity of its rules, as this server's rule set has them; absent ones are not known here. */
      rules: z.array(
        z.object({ ruleId: z.int(), file: z.string(), line: z.int(), text: z.string(), operator: z.string() }),
      ),
      /** Of policies that are for its workload, and of the floor: exclusions in force of its rules. `isMeant`: of this place in the request, too. */
      exclusions: z.array(z.object({ policy: z.string(), exclusion: WafExclusion, isMeant: z.boolean() })),
      window: Window,
    }),
  },
  wafExclude: {
    method: "POST",
    path: "/api/v1/waf/exclusions/propose",
    summary:
      "The narrowest exclusion for an event that was no attack, and what is still caught with it (changes nothing)",
    role: "operator",
    body: z.strictObject({
      cluster: ClusterName,
      transactionId: z.string().min(1).max(128),
      time: z.iso.datetime(),
      /** Rules of the event that fired wrongly; empty: those that counted to its score. */
      ruleIds: z.array(z.int().min(1)).max(64).default([]),
      reason: z.string().max(500).default(""),
    }),
    response: z.object({
      /** Narrowest first; the first one is the proposal. */
      exclusions: z.array(WafExclusion),
      /** The policy it belongs to, as a resource manifest with the exclusions added: put it to make them so. */
      policy: z.object({ scope: z.string(), name: z.string(), generation: z.int() }),
      spec: z.record(z.string(), z.unknown()),
      proof: WafProof,
    }),
  },
  wafModePreview: {
    method: "GET",
    path: "/api/v1/waf/mode-preview",
    summary:
      "What blocking would have stopped in a window, by rule and path: what to look at before a workload goes from detect to block",
    role: "viewer",
    query: z.object({
      cluster: ClusterName,
      namespace: z.string().max(63),
      workload: z.string().max(253),
      ...WindowShape,
    }),
    response: z.object({
      wouldBlock: z.int(),
      sources: z.int(),
      /** Likely wrong: many sources, no other rule, ordinary clients. Most requests first. */
      groups: z.array(
        z.object({
          ruleId: z.int(),
          message: z.string(),
          path: z.string(),
          variable: z.string(),
          requests: z.int(),
          sources: z.int(),
          lastAt: z.iso.datetime(),
          transactionId: z.string(),
        }),
      ),
      groupsOmitted: z.int(),
      /**
       * How long a gateway that is connected now looked at its requests within the window, as far as events tell; a short time proves little. 0: no event tells that
       * anybody looked.
       */
      observedSeconds: z.int(),
      window: Window,
    }),
  },
} as const satisfies Record<string, Endpoint>;

// Detections as people look at them: cards of equal ones, one with its evidence and process tree, the rules and where they are blind, noise and what would end it.
// Nothing here changes anything: marks, exceptions and controls are put as resources. Single events are rows of /api/v1/events?kinds=security.
import { z } from "zod";
import { attackTactics } from "../../../model/attack-techniques.ts";
import { detectionVerdicts } from "../../../model/detection-mark.ts";
import { fidelities, workloadKinds } from "../../../model/identity.ts";
import { ProcessEvent } from "../../../model/process-event.ts";
import { securityActions, SecurityEvent, severities } from "../../../model/security-event.ts";
import { FilterText, page, PageQuery, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const runtimeLimits = {
  /** Rows of the list on one page. */
  cardsMax: 500,
  /** Events of one detection that are shown, newest first; the rest is counted. */
  eventsMax: 100,
  evidenceMax: 200,
  ancestorsMax: 8,
  descendantsMax: 64,
  descendantDepthMax: 4,
  /** Objects of one kind that a process's deeds name. */
  deedsMax: 8,
  relatedMax: 20,
  rulesMax: 5000,
  /** Pairs of rule and workload. */
  noiseMax: 200,
  suggestionsMax: 10,
} as const;

/** "<slot, base 36>-<16 hex digits>": equal detections of one quarter of an hour. */
export const DetectionId = z
  .string()
  .regex(/^[0-9a-z]{1,11}-[0-9a-f]{16}$/, "an id as `garrison detections` prints it");

const Mark = z.object({
  verdict: z.enum(detectionVerdicts),
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});

/** Same rule, workload and process within a quarter of an hour. Words and names are those of the newest one. */
export const DetectionCard = z.object({
  id: DetectionId,
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  /** Detections that it stands for. */
  count: z.int(),
  severity: z.enum(severities),
  source: z.string(),
  rule: z.string(),
  title: z.string(),
  message: z.string(),
  tags: z.array(z.string()),
  techniques: z.array(z.string()),
  /** The strongest thing that was done about it; `actions` are all. */
  action: z.enum(securityActions),
  actions: z.array(z.enum(securityActions)),
  policy: z.string(),
  /** What proves the action; "" when nothing was done, or nothing proves it. */
  receipt: z.string(),
  cluster: z.string(),
  node: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: z.enum(workloadKinds),
  identityReason: z.string(),
  pod: z.string(),
  pods: z.int(),
  container: z.string(),
  image: z.string(),
  process: z.string(),
  processId: z.string(),
  executable: z.string(),
  ancestors: z.array(z.string()),
  fidelity: z.enum(fidelities),
  mark: Mark.optional(),
});
export type DetectionCard = z.infer<typeof DetectionCard>;

const SeverityCounts = z.object({
  critical: z.int(),
  high: z.int(),
  medium: z.int(),
  low: z.int(),
  info: z.int(),
});

/** How detection is on the nodes: why an empty list is, or is no, all-clear. */
export const DetectionCover = z.object({
  nodes: z.int(),
  /** Connected, and its rules (there is at least one) are asked about every event. */
  nodesDetecting: z.int(),
  /** One sentence each: node and why it does not detect; at most 20. */
  notDetecting: z.array(z.string()),
  rules: z.int(),
  rulesBlind: z.int(),
  rulesRefused: z.int(),
  suppressed: z.int(),
  unjudged: z.int(),
});

const Evidence = z.object({
  /** Absent when the sensor gave none. */
  at: z.iso.datetime().optional(),
  /** "exec", "connect", "file", ...; "" when it has none. */
  kind: z.string(),
  text: z.string(),
});

const Deed = z.object({ what: z.string(), count: z.int() });

const TreeProcess = z.object({
  process: ProcessEvent,
  endedAt: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  signal: z.int().optional(),
  /** Of this detection's own process 0; parents below, children above. */
  generation: z.int(),
  /** Files, connections and names that it touched in the window, most often first. */
  files: z.array(Deed),
  connections: z.array(Deed),
  names: z.array(Deed),
  /** Of files, connections and names together, what is not listed. */
  deedsOmitted: z.int(),
});

const Control = z.object({
  kind: z.enum(["kill-exec", "deny-connect", "protect-file", "seccomp", "capabilities", "network-policy", "rbac"]),
  title: z.string(),
  /** Why this one. */
  because: z.string(),
  /** What else it would stop, as far as is known. */
  cost: z.string(),
  /** Kind of the resource to stage; "" where there is only advice. */
  resource: z.enum(["RuntimePolicy", "Policy", ""]),
  scope: z.string(),
  name: z.string(),
  spec: z.record(z.string(), z.unknown()).optional(),
  /** The resource as YAML; "" where there is only advice. */
  manifest: z.string(),
});

const RuleState = z.enum(["loaded", "blind", "refused", "disabled", "unknown"]);

const RuleNode = z.object({
  cluster: z.string(),
  node: z.string(),
  state: RuleState,
  because: z.string(),
});

export const RuntimeRule = z.object({
  name: z.string(),
  /** "built-in", "folder" (of nodes), "resource <scope>/<name>", "baseline <name>", "baselines" (drift), "policy <name>", or who sent it ("falco"). */
  from: z.string(),
  /** "" where the rule is not of this server: a foreign sensor's, or of a node's folder. */
  format: z.enum(["falco", "sigma", "garrison", ""]),
  severity: z.string(),
  description: z.string(),
  /** As written; "" when only its name is known. */
  text: z.string(),
  techniques: z.array(z.string()),
  tags: z.array(z.string()),
  state: RuleState,
  /** Why the state is what it is, in words; the first node's. */
  because: z.string(),
  /** Nodes whose state differs from "loaded". */
  nodes: z.array(RuleNode),
  /** Within the window. */
  detections: z.int(),
  lastAt: z.iso.datetime().optional(),
});
export type RuntimeRule = z.infer<typeof RuntimeRule>;

const RuleNodeReport = z.object({
  cluster: z.string(),
  node: z.string(),
  isConnected: z.boolean(),
  enabled: z.boolean(),
  because: z.string(),
  loaded: z.int(),
  blind: z.int(),
  refused: z.int(),
  suppressed: z.int(),
  unjudged: z.int(),
  problems: z.array(z.string()),
});

const NoiseRow = z.object({
  cluster: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: z.enum(workloadKinds),
  rule: z.string(),
  severity: z.enum(severities),
  /** Whole window. */
  count: z.int(),
  /** One figure per day of the window, the oldest first; the last one is the running day. */
  perDay: z.array(z.int()),
  last24h: z.int(),
  /** Against the mean of the days before. "new": there was nothing before. */
  trend: z.enum(["rising", "falling", "steady", "new"]),
  /** Of all detections of its cluster in the last 24 h, 0-1. */
  share: z.number(),
  lastAt: z.iso.datetime(),
});
export type NoiseRow = z.infer<typeof NoiseRow>;

const NoiseCluster = z.object({
  cluster: z.string(),
  perDay: z.array(z.int()),
  last24h: z.int(),
  budget: z.int(),
  /** Pods that the budget was worked out for; absent where the inventory is not known. */
  pods: z.int().optional(),
  /** Of its nodes, as they are now: where none detects, a low figure says nothing. */
  cover: DetectionCover,
});

const NoiseField = z.object({ field: z.string(), comparison: z.enum(["=", "startswith"]), value: z.string() });

const Silenced = z.object({ namespace: z.string(), workload: z.string(), count: z.int() });

export const NoiseSuggestion = z.object({
  fields: z.array(NoiseField),
  /** Of the noise asked about. */
  covers: z.int(),
  of: z.int(),
  /** Of all detections of the rule in the window: what it would have silenced. */
  silences: z.int(),
  ruleTotal: z.int(),
  /** Silenced on other workloads. */
  others: z.array(Silenced),
  othersOmitted: z.int(),
  daysSeen: z.int(),
  because: z.string(),
});

const Kept = z.object({ count: z.int(), because: z.string() });

export const runtime = {
  listDetections: {
    method: "GET",
    path: "/api/v1/detections",
    summary: "Detections, newest first: equal ones within a quarter of an hour are one, with their count",
    role: "viewer",
    query: PageQuery.extend({ limit: z.coerce.number().int().min(1).max(runtimeLimits.cardsMax).default(100) }),
    response: page(DetectionCard).extend({
      /** Cards of the window by their severity, beyond this page too. */
      totals: SeverityCounts,
      cover: DetectionCover,
    }),
  },
  getDetection: {
    method: "GET",
    path: "/api/v1/detections/:id",
    summary:
      "One detection: evidence in order, process tree with deeds, rule, suggested control, what else happened there",
    role: "viewer",
    params: z.object({ id: DetectionId }),
    response: z.object({
      detection: DetectionCard,
      techniques: z.array(z.object({ id: z.string(), name: z.string(), tactics: z.array(z.enum(attackTactics)) })),
      evidence: z.array(Evidence),
      evidenceOmitted: z.int(),
      events: z.array(SecurityEvent),
      eventsOmitted: z.int(),
      /** Ancestors first; empty with `treeBecause`. */
      tree: z.array(TreeProcess),
      treeOmitted: z.int(),
      treeBecause: z.string(),
      controls: z.array(Control),
      rule: RuntimeRule,
      /** Other detections of the workload within ten minutes. */
      related: z.array(DetectionCard),
      relatedOmitted: z.int(),
      /** Ten minutes around it: its gaps may hold what is missing here. */
      window: Window,
    }),
  },
  listRuntimeRules: {
    method: "GET",
    path: "/api/v1/runtime/rules",
    summary: "Detection rules: where they come from, where they are blind or refused, how often they spoke",
    role: "viewer",
    query: z.object({ since: z.string().max(64).optional() }),
    response: z.object({
      rules: z.array(RuntimeRule),
      rulesOmitted: z.int(),
      nodes: z.array(RuleNodeReport),
      window: Window,
    }),
  },
  noiseBoard: {
    method: "GET",
    path: "/api/v1/runtime/noise",
    summary: "How much detections speak per day, rule and workload, against a budget",
    role: "viewer",
    query: z.object({ q: FilterText, days: z.coerce.number().int().min(2).max(30).default(7) }),
    response: z.object({
      /** Beginning of each day (UTC) of `perDay`. */
      days: z.array(z.iso.datetime()),
      /** Those that something was detected in, and without a filter all that have agents. */
      clusters: z.array(NoiseCluster),
      /** Of all nodes. */
      cover: DetectionCover,
      rows: z.array(NoiseRow),
      rowsOmitted: z.int(),
      window: Window,
    }),
  },
  noiseSuggest: {
    method: "GET",
    path: "/api/v1/runtime/noise/suggestion",
    summary:
      "The narrowest exception that would end a rule's noise on a workload, with what it would have silenced (changes nothing)",
    role: "viewer",
    query: z.object({
      cluster: z.string().max(253),
      /** Both empty: what nobody could name, or the machine itself. */
      namespace: z.string().max(253).default(""),
      workload: z.string().max(253).default(""),
      rule: z.string().min(1).max(253),
      days: z.coerce.number().int().min(1).max(30).default(7),
    }),
    response: z.object({
      suggestions: z.array(NoiseSuggestion),
      /** Detections that no suggestion may silence, and why. */
      kept: z.array(Kept),
      covers: z.int(),
      of: z.int(),
      ruleTotal: z.int(),
      /** Falco YAML that adds the exceptions to the rule; "" when there is nothing to suggest, with `because`. */
      text: z.string(),
      /** The DetectionRules resource to apply. */
      resource: z.object({ scope: z.string(), name: z.string() }),
      /** Why this server could not load the text as it stands; "" when it can. */
      notHere: z.string(),
      because: z.string(),
      window: Window,
    }),
  },
} as const satisfies Record<string, Endpoint>;

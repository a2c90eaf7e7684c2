// Learnt baselines: the ladder of every workload (learning, monitoring, protecting), what one workload does, what a step up would mean, and the steps themselves.
// Learning is a question to the store; from monitoring on a resource of kind Baseline holds, which agents judge against.
import { z } from "zod";
import {
  Baseline,
  BaselineItemKind,
  baselineItemKinds,
  BaselineItems,
  baselineModes,
} from "../../../model/baseline.ts";
import { workloadKinds } from "../../../model/identity.ts";
import { Resource, ResourceManifest } from "../../../model/resource.ts";
import { ClusterName, Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

export const baselineLimits = {
  /** Rows of the ladder; the rest is counted. */
  laddersMax: 1000,
  /** Items of one kind that one workload shows. */
  itemsMax: 2000,
  /** Drift items of one workload. */
  driftMax: 500,
  acceptMax: 200,
} as const;

const WindowShape = { since: z.string().max(64).optional(), until: z.string().max(64).optional() };

/** One workload of one image. imageDigest "" is a workload without one: a systemd unit, a session, an image nobody could name. */
const keyShape = {
  cluster: ClusterName,
  namespace: z.string().max(253).default(""),
  kind: z.enum(workloadKinds),
  workload: z.string().min(1).max(253),
  imageDigest: z.string().max(256).default(""),
};

export const baselineSteps = ["learning", ...baselineModes] as const;
const Step = z.enum(baselineSteps);

export const BaselineConfidence = z.object({
  /** 0 to 100. */
  score: z.int(),
  level: z.enum(["low", "medium", "high"]),
  hours: z.int(),
  replicas: z.int(),
  /** Starts of containers (of units: of main processes) that were seen. */
  restarts: z.int(),
  /** Hours since anything new was seen. */
  quietHours: z.int(),
  /** Why it is not more, or what speaks for it; one sentence each. */
  because: z.array(z.string()),
});

const Counts = z.object(
  Object.fromEntries(baselineItemKinds.map((kind) => [kind, z.int()])) as Record<BaselineItemKind, z.ZodInt>,
);

/** The ladder of all does not look at reads: they are most of what there is, and no confidence comes from them. */
const LadderCounts = Counts.partial({ reads: true });

const Held = z.object({ scope: z.string(), name: z.string(), generation: z.int(), dryRun: z.boolean() });

/** What a node says of the baseline it was given. */
const NodeState = z.object({
  node: z.string(),
  state: z.enum(["applied", "refused"]),
  generation: z.int(),
  because: z.string(),
});

export const BaselineLadder = z.object({
  ...keyShape,
  image: z.string(),
  service: z.string(),
  step: Step,
  /** Absent while it is learning. */
  baseline: Held.optional(),
  /** Baselines of the same workload for other images: a new image begins to learn anew. */
  otherImages: z.int(),
  confidence: BaselineConfidence,
  /** Things seen in the window, by kind; reads of one workload only. */
  seen: LadderCounts,
  /** Drift items of the window that nobody accepted. */
  drift: z.int(),
  driftLastAt: z.iso.datetime().optional(),
  /** Nodes that took its baseline: where none did, no drift says nothing. 0 while it is learning. */
  nodesJudging: z.int(),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
});

export const BaselineItem = z.object({
  kind: BaselineItemKind,
  item: z.string(),
  /** Absent: in the baseline, not seen in the window. */
  firstSeen: z.iso.datetime().optional(),
  lastSeen: z.iso.datetime().optional(),
  count: z.int(),
  replicas: z.int(),
  /** In the frozen copy (or covered by one of its items); while learning: would be. */
  inBaseline: z.boolean(),
  /** First seen within the last day. */
  isNew: z.boolean(),
  /** Accepted drift: why, and by whom. */
  accepted: z.string().optional(),
});

export const BaselineDrift = z.object({
  kind: BaselineItemKind,
  item: z.string(),
  severity: z.string(),
  count: z.int(),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
  /** Of the newest event. */
  process: z.string(),
  evidence: z.string(),
  action: z.string(),
  isAccepted: z.boolean(),
});

/** What to do with things that came as drift, or with critical or high detections, when a workload is frozen. */
const SuspectsChoice = z.enum(["leave-out", "take"]).default("leave-out");

const PreviewItem = z.object({ kind: BaselineItemKind, item: z.string(), count: z.int(), lastSeen: z.iso.datetime() });

export const baselines = {
  listBaselines: {
    method: "GET",
    path: "/api/v1/baselines",
    summary: "The ladder: every workload and image with its step, confidence, what was seen and what drifted",
    role: "viewer",
    query: z.object({
      cluster: ClusterName.optional(),
      namespace: z.string().max(253).optional(),
      /** By its name: whoever wants one need not wait for all. */
      workload: z.string().max(253).optional(),
      ...WindowShape,
    }),
    response: z.object({ rows: z.array(BaselineLadder), omitted: z.int(), window: Window }),
  },
  getBaseline: {
    method: "GET",
    path: "/api/v1/baselines/workload",
    summary: "One workload of one image: what it does, item by item, against its baseline; drift",
    role: "viewer",
    query: z.object({ ...keyShape, ...WindowShape }),
    response: z.object({
      ladder: BaselineLadder,
      items: z.array(BaselineItem),
      /** Kinds of which not all was looked at, and why: such a kind is not complete. */
      cut: z.array(z.object({ kind: BaselineItemKind, because: z.string() })),
      drift: z.array(BaselineDrift),
      driftOmitted: z.int(),
      judged: z.array(BaselineItemKind),
      nodes: z.array(NodeState),
      /** The resource as it stands, or as promoting would make it. */
      manifest: ResourceManifest,
      window: Window,
    }),
  },
  previewBaseline: {
    method: "GET",
    path: "/api/v1/baselines/preview",
    summary:
      "What a step up would mean, judged on the recorded rows of the window (a week by default); changes nothing",
    role: "viewer",
    query: z.object({ ...keyShape, to: z.enum(baselineModes), suspects: SuspectsChoice, ...WindowShape }),
    response: z.object({
      to: z.enum(baselineModes),
      items: BaselineItems,
      /** Recorded rows outside the baseline that would hold. */
      wouldDrift: z.array(PreviewItem),
      wouldDriftOmitted: z.int(),
      /** Programs among them: what protecting would end. */
      wouldKill: z.array(PreviewItem),
      /** Had it been frozen a day before the window's end: what came new since. Much of it: it still learns. */
      newInLastDay: z.array(PreviewItem),
      newInLastDayOmitted: z.int(),
      /** Of what freezing would learn: what was drift, or came with a critical or high detection. Left out unless taken; the newest first. */
      suspects: z.array(PreviewItem.extend({ because: z.string() })),
      suspectsOmitted: z.int(),
      confidence: BaselineConfidence,
      /** What the step asks for first, one sentence each; empty: nothing speaks against it. */
      cautions: z.array(z.string()),
      window: Window,
    }),
  },
  promoteBaseline: {
    method: "POST",
    path: "/api/v1/baselines/promote",
    summary: "Freeze what was learnt (monitoring), or end programs outside it (protecting; a dry run unless said)",
    role: "operator",
    body: z.strictObject({
      ...keyShape,
      to: z.enum(baselineModes),
      dryRun: z.boolean().default(true),
      /** Of freezing: what becomes of what was drift or came with an attack. */
      suspects: SuspectsChoice,
      /** The generation the caller saw; 0: there was none. Absent: whatever there is. */
      ifGeneration: z.int().min(0).optional(),
      ...WindowShape,
    }),
    response: z.object({ resource: Resource }),
  },
  demoteBaseline: {
    method: "POST",
    path: "/api/v1/baselines/demote",
    summary: "A step down: to monitoring, or to learning (the resource goes, its history stays)",
    role: "operator",
    body: z.strictObject({ ...keyShape, to: z.enum(["learning", "monitoring"]) }),
    response: z.object({ resource: Resource }),
  },
  acceptDrift: {
    method: "POST",
    path: "/api/v1/baselines/accept",
    summary: "Take drift into the baseline: a new version of it",
    role: "operator",
    body: z.strictObject({
      ...keyShape,
      items: z
        .array(z.strictObject({ kind: BaselineItemKind, item: z.string().min(1).max(1024) }))
        .min(1)
        .max(baselineLimits.acceptMax),
      reason: z.string().max(500).default(""),
    }),
    response: z.object({ resource: Resource, added: z.int() }),
  },
  learnBaseline: {
    method: "POST",
    path: "/api/v1/baselines/learn",
    summary: "Learn again: what was seen since joins, what was not seen for long leaves; a dry run tells only",
    role: "operator",
    body: z.strictObject({
      ...keyShape,
      dryRun: z.boolean().default(true),
      /** Items that were not seen for so long leave, when the workload was seen all the while. 0: none leaves. */
      ageOutDays: z.int().min(0).max(365).default(30),
      ...WindowShape,
    }),
    response: z.object({
      spec: Baseline,
      added: z.array(z.object({ kind: BaselineItemKind, item: z.string() })),
      removed: z.array(z.object({ kind: BaselineItemKind, item: z.string() })),
      /** Why nothing could age out; "" when the store reaches back far enough. */
      ageOutBecause: z.string(),
      /** Absent after a dry run. */
      resource: Resource.optional(),
    }),
  },
} as const satisfies Record<string, Endpoint>;

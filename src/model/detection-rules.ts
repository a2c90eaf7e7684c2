// Rules that say what is hostile, as a resource: agents load them beside the built-in ones and the node's folder, the server those that speak of Kubernetes audit.
import { z } from "zod";

/** falco: a rules file of Falco (rules, macros, lists). sigma: Sigma rules for Linux. garrison: GarrisonRule documents. auto: each document says what it is. */
export const detectionFormats = ["auto", "falco", "sigma", "garrison"] as const;
export type DetectionFormat = (typeof detectionFormats)[number];

export const detectionRulesLimits = {
  /** Characters of one resource's text; a whole spec has at most 256 KiB, and the largest of Falco's own files 95,000. */
  textLengthMax: 200_000,
  /** Problems and blind rules that a report names; the counts are whole. */
  namedMax: 50,
  becauseLengthMax: 300,
} as const;

export const DetectionRules = z.strictObject({
  format: z.enum(detectionFormats).default("auto"),
  /** YAML, one or many documents. */
  text: z.string().min(1).max(detectionRulesLimits.textLengthMax),
  /** False: kept, and loaded nowhere. */
  enabled: z.boolean().default(true),
});
export type DetectionRules = z.infer<typeof DetectionRules>;

const because = z.string().max(detectionRulesLimits.becauseLengthMax);

/** What a node made of one source of rules. Blind: the rule asks for what no sensor of this node tells, so its silence means nothing. */
export const DetectionCounts = z.object({
  loaded: z.int().min(0),
  refused: z.int().min(0),
  blind: z.int().min(0),
  /** Loaded and switched off by themselves (`enabled: false`). */
  disabled: z.int().min(0).default(0),
});
export type DetectionCounts = z.infer<typeof DetectionCounts>;

/** How detection is on a node, with the agent's report. Counts since the agent started. */
export const DetectionReport = DetectionCounts.extend({
  enabled: z.boolean(),
  /** Why it does not run; "" when it does. */
  because: because.default(""),
  /** "built-in", "folder", "resources" with what each gave. */
  sources: z
    .array(DetectionCounts.extend({ name: z.string().max(253) }))
    .max(16)
    .default([]),
  /** What was refused, with where: "rules.d/own.yaml:12: ...". */
  problems: z.array(because).max(detectionRulesLimits.namedMax).default([]),
  blindRules: z
    .array(z.object({ rule: z.string().max(253), because }))
    .max(detectionRulesLimits.namedMax)
    .default([]),
  /** Events that rules were asked about. */
  events: z.int().min(0).default(0),
  detections: z.int().min(0).default(0),
  /** Detections that were not told: over a rule's rate, or the hold was full. */
  suppressed: z.int().min(0).default(0),
  /** Events that no rule was asked about, because their batch had used up its time. */
  unjudged: z.int().min(0).default(0),
  cpuMs: z.number().min(0).default(0),
});
export type DetectionReport = z.infer<typeof DetectionReport>;

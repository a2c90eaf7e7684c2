// A resource kind: what a person said of one detection. Named by the detection's id, in the scope of its cluster.
import { z } from "zod";

/** real: hostile, and never to be silenced by a suggestion. noise: expected here. handled: looked at and done with. */
export const detectionVerdicts = ["real", "noise", "handled"] as const;

export const DetectionMark = z.strictObject({
  verdict: z.enum(detectionVerdicts),
  reason: z.string().max(500).default(""),
  /** What it was, so that the mark can be read when the events are gone. */
  rule: z.string().max(253),
  namespace: z.string().max(253).default(""),
  workload: z.string().max(253).default(""),
});
export type DetectionMark = z.infer<typeof DetectionMark>;

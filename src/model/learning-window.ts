// A resource kind: which workloads' system calls and capabilities are learnt, until when, beside the first minutes that every new image gets by itself.
import { z } from "zod";

const pattern = z
  .string()
  .max(253)
  .describe("A name, or a pattern with '*' for any run of characters; empty or '*' matches every name.");

export const LearningWindow = z.strictObject({
  /** Which workloads: all given patterns must match. */
  match: z
    .strictObject({
      namespace: pattern.default("*"),
      workload: pattern.default("*"),
      node: pattern.default("*"),
    })
    .default({ namespace: "*", workload: "*", node: "*" }),
  /** Learning costs 0.1 to 0.3 µs per system call of the whole node: it has an end. */
  until: z.iso.datetime().describe("When it ends (RFC 3339, UTC)"),
});
export type LearningWindow = z.infer<typeof LearningWindow>;

// A resource kind: what goes wrong in the demo cluster. One per cluster scope, named "default"; the demo follows it within a few seconds.
import { z } from "zod";

/** none; slow-payments: the database behind payments loses packets, so checkout is slow; crash-loop: a roll-out that runs out of memory. */
export const demoFailures = ["none", "slow-payments", "crash-loop"] as const;

export const DemoStory = z.strictObject({
  /** An intruder in the web shop: download, scan, a look at the database, data sent out. */
  attack: z.boolean().default(false),
  failure: z.enum(demoFailures).default("none"),
});
export type DemoStory = z.infer<typeof DemoStory>;

// What the demo can be told. Its data folder is the server's: there it finds the server, and puts its kubeconfig.
import { z } from "zod";

export const DemoConfig = z.strictObject({
  data: z.string().min(1).describe("The data folder of the running server; absolute"),
  cluster: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    .default("demo")
    .describe("Name of the simulated cluster"),
  seed: z.string().min(1).max(64).default("garrison").describe("The same seed and start give the same world"),
  visitsPerSecond: z.number().min(0.1).max(50).default(4).describe("Visitors of the simulated shop, on average"),
});
export type DemoConfig = z.infer<typeof DemoConfig>;

/** Named limits and intervals of the demo's process. */
export const demoLimits = {
  /** How often the world moves on. */
  tickMs: 250,
  /** How often the story is asked for. */
  storyEveryMs: 1000,
  /** How long the server is waited for at the start. */
  serverWaitMsMax: 30_000,
  /** How long what happens is held back for the server to know the inventory; less than the world catches up. */
  inventoryWaitMsMax: 8000,
  /** From there until the agents know it too. */
  identitiesMs: 1000,
  /** Containers that ended are still known for this many more. */
  endedContainersMax: 256,
  /** How often files in use are told. */
  usedFilesEveryMs: 600_000,
  /** Disk of one simulated node's agent while the server is away. */
  spoolBytesMax: 32 * 1024 * 1024,
} as const;

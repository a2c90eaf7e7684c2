// What the agent can be told. Defaults watch this machine for a server on it. Names of flags and environment variables are derived from the paths.
import { z } from "zod";

const mebibyte = 1024 * 1024;

export const AgentConfig = z.strictObject({
  data: z
    .string()
    .min(1)
    .describe("The data folder; absolute. The agent keeps its key, its spool and its resources in agent/"),
  server: z
    .strictObject({
      address: z
        .string()
        .min(1)
        .default("127.0.0.1:8687")
        .describe("host:port of the server's agents' door (always TLS); without a port 8687"),
    })
    .prefault({}),
  cluster: z
    .string()
    .max(253)
    .default("")
    .describe("The cluster that the join token must be for; empty: whichever it is for"),
  node: z.string().min(1).max(253).default("local").describe("Name of this node in the cluster"),
  join: z
    .strictObject({
      token: z.string().default("").describe("Join token, used only without a valid certificate"),
      tokenFile: z.string().default("").describe("File with the join token, read at each attempt"),
    })
    .prefault({}),
  runtime: z
    .strictObject({
      socket: z.string().default("").describe("Socket of the node's container runtime (CRI); empty: the known places"),
    })
    .prefault({}),
  flow: z
    .strictObject({
      windowSeconds: z
        .number()
        .min(1)
        .max(300)
        .default(15)
        .describe("Length of an aggregation window; new flows are told within a second or two"),
      rowsPerWindowMax: z
        .int()
        .min(10)
        .max(100_000)
        .default(4000)
        .describe("Flow rows per window before the noisiest workload is merged"),
    })
    .prefault({}),
  sensor: z
    .strictObject({
      fidelity: z
        .enum(["auto", "kernel", "notified", "polled"])
        .default("auto")
        .describe("kernel and notified refuse to fall back; notified and polled never load kernel programs"),
      ringBytes: z
        .int()
        .min(64 * 1024)
        .max(1024 * mebibyte)
        .default(8 * mebibyte)
        .refine((bytes) => Number.isInteger(Math.log2(bytes)), "must be a power of two")
        .describe("Size of the kernel's ring for frequent events; a power of two"),
      sampleSeconds: z
        .number()
        .min(0)
        .max(3600)
        .default(10)
        .describe("How often an open connection reports its bytes; 0: only at its end"),
      pollMs: z.int().min(100).max(60_000).default(500).describe("Interval of looking when polled"),
      cgroup: z.string().default("").describe("The v2 cgroup that is watched; empty: the root of the hierarchy"),
    })
    .prefault({}),
  policy: z
    .strictObject({
      enforce: z
        .enum(["allowed", "never"])
        .default("allowed")
        .describe("never: whatever the server's resources say, no packet of this node is touched"),
      dnsPort: z
        .int()
        .min(1)
        .max(65_535)
        .default(15_353)
        .describe("Where the DNS proxy listens for redirected questions, when policies have rules on DNS names"),
    })
    .prefault({}),
  detect: z
    .strictObject({
      enabled: z.boolean().default(true).describe("Judge what happens on this node by rules"),
      builtin: z
        .boolean()
        .default(true)
        .describe("Garrison's own rules; off: only those of the folder and of resources"),
      rules: z
        .string()
        .default("")
        .describe(
          "Folder (or file) of rules in YAML: Falco, Sigma or GarrisonRule; read by name, again when one changes",
        ),
      cpuShare: z
        .number()
        .min(0.01)
        .max(1)
        .default(0.5)
        .describe("Share of one core that rules may take; beyond it events are not judged, and counted"),
    })
    .prefault({}),
  learn: z
    .strictObject({
      firstMinutes: z
        .int()
        .min(0)
        .max(24 * 60)
        .default(30)
        .describe(
          "How long a workload's new image is learnt (system calls, capabilities); 0: only in a LearningWindow",
        ),
    })
    .prefault({}),
  guard: z
    .strictObject({
      enforce: z
        .enum(["allowed", "never"])
        .default("allowed")
        .describe("never: whatever runtime policies say, no process of this node is stopped"),
      cgroup: z
        .string()
        .default("")
        .describe("The v2 cgroup below which connections are guarded; empty: the root of the hierarchy"),
      pinFolder: z
        .string()
        .default("")
        .describe(
          "Where policies with pin keep their links: a folder in a bpffs; empty: garrison/guard of the machine's bpffs",
        ),
      pinMount: z
        .boolean()
        .default(false)
        .describe("true: where no bpffs is mounted the agent mounts one at /sys/fs/bpf when a policy asks for pin"),
    })
    .prefault({}),
  spool: z
    .strictObject({
      bytesMax: z
        .int()
        .min(mebibyte)
        .default(512 * mebibyte)
        .describe("Disk that may be used while the server is away; beyond it the oldest allowed flows go first"),
    })
    .prefault({}),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** Named limits of the agent's pipeline. */
export const agentLimits = {
  /** Rows that wait to be encoded, per table. */
  queueRowsMax: 50_000,
  /** Rows of one block. */
  blockRowsMax: 5000,
  /** Rows of gaps of one block, beside what the spool lost. */
  gapRowsMax: 1000,
  /** How often waiting rows become blocks. */
  flushEveryMs: 1000,
  /** So many waiting rows become blocks at the next tick: a burst must not grow in memory. */
  flushRows: 4000,
  /** All periodic tasks wake the agent together: their intervals are whole numbers of this. */
  beatMs: 200,
  /** How often windows, timeouts and gaps are looked at. */
  tickEveryMs: 200,
  gapEveryMs: 2000,
  heartbeatEveryMs: 5000,
  spoolEveryMs: 10_000,
  /** When the start is over and what only it needed goes back to the machine. */
  giveBackAfterMs: 10_000,
  /** How often a few containers' processes are looked at for files in use. */
  usedFilesEveryMs: 1000,
  /** Reads of /proc/PID/cgroup in one batch of events; the others go by ancestry until their next event. */
  cgroupReadsPerBatchMax: 512,
  drainMsMax: 3000,
  argumentsMax: 256,
  argumentLengthMax: 4096,
  httpOpenMax: 4096,
  httpAnswerMsMax: 5000,
  reportersMax: 32_768,
  cgroupsMax: 8192,
  /** Workloads remembered of one v2 cgroup, to ask whether its first bytes are wanted. */
  subjectsPerCgroupMax: 512,
} as const;

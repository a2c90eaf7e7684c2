// What a node made of a policy, and the proof: the kernel's rules read back, connections tried. "enforced" is only said with a receipt.
import { z } from "zod";

export const enforcementStates = [
  "off", // nothing is enforced on this node, or nothing of this resource
  "preview", // compiled and checked; no packet is touched
  "enforced", // in the kernel, read back, and a connection of each kind was tried
  "unproved", // in the kernel, but not proved: `because` of the status says why
  "refused", // not applied: the change would cut too much, could not be compiled, or is in error
  "taken-back", // it was applied, and the set before it is back
  "broken-glass", // break-glass: all enforcement is off until a person ends it
  "failed", // the kernel refused it, or cannot be asked
] as const;

export const enforcementStatusLimits = { probesMax: 4, problemsMax: 10, problemLengthMax: 300 } as const;

/** One connection that was tried inside the namespaces of this machine. */
export const ProbeReceipt = z.object({
  /** Endpoint ids, e.g. "pod/shop/web". */
  source: z.string(),
  destination: z.string(),
  address: z.string(),
  protocol: z.enum(["tcp", "udp"]),
  port: z.int(),
  expected: z.enum(["allow", "deny"]),
  /** "open", "refused" (an answer came back: allowed), "timeout", "unreachable", "failed". */
  outcome: z.string(),
  isProved: z.boolean(),
});
export type ProbeReceipt = z.infer<typeof ProbeReceipt>;

export const EnforcementReceipt = z.object({
  timeMs: z.int(),
  /** "" when the kernel has exactly the rules that were written; else the first differences. */
  readBack: z.string(),
  probes: z.array(ProbeReceipt),
});
export type EnforcementReceipt = z.infer<typeof EnforcementReceipt>;

export const EnforcementStatus = z.object({
  state: z.enum(enforcementStates),
  /** Of the change that the node is at or refused: what a confirmation or a taking back names. "" when there is none. */
  digest: z.string().default(""),
  /** As in `flows.policyGeneration`. */
  policyGeneration: z.int().default(0),
  /** Endpoints of this node that it applies to. */
  endpoints: z.int().default(0),
  receipt: EnforcementReceipt.optional(),
  /** Packets that its rules decided since they were written; absent: not read. First packets of connections, not all. */
  counters: z.object({ allowed: z.int(), denied: z.int() }).optional(),
  problems: z.array(z.string()).default([]),
  /** Of a RuntimePolicy: what this node can promise for each rule, what happened so far, and the proof. */
  runtime: z
    .object({
      mode: z.enum(["off", "dry-run", "enforce"]),
      rules: z.array(
        z.object({
          place: z.string(),
          what: z.string(),
          action: z.string(),
          guarantee: z.enum(["prevent", "kill", "kill-late", "detect", "allow", "audit"]),
          because: z.string(),
        }),
      ),
      /** Rules beyond those that are told. */
      rulesOmitted: z.int().default(0),
      /** Since the agent started: "killed", "denied", "would-kill", "would-deny", "audited". */
      countsByOutcome: z.record(z.string(), z.int()),
      /** The last real stop, or the drill; "" when there is none yet. */
      receipt: z.string(),
      receiptMs: z.int(),
      receiptKind: z.enum(["none", "drill", "event"]),
    })
    .optional(),
  /** Of the Enforcement resource: the node as a whole. */
  node: z
    .object({
      mode: z.enum(["off", "preview", "enforce"]),
      policies: z.int(),
      /** Whether it was confirmed or needs no confirmation; else it is taken back at `takenBackAtMs`. */
      isConfirmed: z.boolean(),
      takenBackAtMs: z.int().optional(),
      /** Flows that were live when the change was judged, and how many of them it would deny. */
      liveFlows: z.int().optional(),
      cutFlows: z.int().optional(),
      /** Connections that were ended because the new policies deny them. */
      connectionsCut: z.int().default(0),
      repairs: z.int().default(0),
      /** The DNS proxy; absent when no rule in force has names. */
      dns: z
        .object({
          state: z.enum(["idle", "serving", "down"]),
          because: z.string(),
          /** Since the agent started, by stable words: "released", "programmed", "refused rebinding", "dropped not-redirected", ... Zeros left out. */
          counters: z.record(z.string(), z.int()),
        })
        .optional(),
    })
    .optional(),
});
export type EnforcementStatus = z.infer<typeof EnforcementStatus>;

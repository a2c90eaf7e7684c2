// A word on a policy that freezes or isolates: said of what the kernel shows of it now, never of a drill of other rules. Pure.
import type { ParsedRuntimePolicy } from "../../../core/runtime-policy/model.ts";
import type { EnforcementStatus } from "../../../model/enforcement-status.ts";

export interface HoldFacts {
  /** Cgroups that are to be held, and those of them that are. */
  readonly wanted: number;
  readonly held: number;
  /** When the last of them was first seen to be; 0 while not all are. */
  readonly sinceMs: number;
}

export interface HoldWord {
  readonly state: EnforcementStatus["state"];
  readonly because: string;
}

const proofs = {
  freeze: "frozen: by the kernel every process of it stands still",
  isolate: "isolated: the kernel's program that drops its packets is attached",
} as const;

export function holdWord(
  { action, untilMs }: NonNullable<ParsedRuntimePolicy["hold"]>,
  { wanted, held }: HoldFacts,
  { holders, nowMs }: { readonly holders: number; readonly nowMs: number },
): HoldWord {
  const until = new Date(untilMs).toISOString();
  if (untilMs <= nowMs) return { state: "off", because: `its time was over at ${until}: nothing is held by it` };
  if (holders === 0) return { state: "unproved", because: "no workload of this node is in its scope" };
  const scope = `${holders} in scope`;
  if (wanted === 0) return { state: "unproved", because: `${scope}, of which nothing can be held: see its problems` };
  if (held < wanted)
    return {
      state: "unproved",
      because: `${scope}; ${held} of ${wanted} ${action === "freeze" ? "stand still" : "are cut off"}`,
    };
  return { state: "enforced", because: `${scope}; ${proofs[action]}, until ${until}` };
}

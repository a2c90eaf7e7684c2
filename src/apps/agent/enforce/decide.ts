// What to do next, from what is asked, what is in force and what is remembered. Pure, so that the table of cases in its test is the whole truth.
import type { Enforcement } from "../../../model/enforcement.ts";
import { enforceLimits } from "./limits.ts";

export interface Situation {
  readonly asked: {
    readonly digest: string;
    readonly settings: Pick<Enforcement, "mode" | "confirm" | "takeBack" | "rollbackAfterSeconds">;
  };
  /** Digest of what is in the kernel by this process; undefined: nothing yet. */
  readonly inForce: string | undefined;
  readonly confirmed: string | undefined;
  readonly pending: { readonly digest: string; readonly deadlineMs: number } | undefined;
  /** When what is in force counted as confirmed because nothing asked for a time limit; undefined: not so, or a person confirmed it. */
  readonly unaskedMs: number | undefined;
  readonly takenBack: readonly string[];
  /** It brings along a policy that was taken back. */
  readonly isHeldBack: boolean;
  /** Changes that were judged and refused. */
  readonly refused: ReadonlySet<string>;
  readonly nowMs: number;
}

export type Decision =
  /** Nothing of ours in the kernel; with "preview" what is asked is compiled and judged all the same. */
  | { readonly do: "withdraw"; readonly mode: "off" | "preview" }
  /** What is in force is what is asked. */
  | { readonly do: "keep" }
  | { readonly do: "confirm" }
  /** What is in force gets the time limit that came after it. */
  | { readonly do: "limit" }
  /** Back to the confirmed set; a confirmed change goes back to the one before. */
  | { readonly do: "take-back"; readonly digest: string; readonly because: string }
  /** What is asked must not come into force: the confirmed set does, where it is not yet. */
  | { readonly do: "hold"; readonly because: "taken-back" | "refused" }
  | { readonly do: "change"; readonly judge: boolean };

export function decide(situation: Situation): Decision {
  const { asked, inForce, confirmed, pending, takenBack, refused, nowMs } = situation;
  const { digest, settings } = asked;
  if (settings.mode !== "enforce") return { do: "withdraw", mode: settings.mode };
  const isConfirmed = settings.confirm === digest;
  const isPending = pending?.digest === digest;
  if (isPending && isConfirmed && inForce === digest) return { do: "confirm" };
  if (pending !== undefined && !(isPending && isConfirmed) && nowMs >= pending.deadlineMs)
    return { do: "take-back", digest: pending.digest, because: "nobody confirmed it in time" };
  if (settings.takeBack === digest && !isConfirmed && !takenBack.includes(digest))
    return { do: "take-back", digest, because: "a person took it back" };
  if ((takenBack.includes(digest) || situation.isHeldBack) && !isConfirmed)
    return { do: "hold", because: "taken-back" };
  if (inForce === digest) return { do: isLateLimit(situation) ? "limit" : "keep" };
  if (isConfirmed || isPending || confirmed === digest) return { do: "change", judge: false };
  return refused.has(digest) ? { do: "hold", because: "refused" } : { do: "change", judge: true };
}

/** Policies and the Enforcement with their time limit are resources of their own: whoever puts the policies first means both. */
function isLateLimit({ asked: { digest, settings }, pending, unaskedMs, nowMs }: Situation): boolean {
  if (settings.rollbackAfterSeconds === 0 || settings.confirm === digest) return false;
  if (pending !== undefined || unaskedMs === undefined) return false;
  const agoMs = nowMs - unaskedMs;
  return agoMs >= 0 && agoMs <= enforceLimits.lateLimitMs;
}

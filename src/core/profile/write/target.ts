// Whose profile it is: names and places that all writers use alike.
import type { WorkloadKind } from "../../../model/identity.ts";
import type { LearningConfidence, ProfileMode, ProfilePromotion } from "../../../model/posture.ts";
import type { Learnt } from "../learnt.ts";

export interface ProfileTarget {
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly container: string;
}

export interface ProfileRequest {
  readonly target: ProfileTarget;
  readonly mode: ProfileMode;
  readonly learnt: Learnt;
  readonly confidence: LearningConfidence;
  readonly nowMs: number;
}

/** "shop-web-nginx": of letters, digits, '-', '_' and '.', so that it may be a file's and a profile's name. */
export function profileName({ namespace, workload, container }: ProfileTarget): string {
  const words = [namespace, workload, ...(container === "" || container === workload ? [] : [container])];
  return words.join("-").replace(/[^A-Za-z0-9._-]/g, "-");
}

/** "container web of Deployment shop/web". */
export function describeTarget({ namespace, workload, workloadKind, container }: ProfileTarget): string {
  return `container ${container || "(only)"} of ${workloadKind} ${namespace}/${workload}`;
}

/** What any profile says of its own reliability. */
export function commonWarnings({ confidence, learnt, mode }: ProfileRequest): string[] {
  const { level, because } = confidence;
  const weak = level === "low" || level === "none" ? [`confidence is ${level}: ${because.join("; ")}`] : [];
  const foreign = learnt.hasForeignCalls
    ? ["a process used the 32-bit calls of an older architecture: they are not told apart and not in the profile"]
    : [];
  const early =
    mode === "enforce" && level !== "high"
      ? ["enforced before confidence is high: begin with mode log, and enforce when nothing new comes"]
      : [];
  return [...weak, ...early, ...foreign];
}

export const promotionDaysNeeded = 7;
/** Within the quiet days somebody must have looked: so many hours at least. */
const hoursLookedMin = 24;
const dayMs = 86_400_000;

/** A profile in log mode may be enforced when nothing outside of it came for a week in which learning went on. */
export function promotionOf({ learnt, nowMs }: Pick<ProfileRequest, "learnt" | "nowMs">): ProfilePromotion {
  const { quietSinceMs, lastMs, learntSeconds } = learnt;
  const daysNeeded = promotionDaysNeeded;
  if (quietSinceMs === undefined || lastMs === undefined)
    return { state: "not-learning", quietDays: 0, daysNeeded, because: "nothing was learnt yet" };
  // Until the last look: time in which nobody learnt proves nothing.
  const quietDays = Math.floor(((lastMs - quietSinceMs) / dayMs) * 10) / 10;
  if (nowMs - lastMs > dayMs)
    return {
      state: "not-learning",
      quietDays,
      daysNeeded,
      because: "nobody has learnt within the last day: open a LearningWindow",
    };
  if (quietDays < daysNeeded)
    return {
      state: "waiting",
      quietDays,
      daysNeeded,
      because: `${quietDays} of ${daysNeeded} days without anything new`,
    };
  if (learntSeconds < hoursLookedMin * 3600)
    return { state: "waiting", quietDays, daysNeeded, because: `watched for less than ${hoursLookedMin} h in all` };
  return { state: "ready", quietDays, daysNeeded, because: `${quietDays} days without anything new` };
}

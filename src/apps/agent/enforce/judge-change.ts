// Whether a change of policies may come into force by itself: it must not cut what is guarded, nor more of the live connections than the settings allow.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Askers } from "./askers.ts";
import type { Guard } from "./guards.ts";
import { guardsCut } from "./guards.ts";
import { judgeLive, type LiveLook } from "./judge-live.ts";
import { enforceLimits } from "./limits.ts";

export interface ChangeJudgement {
  /** Why it may not; "" when it may. */
  readonly because: string;
  readonly liveFlows: number;
  readonly cutFlows: number;
}

export interface ChangeQuestion {
  /** Undefined: nothing is enforced now. */
  readonly before: PolicyEngine | undefined;
  readonly after: PolicyEngine;
  /** As if no policy were there: what `before` is for guards when nothing is enforced. */
  readonly open: PolicyEngine;
  readonly guards: readonly Guard[];
  readonly askers: Askers;
  readonly live: LiveLook;
  readonly cutShareMax: number;
  readonly dataplane: Pick<Dataplane, "connections">;
}

export function judgeChange(question: ChangeQuestion): ChangeJudgement {
  const { before, after, open, guards, askers, cutShareMax, dataplane } = question;
  const { connections, more } = dataplane.connections(enforceLimits.connectionsMax);
  const judged = judgeLive(connections, { ...question.live, before, after });
  const { live, cut, uncertain, uncertainBecause, examples } = judged;
  const counts = { liveFlows: live, cutFlows: cut.length };
  const guarded = guardsCut(guards, { before: before ?? open, after, askers });
  if (guarded.length > 0) {
    const others = guarded.length > 1 ? ` and ${guarded.length - 1} more` : "";
    return { ...counts, because: `it would cut a guarded path: ${guarded[0]}${others}` };
  }
  if (cut.length <= live * cutShareMax) return { ...counts, because: "" };
  const unseen = more > 0 ? `, ${more} more connections were not judged` : "";
  const closed =
    uncertain === 0 ? "" : `, ${uncertain} of them because what is not known is closed: ${uncertainBecause}`;
  const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
  return {
    ...counts,
    because: `it would cut ${cut.length} of ${live} live connections (${percent(cut.length / live)}, at most ${percent(cutShareMax)} may be): ${examples.join(", ")}${closed}${unseen}`,
  };
}

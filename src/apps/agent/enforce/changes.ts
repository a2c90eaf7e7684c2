// The story of changes on this node, over restarts: which one is confirmed, which waits, which were refused or taken back.
import { decide, type Decision } from "./decide.ts";
import type { Intent } from "./intent.ts";
import type { ChangeJudgement } from "./judge-change.ts";
import { withTakenBack, type Kept, type KeptSet } from "./kept.ts";
import { enforceLimits } from "./limits.ts";

export interface Changes {
  decide(asked: Intent, inForce: string | undefined, nowMs: number): Decision;
  /** It is in the kernel now: pending while it may be taken back, confirmed otherwise. */
  remember(asked: Intent, nowMs: number): void;
  confirm(asked: Intent): void;
  /** What is in force, and counted as confirmed so far, is taken back in time unless it is confirmed. */
  limit(asked: Intent, nowMs: number): void;
  /** What shall be in force instead of a change that is taken back; undefined: nothing. */
  insteadOf(digest: string): KeptSet | undefined;
  /** The change is out of the kernel: it is forgotten, and held back from now on. */
  takeBack(digest: string): void;
  refuse(digest: string, judgement: ChangeJudgement): void;
  /** Nothing is enforced any more, by wish: the next change is a first one. False when there was nothing. */
  end(): boolean;
  isDue(nowMs: number): boolean;
  readonly judgement: ChangeJudgement | undefined;
  readonly confirmed: KeptSet | undefined;
  readonly pending: { readonly digest: string; readonly deadlineMs: number } | undefined;
}

export function createChanges(kept: Kept): Changes {
  const refused = new Map<string, ChangeJudgement>();
  /** Changes in a row that nothing asked a time limit for, yet: when the last came, and what was confirmed before the first. */
  let unasked: { readonly sinceMs: number; readonly before: KeptSet | undefined } | undefined;

  function confirm(asked: Intent): void {
    const { confirmed, takenBack } = kept.state;
    refused.clear();
    kept.save({
      confirmed: { digest: asked.digest, resources: [...asked.resources] },
      ...(confirmed === undefined || confirmed.digest === asked.digest ? {} : { previous: confirmed }),
      pending: undefined,
      takenBack: takenBack.filter((digest) => digest !== asked.digest),
    });
  }

  return {
    decide: (asked, inForce, nowMs) =>
      decide({
        asked,
        inForce,
        confirmed: kept.state.confirmed?.digest,
        pending: kept.state.pending,
        unaskedMs: unasked?.sinceMs,
        takenBack: kept.state.takenBack,
        refused: new Set(refused.keys()),
        nowMs,
      }),
    remember(asked, nowMs) {
      const { digest, settings } = asked;
      const { confirmed, pending } = kept.state;
      const isConfirmed = settings.confirm === digest || settings.rollbackAfterSeconds === 0;
      if (confirmed?.digest === digest) {
        // Back to what was confirmed: whatever waited is overtaken.
        if (pending !== undefined) kept.save({ pending: undefined });
      } else if (isConfirmed) {
        const isOneOfMany = unasked !== undefined && nowMs - unasked.sinceMs <= enforceLimits.lateLimitMs;
        const before = isOneOfMany ? unasked?.before : confirmed;
        unasked = settings.confirm === digest ? undefined : { sinceMs: nowMs, before };
        confirm(asked);
      } else if (pending?.digest !== digest) {
        unasked = undefined;
        kept.save({ pending: { digest, deadlineMs: deadlineOf(asked, nowMs) } });
      }
    },
    confirm(asked) {
      unasked = undefined;
      confirm(asked);
    },
    limit(asked, nowMs) {
      const pending = { digest: asked.digest, deadlineMs: deadlineOf(asked, nowMs) };
      kept.save({ confirmed: unasked?.before, previous: undefined, pending });
      unasked = undefined;
    },
    insteadOf: (digest) => (kept.state.confirmed?.digest === digest ? kept.state.previous : kept.state.confirmed),
    takeBack(digest) {
      unasked = undefined;
      const { confirmed, previous, takenBack } = kept.state;
      const isOfConfirmed = confirmed?.digest === digest;
      kept.save({
        takenBack: withTakenBack(takenBack, digest),
        pending: undefined,
        ...(isOfConfirmed ? { confirmed: previous, previous: undefined } : {}),
      });
    },
    refuse(digest, judgement) {
      refused.clear();
      refused.set(digest, judgement);
    },
    end() {
      unasked = undefined;
      refused.clear();
      const { confirmed, pending } = kept.state;
      if (confirmed === undefined && pending === undefined) return false;
      kept.save({ confirmed: undefined, previous: undefined, pending: undefined });
      return true;
    },
    isDue: (nowMs) => kept.state.pending !== undefined && nowMs >= kept.state.pending.deadlineMs,
    get judgement() {
      return [...refused.values()][0];
    },
    get confirmed() {
      return kept.state.confirmed;
    },
    get pending() {
      return kept.state.pending;
    },
  };
}

function deadlineOf({ settings }: Intent, nowMs: number): number {
  return nowMs + settings.rollbackAfterSeconds * 1000;
}

// The story of changes on this node, over restarts: which one is confirmed, which waits, which were refused or taken back.
import { decide, type Decision } from "./decide.ts";
import type { Intent } from "./intent.ts";
import type { ChangeJudgement } from "./judge-change.ts";
import { withTakenBack, type Kept, type KeptSet, type KeptState } from "./kept.ts";
import { enforceLimits } from "./limits.ts";
import { heldBackOf, partsOf } from "./parts.ts";
import { createUnasked } from "./unasked.ts";

export interface Changes {
  decide(asked: Intent, inForce: string | undefined, nowMs: number): Decision;
  /** It is in the kernel now: pending while it may be taken back, confirmed otherwise. */
  remember(asked: Intent, nowMs: number): void;
  /** confirm: what is in force stays. limit: it counted as confirmed so far, and is taken back in time unless it is confirmed. */
  settle(how: "confirm" | "limit", asked: Intent, nowMs: number): void;
  /** What shall be in force instead of a change that is taken back; undefined: nothing. */
  insteadOf(digest: string): KeptSet | undefined;
  /** The change is out of the kernel: it is forgotten, and held back from now on. */
  takeBack(digest: string): void;
  refuse(digest: string, judgement: ChangeJudgement): void;
  /** Nothing is enforced any more, by wish: the next change is a first one. False when there was nothing. */
  end(): boolean;
  isDue(nowMs: number): boolean;
  /** Policies that were taken back and are asked for again, by name. */
  heldBack(asked: Intent): readonly string[];
  readonly judgement: ChangeJudgement | undefined;
  readonly confirmed: KeptSet | undefined;
  readonly pending: { readonly digest: string; readonly deadlineMs: number } | undefined;
}

export function createChanges(kept: Kept): Changes {
  const refused = new Map<string, ChangeJudgement>();
  const unasked = createUnasked();

  return {
    decide: (asked, inForce, nowMs) =>
      decide({
        asked,
        inForce,
        ...rememberedOf(kept.state),
        isHeldBack: heldBackOf(kept.state, asked).length > 0,
        unaskedMs: unasked.sinceMs,
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
        if (settings.confirm === digest) unasked.forget();
        else unasked.note(confirmed, nowMs);
        refused.clear();
        kept.save(whenConfirmed(kept.state, asked));
      } else if (pending?.digest !== digest) {
        unasked.forget();
        kept.save({ pending: pendingOf(asked, confirmed, nowMs) });
      }
    },
    settle(how, asked, nowMs) {
      const { before } = unasked;
      unasked.forget();
      if (how === "limit")
        return kept.save({ confirmed: before, previous: undefined, pending: pendingOf(asked, before, nowMs) });
      refused.clear();
      kept.save(whenConfirmed(kept.state, asked));
    },
    insteadOf: (digest) => (kept.state.confirmed?.digest === digest ? kept.state.previous : kept.state.confirmed),
    takeBack(digest) {
      unasked.forget();
      kept.save(whenTakenBack(kept.state, digest));
    },
    refuse(digest, judgement) {
      refused.clear();
      refused.set(digest, judgement);
    },
    end() {
      unasked.forget();
      refused.clear();
      if (kept.state.confirmed === undefined && kept.state.pending === undefined) return false;
      kept.save({ confirmed: undefined, previous: undefined, pending: undefined });
      return true;
    },
    isDue: (nowMs) => kept.state.pending !== undefined && nowMs >= kept.state.pending.deadlineMs,
    heldBack: (asked) => heldBackOf(kept.state, asked),
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

function rememberedOf({ confirmed, pending, takenBack }: KeptState) {
  return { confirmed: confirmed?.digest, pending, takenBack };
}

function pendingOf(asked: Intent, before: KeptSet | undefined, nowMs: number) {
  const { digest, settings, resources } = asked;
  return { digest, deadlineMs: nowMs + settings.rollbackAfterSeconds * 1000, parts: partsOf(resources, before) };
}

function whenConfirmed({ confirmed, takenBack }: KeptState, { digest, resources }: Intent): Partial<KeptState> {
  return {
    confirmed: { digest, resources: [...resources] },
    ...(confirmed === undefined || confirmed.digest === digest ? {} : { previous: confirmed }),
    pending: undefined,
    takenBack: takenBack.filter((one) => one !== digest),
    takenBackParts: [],
  };
}

function whenTakenBack(state: KeptState, digest: string): Partial<KeptState> {
  const { confirmed, previous, pending, takenBack, takenBackParts } = state;
  const isOfConfirmed = confirmed?.digest === digest;
  const waited = pending?.digest === digest ? pending.parts : [];
  const parts = isOfConfirmed ? partsOf(confirmed.resources, previous) : waited;
  return {
    takenBack: withTakenBack(takenBack, digest),
    takenBackParts: [...parts, ...takenBackParts].slice(0, enforceLimits.takenBackPartsMax),
    pending: undefined,
    ...(isOfConfirmed ? { confirmed: previous, previous: undefined } : {}),
  };
}

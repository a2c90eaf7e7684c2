// Policies that ask for `pin` stay in force when the agent is dead: a guard of their own holds them, its links have names in a bpffs, and what other policies
// say is no part of it. What an earlier run left goes when this one holds the same, so that nothing is free in between.
import { toFault } from "../../../base/fault.ts";
import type { Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { ParsedRuntimePolicy } from "../../../core/runtime-policy/model.ts";
import { guardSideLimits } from "./limits.ts";
import type { Holder } from "./living.ts";
import { createPolicySets, type PolicySets, type PolicySetsNeeds, type Reconciled } from "./policy-sets.ts";

export interface PinMeans {
  /** Another guard than the one that goes with the agent. Rejects with a Fault. */
  openGuard(): Promise<Guard>;
  /** The folder for the links of this run, or why there is none. */
  place(): { readonly folder: string } | { readonly because: string };
  /** Unpins what earlier runs of this agent left, all but the last `kept` of them; returns how many links. Fault when they cannot be removed. */
  removeEarlier(kept: number): number;
  /** A line for the log. */
  say(line: string): void;
}

export interface PinsNeeds extends Omit<PolicySetsNeeds, "guard"> {
  readonly means: PinMeans | undefined;
  nowMs(): number;
}

export function asksForPin({ isPinned, mode, rules }: ParsedRuntimePolicy): boolean {
  return isPinned && mode === "enforce" && rules.length > 0;
}

const nothing: Reconciled = { holdersByPolicy: new Map(), problems: [] };

export class Pins {
  /** Why what asks for it is not pinned; "": it is, or nothing asks. */
  because = "";
  /** Why links of an earlier run are still there though nobody wants them; "". */
  leftOver = "";
  scopes: readonly GuardScope[] = [];
  readonly #needs: PinsNeeds;
  #guard: Guard | undefined;
  #sets: PolicySets | undefined;
  #folder = "";
  #held: ReadonlySet<string> = new Set();
  #isOpening = false;
  #openAgainMs = Number.NEGATIVE_INFINITY;
  #heldSinceMs: number | undefined;
  #isSettled = false;
  #isClosed = false;

  constructor(needs: PinsNeeds) {
    this.#needs = needs;
  }

  get guard(): Guard | undefined {
    return this.#guard;
  }

  has(policy: ParsedRuntimePolicy): boolean {
    return asksForPin(policy) && this.#held.has(policy.name);
  }

  /** Opens the guard when something asks for it; what hinders is in `because`. */
  async prepare(isWanted: boolean): Promise<void> {
    const { means } = this.#needs;
    if (!isWanted) this.because = "";
    if (!isWanted || means === undefined || this.#isOpening || this.#isClosed) return;
    const place = placeOf(means);
    if ("because" in place) {
      this.because = place.because;
      return;
    }
    this.#folder = place.folder;
    if (this.#guard !== undefined || this.#needs.nowMs() < this.#openAgainMs) return;
    this.#isOpening = true;
    this.#openAgainMs = this.#needs.nowMs() + guardSideLimits.pinAgainMs;
    try {
      const guard = await means.openGuard();
      if (this.#isClosed) guard.close();
      else this.#use(guard);
    } catch (error) {
      this.because = toFault(error).message;
    } finally {
      this.#isOpening = false;
    }
  }

  #use(guard: Guard): void {
    this.#guard = guard;
    const { book, find } = this.#needs;
    this.#sets = createPolicySets({
      guard,
      book,
      find,
      noted: (scopes) => (this.scopes = scopes),
    });
  }

  /** Holds exactly these from now on, pinned; where that fails nothing of them, and `because` says why. */
  reconcile(policies: readonly ParsedRuntimePolicy[], holders: readonly Holder[]): Reconciled {
    const [guard, sets] = [this.#guard, this.#sets];
    if (guard === undefined || sets === undefined) return nothing;
    if (policies.length === 0) {
      this.#drop();
      return nothing;
    }
    try {
      const reconciled = sets.reconcile(policies, holders);
      guard.pin(this.#folder);
      // An agent that dies again and again must not slow the machine down more each time.
      if (this.#held.size === 0 && !this.#isSettled) this.#needs.means?.removeEarlier(guardSideLimits.pinRunsMax);
      this.#held = new Set(policies.map(({ name }) => name));
      this.#heldSinceMs ??= this.#needs.nowMs();
      this.because = "";
      return reconciled;
    } catch (error) {
      this.because = toFault(error).message;
      this.#drop();
      return nothing;
    }
  }

  /**
   * Links of earlier runs go: at once when nothing may be stopped or nothing asks for pin any more, else when this run holds all for long enough that every
   * living container was recognised again.
   */
  settle({ isStopped, isWanted }: { readonly isStopped: boolean; readonly isWanted: boolean }): void {
    const { means } = this.#needs;
    if (this.#isSettled || means === undefined) return;
    const sinceMs = this.#heldSinceMs;
    const isTaken = sinceMs !== undefined && this.#needs.nowMs() - sinceMs >= guardSideLimits.pinHandoverMs;
    if (!isStopped && isWanted && !isTaken) return;
    try {
      const links = means.removeEarlier(0);
      this.#isSettled = true;
      this.leftOver = "";
      if (links > 0) means.say(`${links} pinned links of an earlier run of this agent were removed`);
    } catch (error) {
      this.leftOver = `links of an earlier run cannot be removed: ${toFault(error).message}`;
    }
  }

  #drop(): void {
    this.#held = new Set();
    this.#heldSinceMs = undefined;
    this.scopes = [];
    this.#guard?.unpin();
    this.#guard?.close();
    this.#guard = undefined;
    this.#sets = undefined;
  }

  /** What is pinned stays in force, and that is said. */
  close(): void {
    this.#isClosed = true;
    if (this.#held.size > 0)
      this.#needs.means?.say(
        `${this.#held.size} runtime policies stay in force without the agent, as they ask (pin): ${this.#folder}; "garrison runtime release --pinned" frees`,
      );
    this.#guard?.close();
    this.#guard = undefined;
  }
}

function placeOf(means: PinMeans): ReturnType<PinMeans["place"]> {
  try {
    return means.place();
  } catch (error) {
    return { because: toFault(error).message };
  }
}

/** Each policy is held by one of the two; one that changes sides is held by both for a moment, never by none. */
export function reconcileBoth(
  sets: PolicySets,
  pins: Pins,
  what: { readonly policies: readonly ParsedRuntimePolicy[]; readonly holders: readonly Holder[] },
): Reconciled {
  const { policies, holders } = what;
  const before = policies.filter((policy) => !pins.has(policy));
  const first = sets.reconcile(before, holders);
  const kept = pins.reconcile(policies.filter(asksForPin), holders);
  const after = policies.filter((policy) => !pins.has(policy));
  const own = after.length === before.length ? first : sets.reconcile(after, holders);
  return {
    holdersByPolicy: new Map([...own.holdersByPolicy, ...kept.holdersByPolicy]),
    problems: [...own.problems, ...kept.problems],
  };
}

// Runtime policies on the node: resources and allow-lists in, kernel rules for living workloads, security events and statuses out. The kernel's guard is opened
// when there is something to guard, and "enforced" is said only when a record of the kernel proves it.
import { toFault } from "../../../base/fault.ts";
import type { CompileProblem, FoundFile } from "../../../core/runtime-policy/compile.ts";
import {
  allowListLimits,
  allowListProblem,
  policyOfAllowList,
  type AllowListTaker,
  type AllowListsStanding,
  type ExecutableAllowList,
} from "../../../core/runtime-policy/contract.ts";
import type { Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { ParsedRuntimePolicy, RuntimeProblem, RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import { parseRuntimeSpec } from "../../../core/runtime-policy/parse/parse-policy.ts";
import {
  createRuleBook,
  explainGuarded,
  type KnownRule,
  type RuleBook,
} from "../../../core/runtime-policy/rule-book.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { ExecEvent, SensorEvent } from "../../../core/sense/sensor.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import { drillRule, runDrill, type DrillReceipt } from "./drill.ts";
import { guardSideLimits } from "./limits.ts";
import type { HoldFacts } from "./hold-status.ts";
import { holdsOf, type Hold, type Holds } from "./holds.ts";
import { createPatternWatch } from "./pattern-watch.ts";
import { holdersOf, type GuardedProcess, type Holder, type NodePlaces } from "./living.ts";
import { asksForPin, Pins, reconcileBoth, type PinMeans } from "./pins.ts";
import { createPolicySets, type PolicySets, type Reconciled } from "./policy-sets.ts";
import { statusOf, type PolicyCounts } from "./guard-status.ts";

export interface GuardSideParts {
  /** Opens the kernel's guard; rejects with a Fault where it cannot be. Called when the first policy comes, never twice at a time. */
  openGuard(): Promise<Guard>;
  processes(): Iterable<GuardedProcess>;
  readonly places: NodePlaces;
  find(pid: number, path: string, use: "block" | "allow"): FoundFile | undefined;
  /** Where drills make their cgroup; "" : no drills. */
  readonly drillFolder: string;
  /** Why nothing may be enforced now: break-glass; "" when it may. */
  stopped(): string;
  /** Who did it, as policies select. */
  subjectOf(event: ExecEvent): RuntimeSubject;
  /** Freezes and isolates; absent where nothing may be stopped. */
  readonly holds: Holds | undefined;
  /** For policies that stay in force without the agent; absent where nothing may be stopped. */
  readonly pins?: PinMeans | undefined;
  /** Where the v2 hierarchy is mounted; "" when nowhere. */
  readonly cgroupMount: string;
  tell(event: GuardedEvent, known: KnownRule | undefined, count: number): void;
  nowMs(): number;
}

export interface GuardSide extends AllowListTaker {
  /** Takes the whole set of this node's resources, of any kind. */
  setResources(resources: readonly Resource[]): void;
  statuses(): readonly ResourceStatus[];
  /** The sensor's events: patterns that the kernel cannot look up are compared with every exec. */
  take(events: readonly SensorEvent[]): void;
  /** Call a few times a second. */
  tick(): Promise<void>;
  /** Events that were lost, by kind, since the guard was opened. */
  losses(): Readonly<Record<string, number>>;
  close(): void;
}

interface HeldPolicy {
  readonly resource: Pick<Resource, "kind" | "scope" | "name" | "generation">;
  readonly policy: ParsedRuntimePolicy | undefined;
  readonly problems: readonly RuntimeProblem[];
}

export function createGuardSide(parts: GuardSideParts): GuardSide {
  return new NodeGuard(parts);
}

class NodeGuard implements GuardSide {
  readonly #parts: GuardSideParts;
  readonly #book: RuleBook = createRuleBook();
  readonly #counts = new Map<string, PolicyCounts>();
  readonly #patterns = createPatternWatch((policy, rule) => this.#book.numberOf(policy, rule));
  readonly #pins: Pins;
  #isSynced = false;
  #holdProblems: readonly CompileProblem[] = [];
  #holds: readonly Hold[] = [];
  /** By policy: since when everything is held that it asks for. */
  readonly #heldSinceMs = new Map<string, number>();
  #held: readonly HeldPolicy[] = [];
  #lists: readonly ParsedRuntimePolicy[] = [];
  /** How often lists were handed in, and at which of these the kernel is. */
  #listsVersion = 0;
  #listsHeld = 0;
  #guard: Guard | undefined;
  #sets: PolicySets | undefined;
  #scopes: readonly GuardScope[] = [];
  #failure = "";
  #reconciled: Reconciled = { holdersByPolicy: new Map(), problems: [] };
  #reconciledMs = Number.NEGATIVE_INFINITY;
  /** Cgroups and mount namespaces that the last look saw, or that made it look. */
  readonly #places = new Set<string>();
  #isNewPlace = false;
  #drill: DrillReceipt | undefined;
  #pinDrill: DrillReceipt | undefined;
  #isOpening = false;
  #isClosed = false;

  constructor(parts: GuardSideParts) {
    this.#parts = parts;
    this.#pins = new Pins({
      means: parts.pins,
      book: this.#book,
      find: (pid, path, use) => parts.find(pid, path, use),
      nowMs: () => parts.nowMs(),
    });
  }

  setResources(resources: readonly Resource[]): void {
    this.#isSynced = true;
    this.#held = resources
      .filter(({ kind, deleted }) => kind === "RuntimePolicy" && !deleted)
      .slice(0, guardSideLimits.policiesMax)
      .map(({ kind, scope, name, generation, spec }) => ({
        resource: { kind, scope, name, generation },
        ...parseRuntimeSpec(name, spec),
      }));
    this.#reconciledMs = Number.NEGATIVE_INFINITY;
  }

  setAllowLists(lists: readonly ExecutableAllowList[]): ReadonlyMap<string, string> {
    const refused = new Map<string, string>();
    for (const list of lists) {
      const because = allowListProblem(list);
      if (because !== "") refused.set(list.name, because);
    }
    for (const { name } of lists.slice(allowListLimits.listsMax))
      refused.set(name, `more than listsMax = ${allowListLimits.listsMax} lists`);
    this.#lists = lists.filter(({ name }) => !refused.has(name)).map(policyOfAllowList);
    this.#listsVersion += 1;
    this.#reconciledMs = Number.NEGATIVE_INFINITY;
    if (this.#failure !== "") for (const { name } of this.#lists) refused.set(name, this.#failure);
    return refused;
  }

  listsStanding(): AllowListsStanding {
    if (this.#failure !== "") return { failed: this.#failure };
    return this.#lists.length === 0 || this.#listsHeld === this.#listsVersion ? "held" : "pending";
  }

  take(events: readonly SensorEvent[]): void {
    if (this.#isClosed) return;
    for (const event of events) if (event.type === "exec") this.#seePlace(event);
    this.#hear(this.#patterns.take(events, (event) => this.#parts.subjectOf(event)));
  }

  async tick(): Promise<void> {
    if (this.#isClosed) return;
    this.#hear(this.#drain());
    const nowMs = this.#parts.nowMs();
    const { reconcileEveryMs, reconcileSoonestMs } = guardSideLimits;
    if (nowMs - this.#reconciledMs < (this.#isNewPlace ? reconcileSoonestMs : reconcileEveryMs)) return;
    this.#reconciledMs = nowMs;
    this.#isNewPlace = false;
    await this.#reconcile();
    await this.#drillWhenDue(nowMs);
  }

  /** A new container: it is looked at with the next tick, not with the next round. */
  #seePlace({ cgroupId, facts }: ExecEvent): void {
    const place = `${cgroupId} ${facts?.mountNamespace ?? 0}`;
    if (this.#places.has(place)) return;
    if (this.#places.size >= guardSideLimits.placesKnownMax) this.#places.clear();
    this.#places.add(place);
    this.#isNewPlace = true;
  }

  #policies(): readonly ParsedRuntimePolicy[] {
    const own = this.#held.flatMap(({ policy }) => (policy === undefined ? [] : [policy]));
    return [...own, ...this.#lists].filter(({ mode }) => mode !== "off");
  }

  async #reconcile(): Promise<void> {
    const policies = this.#policies();
    const listsVersion = this.#listsVersion;
    const isStopped = this.#parts.stopped() !== "";
    const wanted = isStopped ? [] : policies;
    this.#patterns.setPolicies(wanted);
    const isPinWanted = wanted.some(asksForPin);
    // Before the server has spoken nobody knows what is still wanted; break-glass is known.
    const settle = (): void => {
      if (this.#isSynced || isStopped) this.#pins.settle({ isStopped, isWanted: isPinWanted });
    };
    if (policies.length === 0 && this.#guard === undefined) {
      settle();
      return this.#hold([], []);
    }
    const sets = await this.#open();
    if (sets === undefined || this.#isClosed) return;
    await this.#pins.prepare(isPinWanted);
    if (this.#isClosed) return;
    const holders = isStopped || policies.length === 0 ? [] : holdersOf(this.#parts.processes(), this.#parts.places);
    try {
      this.#reconciled = reconcileBoth(sets, this.#pins, { policies: wanted, holders });
      this.#hold(wanted, holders);
      this.#failure = "";
      this.#listsHeld = listsVersion;
      settle();
    } catch (error) {
      this.#failure = toFault(error).message;
    }
  }

  /** What is asked to stand still or to be cut off, until its time is over. */
  #hold(policies: readonly ParsedRuntimePolicy[], holders: readonly Holder[]): void {
    const { wanted, problems } = holdsOf(policies, holders, {
      nowMs: this.#parts.nowMs(),
      cgroupMount: this.#parts.cgroupMount,
    });
    this.#holds = wanted;
    const failed = this.#parts.holds?.apply(wanted) ?? [];
    this.#holdProblems = [...problems, ...failed.map((message) => ({ policy: "", place: "hold", message }))];
  }

  /** Undefined, with the reason noted, where it cannot be; and while an earlier call still waits for the kernel. */
  async #open(): Promise<PolicySets | undefined> {
    if (this.#sets !== undefined || this.#isOpening) return this.#sets;
    this.#isOpening = true;
    try {
      const guard = await this.#parts.openGuard();
      if (this.#isClosed) {
        guard.close();
        return undefined;
      }
      this.#guard = guard;
      this.#sets = createPolicySets({
        guard,
        book: this.#book,
        find: (pid, path, use) => this.#parts.find(pid, path, use),
        noted: (scopes) => (this.#scopes = scopes),
      });
      this.#failure = "";
    } catch (error) {
      this.#failure = toFault(error).message;
    } finally {
      this.#isOpening = false;
    }
    return this.#sets;
  }

  async #drillWhenDue(nowMs: number): Promise<void> {
    const isWanted = this.#policies().some(({ mode }) => mode === "enforce") && this.#parts.stopped() === "";
    if (!isWanted || this.#parts.drillFolder === "") return;
    this.#drill = await this.#drillOf(this.#guard, () => this.#scopes, { nowMs, last: this.#drill });
    this.#pinDrill = await this.#drillOf(this.#pins.guard, () => this.#pins.scopes, { nowMs, last: this.#pinDrill });
  }

  /** The last one again while that is young enough. */
  async #drillOf(
    guard: Guard | undefined,
    scopes: () => readonly GuardScope[],
    { nowMs, last }: { readonly nowMs: number; readonly last: DrillReceipt | undefined },
  ): Promise<DrillReceipt | undefined> {
    const { drillEveryMs, drillAgainMs } = guardSideLimits;
    if (guard === undefined) return undefined;
    if (last !== undefined && nowMs < last.timeMs + (last.isProved ? drillEveryMs : drillAgainMs)) return last;
    return runDrill({
      guard,
      cgroupPath: this.#parts.drillFolder,
      scopes,
      drain: () => this.#hear(guard.drain()),
      nowMs: () => this.#parts.nowMs(),
    });
  }

  /** Tells what is not a drill's, equal ones once with their count; returns the drill's. */
  #hear(events: readonly GuardedEvent[]): readonly GuardedEvent[] {
    const drills: GuardedEvent[] = [];
    const rows = new Map<string, { readonly event: GuardedEvent; count: number }>();
    for (const event of events) {
      if (event.rule >= drillRule) {
        drills.push(event);
        continue;
      }
      const known = this.#book.find(event.rule);
      this.#count(event, known);
      const key = `${event.rule} ${event.outcome} ${event.process.pid} ${event.path} ${event.tuple?.remoteAddress ?? ""} ${event.tuple?.remotePort ?? ""}`;
      const row = rows.get(key);
      if (row !== undefined) row.count += 1;
      else if (rows.size < guardSideLimits.rowsPerTickMax) rows.set(key, { event, count: 1 });
    }
    for (const { event, count } of rows.values()) this.#parts.tell(event, this.#book.find(event.rule), count);
    return drills;
  }

  #count(event: GuardedEvent, known: KnownRule | undefined): void {
    const name = known?.policy.name ?? "";
    const before = this.#counts.get(name) ?? { byOutcome: {}, receipt: "", receiptMs: 0 };
    const byOutcome = { ...before.byOutcome, [event.outcome]: (before.byOutcome[event.outcome] ?? 0) + 1 };
    const isDone = event.outcome === "killed" || event.outcome === "denied";
    this.#counts.set(name, {
      byOutcome,
      receipt: isDone ? explainGuarded(event, known) : before.receipt,
      receiptMs: isDone ? event.timeMs : before.receiptMs,
    });
  }

  statuses(): readonly ResourceStatus[] {
    const stopped = this.#parts.stopped();
    return this.#held.map((held) =>
      statusOf(held, {
        planes: this.#guard?.planes,
        failure: this.#failure,
        stopped,
        holders: this.#reconciled.holdersByPolicy.get(held.resource.name) ?? 0,
        problems: [
          ...this.#reconciled.problems.filter(({ policy }) => policy === held.resource.name),
          ...this.#holdProblems.filter(({ policy }) => policy === "" || policy === held.resource.name),
          ...(this.#pins.leftOver === "" ? [] : [{ policy: "", place: "pin", message: this.#pins.leftOver }]),
          ...this.#lossesAsProblems(),
        ],
        drill: held.policy !== undefined && this.#pins.has(held.policy) ? this.#pinDrill : this.#drill,
        pin: this.#pinWords(held.policy),
        counts: this.#counts.get(held.resource.name),
        hold: this.#holdFacts(held.resource.name),
        nowMs: this.#parts.nowMs(),
      }),
    );
  }

  #holdFacts(policy: string): HoldFacts {
    const wanted = this.#holds.filter((hold) => hold.policy === policy);
    const held = wanted.filter((hold) => this.#parts.holds?.isHeld(hold) === true).length;
    if (wanted.length === 0 || held < wanted.length) this.#heldSinceMs.delete(policy);
    else if (!this.#heldSinceMs.has(policy)) this.#heldSinceMs.set(policy, this.#parts.nowMs());
    return { wanted: wanted.length, held, sinceMs: this.#heldSinceMs.get(policy) ?? 0 };
  }

  #pinWords(policy: ParsedRuntimePolicy | undefined): string {
    if (policy === undefined || !asksForPin(policy)) return "";
    if (this.#pins.has(policy)) return "pinned: it stays in force without the agent";
    return `not pinned: ${this.#pins.because || "not done yet"}`;
  }

  #lossesAsProblems(): readonly CompileProblem[] {
    return Object.entries(this.losses()).map(([kind, count]) => ({
      policy: "",
      place: "records of the kernel",
      message: `${count} ${kind}`,
    }));
  }

  losses(): Readonly<Record<string, number>> {
    const losses: Record<string, number> = {};
    for (const guard of [this.#guard, this.#pins.guard])
      for (const [kind, count] of Object.entries(guard?.stats().lossesByKind ?? {}))
        losses[kind] = (losses[kind] ?? 0) + count;
    return losses;
  }

  #drain(): readonly GuardedEvent[] {
    return [...(this.#guard?.drain() ?? []), ...(this.#pins.guard?.drain() ?? [])];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#hear(this.#drain());
    this.#isClosed = true;
    // A dead agent holds nobody.
    this.#parts.holds?.letGo();
    this.#guard?.close();
    this.#pins.close();
  }
}

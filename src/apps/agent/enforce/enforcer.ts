// Keeps the kernel's rules as the node's resources ask: collects what changes, decides, acts, reports. One step at a time; nothing acts inside a callback
// but the repair of rules that somebody else removed.
import { toFault } from "../../../base/fault.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import { readBreakGlass, type BreakGlass } from "./break-glass.ts";
import { createChanges, type Changes } from "./changes.ts";
import type { Decision } from "./decide.ts";
import type { Enforcer, EnforcerOptions } from "./enforcer-contract.ts";
import { createFirstLook, type FirstLook } from "./first-look.ts";
import { createForce, type Force, type InForce } from "./force.ts";
import { createIncoming } from "./incoming.ts";
import { enforceKinds, intentOf, type Intent } from "./intent.ts";
import type { ChangeJudgement } from "./judge-change.ts";
import { openKept, type Kept, type KeptSet } from "./kept.ts";
import { enforceLimits } from "./limits.ts";
import { createProofs, type Proofs } from "./proofs.ts";
import { createReevaluation, type Reevaluation } from "./reevaluation.ts";
import { createRepairPace } from "./repair-pace.ts";
import { createRuleCounters } from "./rule-counters.ts";
import { statusesOf, type NodeWord } from "./statuses.ts";
import { createSurroundings, type Surroundings } from "./surroundings.ts";
import { createUnenforcedGaps } from "./unenforced-gaps.ts";
import { createWake, type Wake } from "./wake.ts";

export function createEnforcer(options: EnforcerOptions): Enforcer {
  return new NodeEnforcer(options);
}

class NodeEnforcer implements Enforcer {
  readonly #options: EnforcerOptions;
  readonly #kept: Kept;
  readonly #changes: Changes;
  readonly #around: Surroundings;
  readonly #force: Force;
  readonly #firstLook: FirstLook;
  readonly #proofs: Proofs;
  readonly #counters = createRuleCounters();
  readonly #gaps = createUnenforcedGaps();
  readonly #reevaluation: Reevaluation;
  readonly #pace = createRepairPace();
  readonly #incoming = createIncoming(() => performance.now());
  readonly #wake: Wake;
  readonly #timer: NodeJS.Timeout;
  #asked: Intent | undefined;
  #state: Pick<NodeWord, "state" | "because"> = { state: "off", because: "nothing was asked of this node yet" };
  #judgement: ChangeJudgement | undefined;
  #readBack = "";
  /** What is in the kernel was touched, or a step failed: nothing is said of it before it was read again. */
  #isDoubted = false;
  #countedMs = 0;
  #retryAtMs = Infinity;
  #retryMs: number = enforceLimits.retryMsMin;
  #connectionsCut = 0;
  #repairs = 0;
  #isGlassBroken = false;
  #stopWatch: (() => void) | undefined;

  constructor(options: EnforcerOptions) {
    const { folder, logger, prover, clock, notProvable, dataplane, dnsSettings } = options;
    this.#options = options;
    this.#kept = openKept(folder, logger);
    this.#changes = createChanges(this.#kept);
    this.#around = createSurroundings({ ...options, dnsSettings: (intent) => dnsSettings?.(intent) });
    this.#proofs = createProofs(prover, clock, notProvable);
    const settingsOf = (intent: Intent) => this.#around.settingsOf(intent);
    this.#force = createForce({ dataplane, settingsOf, onApplied: (inForce) => this.#applied(inForce) });
    this.#reevaluation = createReevaluation(dataplane);
    this.#firstLook = createFirstLook(this.#force, this.#around, dataplane);
    this.#wake = createWake(() => this.#steps());
    this.#timer = setInterval(() => this.#tick(), enforceLimits.tickEveryMs);
    this.#timer.unref();
  }

  get inForce(): InForce | undefined {
    return this.#force.current;
  }

  setResources(resources: readonly Resource[]): void {
    const own = resources.filter(({ kind }) => enforceKinds.includes(kind));
    if (own.length === 0 && this.#asked === undefined && this.#changes.confirmed === undefined) return;
    this.#wake.wake(this.#incoming.push(own));
  }

  #takeIncoming(): void {
    const came = this.#incoming.take();
    if (typeof came === "number") this.#wake.wake(came);
    else if (came !== undefined) {
      this.#asked = intentOf(came);
      this.#around.forget();
    }
  }

  identitiesCame(): void {
    if (this.#asked !== undefined) this.#wake.wake(enforceLimits.settleMs);
  }

  takeGaps(nowMs: number): Row<"gaps">[] {
    return this.#gaps.take(nowMs);
  }

  settled(): Promise<void> {
    return this.#wake.settled();
  }

  async close(kernel: "keep" | "withdraw"): Promise<void> {
    clearInterval(this.#timer);
    await this.#wake.stop();
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    if (kernel === "withdraw") this.#force.withdraw();
  }

  statuses(): readonly ResourceStatus[] {
    if (this.#asked === undefined) return [];
    const { world, problems } = this.#options;
    return statusesOf({
      problems: problems?.() ?? [],
      asked: this.#asked,
      inForce: this.#force.current,
      word: this.#word(),
      readBack: this.#readBack,
      receiptOf: (policy) => this.#proofs.receiptOf(policy, this.#force.current?.intent.policyDigests.get(policy)),
      countersOf: (policy) => this.#counters.of(policy, this.#options.packets.deniedAtEnd(policy)),
      refusedLocals: this.#around.locals.refused,
      endpointsOf: (policy) => this.#counters.endpointsOf(this.#force.current, policy, world.local),
      detailedMax: enforceLimits.detailedStatusesMax,
    });
  }

  async #steps(): Promise<"again" | "rest"> {
    const { logger, onStatus, clock } = this.#options;
    const before = JSON.stringify([this.#word(), this.#readBack]);
    try {
      this.#step(clock.nowMs());
      this.#retryMs = enforceLimits.retryMsMin;
    } catch (error) {
      this.#fail(toFault(error).message);
      logger.error({ error: toFault(error).message }, "enforcement failed and is tried again");
    }
    if (JSON.stringify([this.#word(), this.#readBack]) !== before) onStatus();
    const { current } = this.#force;
    if (current === undefined) return "rest";
    const fetched = await this.#proofs.fetch(current, this.#around.ends());
    if (fetched !== "none") onStatus();
    return fetched === "more" ? "again" : "rest";
  }

  /** Everything that time alone changes. */
  #tick(): void {
    const { clock, dataplane } = this.#options;
    const nowMs = clock.nowMs();
    const isGlassBroken = this.#glass() !== undefined;
    const isDue = this.#changes.isDue(nowMs) || nowMs >= this.#retryAtMs;
    const isOld = this.#asked !== undefined && this.#asked.settings.mode !== "off" && this.#around.isOld(nowMs);
    if (isGlassBroken !== this.#isGlassBroken || isDue || isOld) this.#wake.wake(0);
    const { current } = this.#force;
    if (current === undefined || nowMs - this.#countedMs < enforceLimits.countersEveryMs) return;
    this.#countedMs = nowMs;
    try {
      this.#counters.read(current.engine, dataplane);
    } catch (error) {
      this.#options.logger.warn({ error: toFault(error).message }, "counters of rules cannot be read");
    }
  }

  #step(nowMs: number): void {
    this.#retryAtMs = Infinity;
    this.#takeIncoming();
    const glass = this.#glass();
    this.#isGlassBroken = glass !== undefined;
    if (glass !== undefined) this.#breakGlass(glass, nowMs);
    else if (this.#asked !== undefined) this.#act(this.#asked, nowMs);
    else this.#takeBackOverdue(nowMs);
    this.#reevaluate(nowMs);
  }

  /** What a change of the world closed. */
  #reevaluate(nowMs: number): void {
    const { current } = this.#force;
    if (current === undefined || current.intent.settings.onPolicyChange !== "reevaluate")
      return this.#reevaluation.forget();
    const cut = this.#reevaluation.cutDue(current.engine, this.#around.live(), nowMs);
    if (cut === "later") this.#wake.wake(enforceLimits.reevaluateEveryMs);
    else this.#connectionsCut += cut;
  }

  /** After a restart without a server nobody asks for anything, and what waits for its confirmation may be why. */
  #takeBackOverdue(nowMs: number): void {
    const { pending } = this.#changes;
    if (pending !== undefined && this.#changes.isDue(nowMs))
      this.#takeBack(pending.digest, "nobody confirmed it in time", nowMs);
  }

  /** Policies that are judged against a world that was not heard would cut everybody. */
  get #isBlind(): boolean {
    return this.#around.inventory === "not-heard" && this.#kept.state.hadInventory;
  }

  #glass(): BreakGlass | undefined {
    return readBreakGlass(this.#options.glassFolder ?? this.#options.folder);
  }

  #breakGlass({ by, because }: BreakGlass, nowMs: number): void {
    const why = because === "" ? "" : ` (${because})`;
    if (this.#force.current !== undefined) this.#gaps.begin(nowMs, `break-glass${why}`);
    this.#withdraw();
    this.#say(
      "broken-glass",
      `break-glass by ${by === "" ? "a person" : by}${why}: nothing is enforced until it is ended`,
    );
  }

  #act(asked: Intent, nowMs: number): void {
    const { inventory } = this.#around;
    if (inventory !== "not-heard" && (inventory === "kept") !== this.#kept.state.hadInventory)
      this.#kept.save({ hadInventory: inventory === "kept" });
    const decision = this.#changes.decide(asked, this.#force.current?.intent.digest, nowMs);
    if (decision.do === "withdraw" && decision.mode === "off") return this.#turnOff(asked, nowMs);
    if (decision.do === "take-back" && this.#isBlind) return this.#takeBack(decision.digest, decision.because, nowMs);
    if (this.#isBlind) return this.#wait(decision);
    const heldUntilMs = this.#pace.heldUntilMs(nowMs);
    if (heldUntilMs > 0 && decision.do !== "withdraw" && decision.do !== "take-back") {
      this.#retryAtMs = heldUntilMs;
      return this.#say("failed", this.#pace.because());
    }
    const world = this.#around.look(asked, nowMs);
    if (this.#force.isBehind || (this.#force.current !== undefined && !world.isNothing)) {
      this.#force.follow(world);
      this.#reevaluation.note(world);
      this.#gaps.end(nowMs);
      this.#read("counts");
    }
    switch (decision.do) {
      case "withdraw":
        this.#turnOff(asked, nowMs);
        return this.#preview(asked);
      case "take-back":
        return this.#takeBack(decision.digest, decision.because, nowMs);
      case "hold":
        return this.#hold(asked, decision.because, nowMs);
      case "change":
        return this.#change(asked, decision.judge, nowMs);
      case "confirm":
        this.#changes.confirm(asked);
        return this.#sayEnforced();
      case "limit":
        this.#changes.limit(asked, nowMs);
        return this.#sayEnforced();
      case "keep":
        return this.#sayEnforced();
    }
  }

  /** Nobody said who is who. What was taken back in that time is said until it comes back. */
  #wait(decision: Decision): void {
    if (decision.do === "hold" && this.#state.state === "taken-back") return;
    this.#say("failed", "who is who in the cluster was not heard yet; what is in the kernel stays as it is");
  }

  #change(asked: Intent, judge: boolean, nowMs: number): void {
    if (judge && !this.#firstLook.isDone(asked, nowMs)) {
      this.#wake.wake(enforceLimits.firstLookMs);
      return this.#say(
        "off",
        "nothing is denied yet: looking which connections are open, before the first change is judged",
      );
    }
    const engine = this.#around.engineOf(asked);
    this.#judgement = judge ? this.#around.judge(asked, this.#force.current?.engine, engine) : undefined;
    if (this.#judgement !== undefined && this.#judgement.because !== "") {
      this.#changes.refuse(asked.digest, this.#judgement);
      return this.#hold(asked, "refused", nowMs);
    }
    this.#bring(asked, engine, nowMs);
    this.#changes.remember(asked, nowMs);
    this.#sayEnforced();
  }

  /** Into the kernel, with what belongs to it: open connections, reading back. */
  #bring(intent: Intent, engine: PolicyEngine, nowMs: number): void {
    this.#force.put(intent, engine, nowMs);
    this.#gaps.end(nowMs);
    this.#reevaluation.forget();
    if (intent.settings.onPolicyChange === "reevaluate")
      this.#connectionsCut += this.#reevaluation.cutAll(engine, this.#around.live());
    this.#read("all");
  }

  #read(elements: "all" | "counts"): void {
    this.#readBack = this.#force.readBack(elements);
    this.#isDoubted = false;
  }

  #bringKept({ resources }: KeptSet, nowMs: number): void {
    const intent = intentOf(resources);
    this.#around.look(intent, nowMs);
    this.#bring(intent, this.#around.engineOf(intent), nowMs);
  }

  /** Out of the kernel first, then into the book: a kernel that refuses is asked again. */
  #takeBack(digest: string, because: string, nowMs: number): void {
    const target = this.#changes.insteadOf(digest);
    let later = "";
    if (target !== undefined && this.#isBlind) {
      // Nothing at all instead of what may have cut the node off; the confirmed set comes once it is heard who is who.
      this.#withdraw();
      this.#gaps.begin(nowMs, `change ${digest} was taken back before it was heard who is who`);
      later = `: it was not heard yet who is who in the cluster, then change ${target.digest} comes back`;
    } else if (target === undefined) this.#withdraw();
    else if (target.digest !== this.#force.current?.intent.digest) this.#bringKept(target, nowMs);
    this.#changes.takeBack(digest);
    this.#options.logger.warn({ digest, because }, "a change of policies was taken back");
    this.#say("taken-back", `change ${digest} was taken back: ${because}; ${this.#whatStays()}${later}`);
  }

  /** What is asked stays out; what was confirmed before comes or stays in. */
  #hold(asked: Intent, because: "taken-back" | "refused", nowMs: number): void {
    const { confirmed, judgement } = this.#changes;
    if (this.#force.current === undefined && confirmed !== undefined) this.#bringKept(confirmed, nowMs);
    const isRefused = because === "refused";
    const why = isRefused ? `is refused: ${judgement?.because ?? ""}` : "was taken back";
    const hint = `\`garrison policy apply --confirm ${asked.digest}\` brings it all the same`;
    this.#say(because, `change ${asked.digest} ${why}; ${this.#whatStays()}; ${hint}`);
  }

  #whatStays(): string {
    const { current } = this.#force;
    return current === undefined || this.#firstLook.isOnlyLooking()
      ? "nothing is enforced"
      : `change ${current.intent.digest} stays in force`;
  }

  #preview(asked: Intent): void {
    this.#judgement = this.#around.judge(asked, undefined, this.#around.engineOf(asked));
    const { because, liveFlows, cutFlows } = this.#judgement;
    const words =
      because === "" ? `it would deny ${cutFlows} of ${liveFlows} live connections` : `enforced, ${because}`;
    this.#say("preview", `preview, no packet is touched: ${words}`);
  }

  #turnOff(asked: Intent, nowMs: number): void {
    this.#gaps.end(nowMs);
    const isEnd = this.#changes.end();
    if (isEnd || this.#force.current !== undefined) this.#withdraw();
    if (isEnd) this.#gaps.event(nowMs, `enforcement was turned off: mode ${asked.settings.mode}`);
    const isSaid = asked.words.some(({ resource: { kind } }) => kind === "Enforcement");
    this.#judgement = undefined;
    this.#say(
      "off",
      isSaid ? "enforcement is off on this node" : "no Enforcement resource is for this node: nothing is enforced",
    );
  }

  #withdraw(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    this.#force.withdraw();
    this.#pace.forget();
    this.#firstLook.forget();
    this.#proofs.clear();
    this.#options.packets.forget();
  }

  #applied(inForce: InForce): void {
    const { packets, onApplied, dataplane } = this.#options;
    packets.know(inForce.engine, inForce.compiled.generation);
    this.#stopWatch ??= dataplane.watch((change) => this.#foreign(change));
    onApplied?.(inForce);
  }

  /** Somebody else touched our table: it is written again at once, but for break-glass. */
  #foreign({ timeMs, what }: { readonly timeMs: number; readonly what: string }): void {
    const { logger, clock, onRepaired } = this.#options;
    if (this.#force.current === undefined) return;
    if (this.#glass() !== undefined) return this.#wake.wake(0);
    this.#gaps.begin(timeMs, what);
    this.#force.distrust();
    this.#isDoubted = true;
    this.#proofs.clear();
    if (!this.#pace.mayRepair(clock.nowMs())) return this.#wake.wake(0);
    try {
      this.#force.repair();
      this.#repairs += 1;
      const doneMs = clock.nowMs();
      this.#gaps.end(doneMs);
      logger.warn({ what, afterMs: doneMs - timeMs }, "our rules were changed by somebody else and are written again");
      onRepaired?.();
      this.#wake.wake(0);
    } catch (error) {
      this.#fail(`the rules were changed by somebody else and cannot be written again: ${toFault(error).message}`);
    }
  }

  #fail(message: string): void {
    this.#isDoubted = true;
    this.#say("failed", message.slice(0, 400));
    this.#retryAtMs = this.#options.clock.nowMs() + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, enforceLimits.retryMsMax);
  }

  #say(state: NodeWord["state"], because: string): void {
    this.#state = { state, because };
  }

  #sayEnforced(): void {
    if (this.#isDoubted) this.#read("all");
    const digest = this.#force.current?.intent.digest ?? "";
    const until = this.#changes.pending === undefined ? "" : ", taken back in time unless it is confirmed";
    if (this.#readBack === "") this.#say("enforced", `change ${digest} is in force${until}${this.#notes()}`);
    else this.#say("unproved", `the kernel's rules differ: ${this.#readBack}`);
  }

  /** What a person should know of rules that are in force. */
  #notes(): string {
    const { inventory, stale } = this.#around;
    const isClosed = this.#force.current?.intent.settings.workloadInterfaces.length !== 0;
    // Pods have links of their own where there is an inventory.
    const open = isClosed || inventory !== "kept" ? "" : "; pods nobody told of yet are open (workloadInterfaces)";
    return `${open}${stale === "" ? "" : `; identities are old: ${stale}`}`;
  }

  #word(): NodeWord {
    const { pending } = this.#changes;
    const { liveFlows, cutFlows } = this.#judgement ?? {};
    const dns = this.#options.dns?.();
    return {
      ...this.#state,
      node: {
        mode: this.#asked?.settings.mode ?? "off",
        policies: this.#force.current?.engine.set.policies.length ?? 0,
        isConfirmed: pending === undefined,
        ...(pending === undefined ? {} : { takenBackAtMs: pending.deadlineMs }),
        ...(liveFlows === undefined ? {} : { liveFlows }),
        ...(cutFlows === undefined ? {} : { cutFlows }),
        connectionsCut: this.#connectionsCut,
        repairs: this.#repairs,
        ...(dns === undefined ? {} : { dns }),
      },
    };
  }
}

// Keeps the kernel's rules as the node's resources ask: collects what changes, decides, acts, reports. One step at a time; nothing acts inside a callback
// but the repair of rules that somebody else removed (repairs.ts).
import { toFault } from "../../../base/fault.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import { readBreakGlass, type BreakGlass } from "./break-glass.ts";
import { createChanges, type Changes } from "./changes.ts";
import type { Enforcer, EnforcerOptions } from "./enforcer-contract.ts";
import { createCounting, type Counting } from "./counting.ts";
import { createFirstLook, type FirstLook } from "./first-look.ts";
import { createForce, type Force, type InForce } from "./force.ts";
import { createIncoming } from "./incoming.ts";
import { intentOf, type Intent } from "./intent.ts";
import { enforceKinds } from "./kinds.ts";
import type { ChangeJudgement } from "./judge-change.ts";
import { openKept, type Kept, type KeptSet } from "./kept.ts";
import { enforceLimits } from "./limits.ts";
import {
  blindWord,
  failedWord,
  glassWord,
  heldWord,
  inForceWord,
  lookingWord,
  nodeNumbers,
  offWord,
  previewWord,
} from "./node-words.ts";
import { createProofs, type Proofs } from "./proofs.ts";
import { createReadBacks, type ReadBacks } from "./read-backs.ts";
import { createReevaluation, type Reevaluation } from "./reevaluation.ts";
import { createRepairs, type Repairs } from "./repairs.ts";
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
  readonly #readBacks: ReadBacks;
  readonly #firstLook: FirstLook;
  readonly #proofs: Proofs;
  readonly #counters = createRuleCounters();
  readonly #count: Counting;
  readonly #gaps = createUnenforcedGaps();
  readonly #reevaluation: Reevaluation;
  readonly #repairs: Repairs;
  readonly #incoming = createIncoming(() => performance.now());
  readonly #wake: Wake;
  readonly #timer: NodeJS.Timeout;
  #asked: Intent | undefined;
  #said: Pick<NodeWord, "state" | "because"> = { state: "off", because: "nothing was asked of this node yet" };
  #judgement: ChangeJudgement | undefined;
  #retryAtMs = Infinity;
  #retryMs: number = enforceLimits.retryMsMin;
  #isGlassBroken = false;

  constructor(options: EnforcerOptions) {
    const { folder, logger, prover, clock, notProvable, dataplane, dnsSettings } = options;
    this.#options = options;
    this.#kept = openKept(folder, logger);
    this.#changes = createChanges(this.#kept);
    this.#around = createSurroundings({ ...options, dnsSettings: (intent) => dnsSettings?.(intent) });
    this.#proofs = createProofs(prover, clock, notProvable);
    const settingsOf = (intent: Intent) => this.#around.settingsOf(intent);
    this.#force = createForce({ dataplane, settingsOf, onApplied: (inForce) => this.#applied(inForce) });
    this.#readBacks = createReadBacks(this.#force, () => this.#repairs.rival(options.clock.nowMs()));
    this.#repairs = createRepairs({
      ...options,
      force: this.#force,
      gaps: this.#gaps,
      isGlassBroken: () => this.#glass() !== undefined,
      onTouched: () => this.#doubt(),
      onDone: (trouble) => (trouble === "" ? this.#wake.wake(0) : this.#fail(trouble)),
      onRepaired: () => options.onRepaired?.(),
    });
    this.#count = createCounting(this.#counters, options);
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
    this.#repairs.stop();
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
      readBack: this.#readBacks.said,
      receiptOf: (policy) => this.#proofs.receiptOf(policy, this.#force.current?.intent.policyDigests.get(policy)),
      countersOf: (policy) => this.#counters.of(policy, this.#options.packets.deniedAtEnd(policy)),
      refusedLocals: this.#around.locals.refused,
      endpointsOf: (policy) => this.#counters.endpointsOf(this.#force.current, policy, world.local),
      detailedMax: enforceLimits.detailedStatusesMax,
    });
  }

  async #steps(): Promise<"again" | "rest"> {
    const { logger, onStatus, clock } = this.#options;
    const before = JSON.stringify([this.#word(), this.#readBacks.said]);
    try {
      this.#step(clock.nowMs());
      this.#retryMs = enforceLimits.retryMsMin;
    } catch (error) {
      this.#fail(toFault(error).message);
      logger.error({ error: toFault(error).message }, "enforcement failed and is tried again");
    }
    if (JSON.stringify([this.#word(), this.#readBacks.said]) !== before) onStatus();
    const { current } = this.#force;
    if (current === undefined) return "rest";
    const fetched = await this.#proofs.fetch(current, this.#around.ends());
    if (fetched !== "none") onStatus();
    return fetched === "more" ? "again" : "rest";
  }

  /** Everything that time alone changes. */
  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    const isDue = this.#changes.isDue(nowMs) || nowMs >= this.#retryAtMs;
    const isOld = this.#asked !== undefined && this.#asked.settings.mode !== "off" && this.#around.isOld(nowMs);
    if ((this.#glass() !== undefined) !== this.#isGlassBroken || isDue || isOld) this.#wake.wake(0);
    this.#count(this.#force.current?.engine, nowMs);
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
    const done = this.#reevaluation.cutDue(current.engine, this.#around.live(), nowMs);
    if (done === "later") this.#wake.wake(enforceLimits.reevaluateEveryMs);
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

  #breakGlass(glass: BreakGlass, nowMs: number): void {
    const why = glass.because === "" ? "" : ` (${glass.because})`;
    if (this.#force.current !== undefined) this.#gaps.begin(nowMs, `break-glass${why}`);
    this.#withdraw();
    this.#said = glassWord(glass);
  }

  #act(asked: Intent, nowMs: number): void {
    const { inventory } = this.#around;
    if (inventory !== "not-heard" && (inventory === "kept") !== this.#kept.state.hadInventory)
      this.#kept.save({ hadInventory: inventory === "kept" });
    const decision = this.#changes.decide(asked, this.#force.current?.intent.digest, nowMs);
    if (decision.do === "withdraw" && decision.mode === "off") return this.#turnOff(asked, nowMs);
    if (decision.do === "take-back" && this.#isBlind) return this.#takeBack(decision.digest, decision.because, nowMs);
    if (this.#isBlind) {
      // What was taken back in that time is said until it comes back.
      if (decision.do !== "hold" || this.#said.state !== "taken-back") this.#said = blindWord;
      return;
    }
    const heldUntilMs = this.#repairs.heldUntilMs(nowMs);
    if (heldUntilMs > 0 && decision.do !== "withdraw" && decision.do !== "take-back") {
      this.#retryAtMs = heldUntilMs;
      this.#said = failedWord(this.#repairs.because());
      return;
    }
    const world = this.#around.look(asked, nowMs);
    if (this.#force.isBehind || (this.#force.current !== undefined && !world.isNothing)) {
      this.#force.follow(world);
      this.#reevaluation.note(world);
      this.#gaps.end(nowMs);
      this.#readBacks.followed();
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
      case "limit":
        this.#changes.settle(decision.do, asked, nowMs);
        return this.#sayEnforced();
      case "keep":
        return this.#sayEnforced();
    }
  }

  #change(asked: Intent, judge: boolean, nowMs: number): void {
    if (judge && !this.#firstLook.isDone(asked, nowMs)) {
      this.#wake.wake(enforceLimits.firstLookMs);
      this.#said = lookingWord;
      return;
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
    // A change of one policy may close what another's receipt says is open: all are tried again.
    this.#proofs.clear();
    this.#gaps.end(nowMs);
    this.#reevaluation.forget();
    if (intent.settings.onPolicyChange === "reevaluate") this.#reevaluation.cutAll(engine, this.#around.live());
    this.#readBacks.read();
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
    const words = `change ${digest} was taken back: ${because}; ${this.#whatStays()}${later}`;
    this.#said = { state: "taken-back", because: words };
  }

  /** What is asked stays out; what was confirmed before comes or stays in. */
  #hold(asked: Intent, because: "taken-back" | "refused", nowMs: number): void {
    const { confirmed, judgement } = this.#changes;
    if (this.#force.current === undefined && confirmed !== undefined) this.#bringKept(confirmed, nowMs);
    const refusal = judgement?.because ?? "";
    const heldBack = this.#changes.heldBack(asked);
    this.#said = heldWord({ because, digest: asked.digest, refusal, stays: this.#whatStays(), heldBack });
  }

  #whatStays(): string {
    const { current } = this.#force;
    return current === undefined || this.#firstLook.isOnlyLooking()
      ? "nothing is enforced"
      : `change ${current.intent.digest} stays in force`;
  }

  #preview(asked: Intent): void {
    this.#judgement = this.#around.judge(asked, undefined, this.#around.engineOf(asked));
    this.#said = previewWord(this.#judgement);
  }

  #turnOff(asked: Intent, nowMs: number): void {
    this.#gaps.end(nowMs);
    const isEnd = this.#changes.end();
    if (isEnd || this.#force.current !== undefined) this.#withdraw();
    if (isEnd) this.#gaps.event(nowMs, `enforcement was turned off: mode ${asked.settings.mode}`);
    this.#judgement = undefined;
    this.#said = offWord(asked.words.some(({ resource: { kind } }) => kind === "Enforcement"));
  }

  #withdraw(): void {
    this.#repairs.stop();
    this.#force.withdraw();
    this.#firstLook.forget();
    this.#proofs.clear();
    this.#options.packets.forget();
  }

  #applied(inForce: InForce): void {
    const { packets, onApplied } = this.#options;
    packets.know(inForce.engine, inForce.compiled.generation);
    this.#repairs.begin();
    onApplied?.(inForce);
  }

  #doubt(): void {
    this.#readBacks.doubt();
    this.#proofs.clear();
  }

  #fail(message: string): void {
    this.#readBacks.doubt();
    this.#said = failedWord(message);
    this.#retryAtMs = this.#options.clock.nowMs() + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, enforceLimits.retryMsMax);
  }

  #sayEnforced(): void {
    this.#readBacks.readDue(this.#options.clock.nowMs());
    const { current } = this.#force;
    const { inventory, stale } = this.#around;
    this.#said = inForceWord({
      digest: current?.intent.digest ?? "",
      isPending: this.#changes.pending !== undefined,
      readBack: this.#readBacks.said,
      // Pods have links of their own where there is an inventory.
      isOpenToStrangers: inventory === "kept" && current?.intent.settings.workloadInterfaces.length === 0,
      stale,
    });
  }

  #word(): NodeWord {
    return {
      ...this.#said,
      node: nodeNumbers({
        mode: this.#asked?.settings.mode ?? "off",
        policies: this.#force.current?.engine.set.policies.length ?? 0,
        pending: this.#changes.pending,
        judgement: this.#judgement,
        connectionsCut: this.#reevaluation.count,
        repairs: this.#repairs.count,
        dns: this.#options.dns?.(),
      }),
    };
  }
}

// Makes a DnsSide: joins the pure policy of names, the proxy and the kernel's sets, on timers of its own. Contract: dns-side.ts.
import { randomInt } from "node:crypto";
import { networkInterfaces } from "node:os";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Fill, FillChange, Pair } from "../../../core/policy/dns/name-book.ts";
import { createNamePolicy } from "../../../core/policy/dns/name-policy.ts";
import { createDnsProxy } from "../../../edge/dns-proxy/dns-proxy.ts";
import { every } from "../timer.ts";
import { createDeadMan } from "./dead-man.ts";
import { rowOf } from "./dns-rows.ts";
import type { DnsKnowledge, DnsSide, DnsSideOptions, DnsState, SensorLookup } from "./dns-side.ts";
import { createLookupTwins } from "./lookup-twins.ts";

export const dnsSideLimits = {
  /** How often ends, doors and held rows are looked at. */
  tickEveryMs: 500,
  /** How often living connections are asked for, at least; a third of the shortest life when that is less. */
  keepEveryMsMax: 15_000,
  keepEveryMsMin: 1000,
  /** Connections that are looked through; with more of them, whatever is due is kept. */
  connectionsMax: 500_000,
  retryMsMin: 1000,
  retryMsMax: 30_000,
  /** A long outage is told in pieces of this length. */
  gapEveryMs: 30_000,
} as const;

export function createDnsSide(options: DnsSideOptions): DnsSide {
  return new NodeDnsSide(options);
}

class NodeDnsSide implements DnsSide {
  readonly #options: DnsSideOptions;
  readonly #policy;
  readonly #proxy;
  readonly #twins;
  readonly #deadMan;
  readonly #timer: { stop(): void };
  #knowledge: DnsKnowledge | undefined;
  /** Sets that the kernel has, as far as we were told. */
  #sets = new Set<string>();
  #state: DnsState = { state: "idle" };
  #last: Promise<void> = Promise.resolve();
  #keptMs = 0;
  #retryAtMs = 0;
  #retryMs: number = dnsSideLimits.retryMsMin;
  #toldMs = 0;
  #isClosed = false;
  readonly #counts = { kept: 0, keptUnseen: 0, removalsMissed: 0, adopted: 0, refills: 0, doorsLost: 0 };

  constructor(options: DnsSideOptions) {
    this.#options = options;
    this.#policy = createNamePolicy(options.graceMs === undefined ? {} : { graceMs: options.graceMs });
    this.#twins = createLookupTwins((row) => options.onRow(row));
    this.#deadMan = createDeadMan(options.dataplane, options.liveMs);
    this.#proxy = createDnsProxy({
      port: options.port,
      policy: this.#policy,
      originalOf: (tuple) => options.dataplane.originalOf(tuple),
      program: (change) => this.#program(change),
      monotonicMs: () => performance.now(),
      randomId: () => randomInt(65_536),
      onLookup: (lookup) => {
        const row = rowOf(lookup, options.subjectOf(lookup.client), options.clock.nowMs());
        const { source, sourcePort } = lookup.arrival;
        this.#twins.fromProxy({ row, clientAddress: source, clientPort: sourcePort }, performance.now());
      },
      onTrouble: (fault) => this.#trouble(fault),
    });
    this.#timer = every(
      dnsSideLimits.tickEveryMs,
      () => this.#tick(),
      (error) => options.logger.error({ error: toFault(error).message }, "a look at DNS rules failed"),
    );
  }

  get port(): number {
    return this.#proxy.port;
  }

  get state(): DnsState {
    return this.#state;
  }

  update(knowledge: DnsKnowledge): Promise<void> {
    const nowMs = performance.now();
    const isFirst = this.#knowledge === undefined;
    this.#knowledge = knowledge;
    this.#sets = new Set(knowledge.sets.flatMap(({ set4, set6 }) => [set4, set6]));
    const change = this.#policy.know(knowledge, nowMs);
    if (isFirst) this.#adopt(nowMs);
    this.#tryProgram(change, "sets of names could not be filled after a change of policies");
    this.#last = this.#last.then(() => this.#openDoors());
    return this.#last;
  }

  refill(): void {
    this.#counts.refills += 1;
    const add = this.#policy.all(performance.now());
    this.#tryProgram({ add, remove: [] }, "sets of names could not be filled again");
    this.#tellLiving();
  }

  isTwin(lookup: SensorLookup): boolean {
    return this.#twins.isTwin(lookup, performance.now());
  }

  namesOf(endpoint: string, address: string): readonly string[] {
    return this.#policy.namesOf(endpoint, address);
  }

  sharedBy(address: string): readonly string[] {
    return this.#policy.sharedBy(address, performance.now());
  }

  counters(): Readonly<Record<string, number>> {
    const { dropped, refused, ignored, ...plain } = this.#proxy.counters;
    const named = (prefix: string, counts: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(counts).map(([word, count]) => [`${prefix} ${word}`, count]));
    return {
      ...plain,
      ...named("dropped", dropped),
      ...named("refused", refused),
      ...named("ignored", ignored),
      ...this.#policy.stats,
      ...this.#twins.stats,
      ...this.#counts,
    };
  }

  drain(): void {
    this.#twins.drain();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.stop();
    await this.#last;
    await this.#proxy.close();
    this.#twins.drain();
    this.#tellGap();
  }

  /** Rejects never: what fails becomes the state. */
  async #openDoors(): Promise<void> {
    const { sets } = this.#knowledge ?? { sets: [] };
    if (this.#isClosed) return;
    if (sets.length === 0) {
      await this.#proxy.listen([]);
      this.#become({ state: "idle" });
      this.#tellLiving();
      return;
    }
    const wanted = this.#knowledge?.listenAt ?? [];
    const local = this.#options.localAddresses?.() ?? localAddresses();
    const addresses = [
      ...wanted,
      ...local.filter((text) => !wanted.some((one) => one.includes(":") === text.includes(":"))),
    ];
    let because = "";
    try {
      await this.#proxy.listen(addresses);
      this.#retryMs = dnsSideLimits.retryMsMin;
    } catch (error) {
      because = toFault(error).message;
      this.#retryLater();
      this.#options.logger.warn({ because, retryMs: this.#retryMs }, "the DNS proxy could not open all of its doors");
    }
    const open = this.#proxy.addresses;
    if (open.length > 0) this.#become({ state: "serving", port: this.#proxy.port, addresses: open });
    else this.#becomeDown(because === "" ? "this machine has no address that questions could arrive at" : because);
    this.#tellLiving();
  }

  #tellLiving(): void {
    try {
      this.#deadMan.set(this.#knowledge?.liveSet, this.#state.state === "serving");
    } catch (error) {
      this.#options.logger.warn(
        { error: toFault(error).message },
        "the kernel could not be told whether the DNS proxy lives",
      );
    }
  }

  #trouble(fault: Fault): void {
    this.#options.logger.warn({ error: fault.message, code: fault.code }, "the DNS proxy is in trouble");
    if (fault.code !== "dns-proxy/door-lost" || this.#isClosed) return;
    this.#counts.doorsLost += 1;
    if (this.#proxy.addresses.length === 0) this.#becomeDown(fault.message);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retryAtMs = performance.now() + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, dnsSideLimits.retryMsMax);
  }

  #becomeDown(because: string): void {
    if (this.#state.state === "down") return;
    this.#become({ state: "down", sinceMs: this.#options.clock.nowMs(), because });
  }

  #become(state: DnsState): void {
    const before = this.#state;
    if (JSON.stringify(before) === JSON.stringify(state)) return;
    this.#tellGap();
    this.#state = state;
    if (state.state === "down") {
      this.#toldMs = state.sinceMs;
      const failMode = this.#knowledge?.settings.failMode ?? "closed";
      this.#options.logger.error({ because: state.because, failMode }, "the DNS proxy is down");
      this.#tellLiving();
    }
    this.#options.onState(state);
  }

  /** The time since it was last told of an outage, as a row. */
  #tellGap(): void {
    if (this.#state.state !== "down") return;
    const nowMs = this.#options.clock.nowMs();
    const isOpen = this.#knowledge?.settings.failMode === "open";
    this.#options.onGap({
      time: this.#toldMs,
      durationMs: Math.max(0, nowMs - this.#toldMs),
      table: "dns_events",
      reason: isOpen ? "policy-unenforced" : "sensor-down",
      rows: 0,
      counted: "no",
      detail: `DNS proxy: ${this.#state.because}; ${isOpen ? "fail mode open: clients asked past it" : "fail mode closed: clients of DNS rules got no answers"}`,
    });
    this.#toldMs = nowMs;
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#twins.expire(nowMs);
    this.#keep(nowMs);
    this.#policy.expire(nowMs);
    try {
      this.#deadMan.beat(nowMs);
    } catch (error) {
      this.#options.logger.warn(
        { error: toFault(error).message },
        "the kernel could not be told that the DNS proxy lives",
      );
    }
    if (this.#state.state === "down" && this.#options.clock.nowMs() - this.#toldMs >= dnsSideLimits.gapEveryMs) {
      this.#tellGap();
    }
    if (this.#retryAtMs === 0 || nowMs < this.#retryAtMs) return;
    this.#retryAtMs = 0;
    this.#last = this.#last.then(() => this.#openDoors());
  }

  /** What is about to end stays while a connection to it lives. Connections are only listed when something is about to end. */
  #keep(nowMs: number): void {
    const shortestMs = (this.#knowledge?.settings.ttlSecondsMin ?? 60) * 1000;
    const everyMs = Math.min(dnsSideLimits.keepEveryMsMax, Math.max(dnsSideLimits.keepEveryMsMin, shortestMs / 3));
    if (nowMs - this.#keptMs < everyMs) return;
    this.#keptMs = nowMs;
    const due = this.#policy.due(nowMs, everyMs * 2);
    if (due.length === 0) return;
    const live = this.#live(due);
    this.#counts.kept += live.length;
    const add = this.#policy.keep(live, nowMs);
    this.#tryProgram({ add, remove: [] }, "addresses with living connections could not be kept");
  }

  #live(due: readonly Pair[]): readonly Pair[] {
    const { connections, more } = this.#options.dataplane.connections(dnsSideLimits.connectionsMax);
    if (more > 0) {
      this.#counts.keptUnseen += due.length;
      return due;
    }
    // One that both ends have left is tracked for a while, and keeps nothing.
    const living = connections.filter(({ isOver }) => isOver !== true);
    const ends = new Set(
      living.flatMap(({ source, destination, realDestination }) => [
        `${source} ${destination}`,
        `${source} ${realDestination}`,
      ]),
    );
    return due.filter(({ client, address }) => client.addresses.some((source) => ends.has(`${source} ${address}`)));
  }

  /** What an earlier run of the agent left in the sets stays ours: it is kept while connections live, and pushed out when there is no room. */
  #adopt(nowMs: number): void {
    for (const set of this.#sets) {
      try {
        for (const { key, timeoutMs } of this.#options.dataplane.listElements(set)) {
          const [client, address] = key;
          if (typeof client !== "string" || typeof address !== "string" || timeoutMs === undefined) continue;
          this.#policy.adopt({ set, client, address, leftMs: timeoutMs }, nowMs);
          this.#counts.adopted += 1;
        }
      } catch (error) {
        this.#options.logger.warn(
          { set, error: toFault(error).message },
          "what was in a set of names could not be read",
        );
      }
    }
  }

  #tryProgram(change: FillChange, message: string): void {
    try {
      this.#program(change);
    } catch (error) {
      this.#options.logger.error({ error: toFault(error).message }, message);
    }
  }

  /** Throws when elements cannot be added. Removing what has just ended by itself is no failure. */
  #program({ add, remove }: FillChange): void {
    const { dataplane } = this.#options;
    const gone = remove.filter(({ set }) => this.#sets.has(set));
    if (gone.length > 0) this.#remove(gone);
    if (add.length > 0) dataplane.addElements(add);
  }

  #remove(gone: Fill): void {
    try {
      this.#options.dataplane.deleteElements(gone);
    } catch {
      // One that has ended refuses the whole transaction: the others are taken out one by one, and what is missed is counted.
      for (const { set, elements } of gone) {
        for (const element of elements) {
          try {
            this.#options.dataplane.deleteElements([{ set, elements: [element] }]);
          } catch {
            this.#counts.removalsMissed += 1;
          }
        }
      }
    }
  }
}

/** All addresses of this machine that packets of others can arrive at, loopback and IPv6 link-local left out. */
function localAddresses(): readonly string[] {
  const found = new Set<string>();
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, internal, family } of list ?? []) {
      if (!internal && !(family === "IPv6" && address.toLowerCase().startsWith("fe80"))) found.add(address);
    }
  }
  return [...found].toSorted();
}

// One cluster with an API server: what it tells goes into the inventory, and from there to identities, rows, events and gaps.
import { setTimeout as sleep } from "node:timers/promises";
import { toFault } from "../../../base/fault.ts";
import type { IdentityChange } from "../../../core/directory/identity-source.ts";
import { readEvent, type FoundEvent } from "../../../core/inventory/event-row.ts";
import { aheadThatCounts, createInventory, type Inventory } from "../../../core/inventory/inventory.ts";
import type { Found } from "../../../core/inventory/parse/parse-object.ts";
import type { KubeSource } from "../../../edge/kube/access.ts";
import { kubeLimits } from "../../../edge/kube/limits.ts";
import { watchedResources, type WatchedKind } from "../../../edge/kube/resources.ts";
import { type ClusterWatch, type ServerReport, watchCluster } from "../../../edge/kube/watch-cluster.ts";
import type { ResourceHandlers, ResourceReport } from "../../../edge/kube/watch-resource.ts";
import type { InventoryKind } from "../../../model/inventory.ts";
import { createOwnPolicyBook, type OwnPolicy, type OwnPolicyBook } from "./cluster-policies.ts";
import { createEventWriter, type EventWriter } from "./event-writer.ts";
import { createInventoryWriter, type InventoryWriter } from "./inventory-writer.ts";
import { apiServerNode, clusterLimits } from "./limits.ts";
import type { ClustersParts } from "./open-clusters.ts";
import { createWatchHealth, type WatchHealth } from "./watch-health.ts";

export interface FeedParts extends Omit<ClustersParts, "config" | "state" | "metrics"> {
  readonly cluster: string;
  readonly source: KubeSource;
  readonly random: () => number;
  /** In the place of the real network: for tests. */
  readonly overrides?: Pick<ClusterWatch, "limits" | "access" | "transport"> | undefined;
}

export interface Feed {
  readonly inventory: Inventory;
  readonly health: WatchHealth;
  /** NetworkPolicies that the cluster has itself. */
  readonly ownPolicies: OwnPolicyBook;
  readonly server: ServerReport;
  /** Whether the first look at everything is over. */
  readonly isSettled: boolean;
  readonly currentAtMs: number | undefined;
  /** Watches that were opened again since the start. */
  readonly reopened: number;
  readonly eventsRefused: number;
  readonly isSimulated: boolean;
  /** What fell out for want of room. */
  readonly dropped: number;
  stop(): Promise<void>;
}

const unknownServer: ServerReport = { state: "connecting", because: "", version: "", clockAheadMs: undefined };

/** Begins at once and runs until it is stopped. */
export function startFeed(parts: FeedParts): Feed {
  return new ClusterFeed(parts);
}

class ClusterFeed implements Feed {
  readonly inventory: Inventory;
  readonly health: WatchHealth;
  readonly ownPolicies = createOwnPolicyBook();
  server = unknownServer;
  currentAtMs: number | undefined;
  reopened = 0;
  eventsRefused = 0;
  readonly #parts: FeedParts;
  readonly #stopping = new AbortController();
  readonly #objects: InventoryWriter;
  readonly #events: EventWriter;
  readonly #startedMs: number;
  readonly #running: Promise<void>;
  readonly #regularly: NodeJS.Timeout;
  #hasTold = false;
  #isSettled = false;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(parts: FeedParts) {
    const { cluster, clock } = parts;
    this.#parts = parts;
    this.inventory = createInventory(cluster);
    const kinds = watchedResources.map(({ kind }) => kind);
    this.health = createWatchHealth(kinds, clock);
    const fidelity = () => (this.isSimulated ? "simulated" : "foreign");
    const writing = { ...parts, inventory: this.inventory, fidelity } as const;
    this.#objects = createInventoryWriter(writing);
    this.#events = createEventWriter({ ...writing, aheadMs: () => aheadThatCounts(this.server.clockAheadMs ?? 0) });
    this.#startedMs = clock.nowMs();
    this.#regularly = setInterval(() => this.#wake(), clusterLimits.retryMs);
    this.#running = this.#watchForEver();
  }

  /** Never rejects: a watch that ends with an error makes the cluster refused, with the reason, and is begun anew after a while. */
  async #watchForEver(): Promise<void> {
    const { overrides, cluster, logger } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#watch();
      } catch (thrown) {
        if (signal.aborted) return;
        const { message, code } = toFault(thrown);
        logger.error({ cluster, code, error: message }, "the watch of a cluster ended and is begun anew later");
        this.#onServer({ ...this.server, state: "refused", because: `its watch ended: ${message.slice(0, 200)}` });
        // Ends early, without an error, when the feed is stopped.
        await sleep((overrides?.limits ?? kubeLimits).retryMsMax, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #watch(): Promise<void> {
    const { source, clock, random, logger, overrides } = this.#parts;
    return watchCluster({
      source,
      handlersFor: (kind) => this.#handlersFor(kind),
      onServer: (report) => this.#onServer(report),
      onReopened: () => (this.reopened += 1),
      clock,
      random,
      logger,
      signal: this.#stopping.signal,
      ...overrides,
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isSimulated(): boolean {
    return this.server.version.includes("garrison.simulated");
  }

  get dropped(): number {
    return this.#objects.dropped + this.#events.dropped;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#regularly);
    clearTimeout(this.#timer);
    await this.#running;
    await this.#working;
    // What was seen and not yet written.
    await this.#tell();
    this.#parts.identities.forget(this.#parts.cluster);
  }

  /** Changes are gathered for a moment and told on together. */
  #wake(): void {
    if (this.#timer !== undefined || this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#working = this.#working.then(() => this.#tell());
    }, clusterLimits.gatherMs);
  }

  /** Whether everything has been looked at once, or was given the time for it. */
  #settles(): boolean {
    const passedMs = this.#parts.clock.nowMs() - this.#startedMs;
    const isLate = this.server.state === "connected" && passedMs > clusterLimits.settleMs;
    this.#isSettled ||= isLate || this.health.isSettled();
    return this.#isSettled;
  }

  async #tell(): Promise<void> {
    if (!this.#settles()) return;
    const { clock, cluster, agents } = this.#parts;
    const nowMs = clock.nowMs();
    const { facts, identities } = this.inventory.drain(nowMs);
    this.#tellIdentities(nowMs, identities);
    this.#objects.take(facts);
    for (const { kind } of watchedResources)
      if (kind !== "Event" && kind !== "NetworkPolicy" && this.health.isListed(kind)) this.#objects.listed(kind);
    await this.#objects.flush();
    await this.#events.flush();
    for (const row of this.health.gapRows()) await agents.recordGap({ cluster, node: apiServerNode }, row);
  }

  #tellIdentities(nowMs: number, change: IdentityChange): void {
    const { identities, cluster } = this.#parts;
    const { state, because } = this.server;
    const reason = state === "away" ? `the API server is away: ${because}` : this.health.because;
    if (!this.#hasTold) {
      this.#hasTold = true;
      identities.reset(cluster, { entries: this.inventory.identities(), because: reason }, nowMs);
      return;
    }
    if (change.put.length > 0 || change.ended.length > 0) identities.change(cluster, change);
    identities.explain(cluster, reason);
  }

  #onServer(report: ServerReport): void {
    const { clock, cluster, logger } = this.#parts;
    const { state, because, version, clockAheadMs } = report;
    this.server = report;
    if (clockAheadMs !== undefined) this.inventory.setClockAhead(aheadThatCounts(clockAheadMs));
    if (state === "away" || state === "refused") this.health.serverAway(because);
    if (state === "connected") this.currentAtMs = clock.nowMs();
    logger.info({ cluster, state, because, version }, "a cluster's API server");
    this.#wake();
  }

  #stateHandlers(kind: WatchedKind) {
    return {
      onState: (report: ResourceReport) => {
        this.health.report(kind, report);
        if (kind === "EndpointSlice") this.inventory.useSelectors(this.health.isListed(kind) ? "off" : "on");
        this.#wake();
      },
      onCurrent: () => {
        this.currentAtMs = this.#parts.clock.nowMs();
        this.health.current(kind);
      },
    };
  }

  #handlersFor(kind: WatchedKind): ResourceHandlers<unknown> {
    if (kind === "Event") return this.#eventHandlers();
    return kind === "NetworkPolicy" ? this.#policyHandlers() : this.#objectHandlers(kind);
  }

  #policyHandlers(): ResourceHandlers<unknown> {
    const { ownPolicies } = this;
    const handlers: ResourceHandlers<OwnPolicy> = {
      ...this.#stateHandlers("NetworkPolicy"),
      read: (raw) => {
        const policy = ownPolicies.read(raw);
        if (policy === undefined) ownPolicies.refuse();
        return policy;
      },
      onList: (items) => ownPolicies.replace(items),
      onPut: (item) => ownPolicies.put(item),
      onRemove: (uid) => ownPolicies.remove(uid),
      onBroken: () => ownPolicies.refuse(),
    };
    return handlers;
  }

  #objectHandlers(kind: InventoryKind): ResourceHandlers<unknown> {
    const { clock } = this.#parts;
    const handlers: ResourceHandlers<Found> = {
      ...this.#stateHandlers(kind),
      read: (raw) => this.inventory.read(kind, raw),
      onList: (items) => {
        this.inventory.replace(kind, items, clock.nowMs());
        this.#wake();
      },
      onPut: (item) => {
        this.inventory.put(item, clock.nowMs());
        this.#wake();
      },
      onRemove: (uid) => {
        this.inventory.remove(kind, uid, clock.nowMs());
        this.#wake();
      },
      onBroken: (because) => this.inventory.refuse(kind, because),
    };
    return handlers;
  }

  #eventHandlers(): ResourceHandlers<unknown> {
    const handlers: ResourceHandlers<FoundEvent> = {
      ...this.#stateHandlers("Event"),
      read: (raw) => {
        const event = readEvent(raw);
        if (typeof event !== "string") return event;
        this.eventsRefused += 1;
        return undefined;
      },
      onList: (items) => {
        for (const item of items) this.#events.put(item);
        this.#wake();
      },
      onPut: (item) => {
        this.#events.put(item);
        this.#wake();
      },
      onRemove: (uid) => this.#events.remove(uid),
      onBroken: () => void (this.eventsRefused += 1),
    };
    return handlers;
  }
}

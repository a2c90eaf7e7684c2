// One cluster with an API server: what it tells goes into the inventory, and from there to identities, rows, events and gaps.
import type { IdentityHub } from "../../../core/directory/identity-source.ts";
import { readEvent, type FoundEvent } from "../../../core/inventory/event-row.ts";
import { aheadThatCounts, createInventory, type Inventory } from "../../../core/inventory/inventory.ts";
import type { Found } from "../../../core/inventory/parse/parse-object.ts";
import type { KubeSource } from "../../../edge/kube/access.ts";
import { watchedResources, type WatchedKind } from "../../../edge/kube/resources.ts";
import { type ClusterWatch, type ServerReport, watchCluster } from "../../../edge/kube/watch-cluster.ts";
import type { ResourceHandlers } from "../../../edge/kube/watch-resource.ts";
import type { InventoryKind } from "../../../model/inventory.ts";
import { createEventWriter } from "./event-writer.ts";
import { createInventoryWriter } from "./inventory-writer.ts";
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
  const { cluster, clock, logger, identities } = parts;
  const stopping = new AbortController();
  const inventory = createInventory(cluster);
  const health = createWatchHealth(
    watchedResources.map(({ kind }) => kind),
    clock,
  );
  const isSimulated = () => server.version.includes("garrison.simulated");
  const fidelity = () => (isSimulated() ? "simulated" : "foreign");
  const writing = { ...parts, inventory, fidelity };
  const objects = createInventoryWriter(writing);
  const events = createEventWriter({ ...writing, aheadMs: () => aheadThatCounts(server.clockAheadMs ?? 0) });
  const startedMs = clock.nowMs();
  let server = unknownServer;
  let currentAtMs: number | undefined;
  let [reopened, eventsRefused] = [0, 0];
  let hasTold = false;
  let settledAtMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  /** Changes are gathered for a moment and told on together. */
  function wake(): void {
    if (timer !== undefined || stopping.signal.aborted) return;
    timer = setTimeout(() => {
      timer = undefined;
      working = working.then(tell);
    }, clusterLimits.gatherMs);
  }

  function isSettled(): boolean {
    if (settledAtMs !== undefined) return true;
    const isLate = server.state === "connected" && clock.nowMs() - startedMs > clusterLimits.settleMs;
    if (!health.isSettled() && !isLate) return false;
    settledAtMs = clock.nowMs();
    return true;
  }

  async function tell(): Promise<void> {
    if (!isSettled()) return;
    const nowMs = clock.nowMs();
    const { facts, identities: change } = inventory.drain(nowMs);
    tellIdentities(identities, nowMs, change);
    objects.take(facts);
    for (const { kind } of watchedResources) if (kind !== "Event" && health.isListed(kind)) objects.listed(kind);
    await objects.flush();
    await events.flush();
    for (const row of health.gapRows()) await parts.agents.recordGap({ cluster, node: apiServerNode }, row);
  }

  function tellIdentities(hub: IdentityHub, nowMs: number, change: Parameters<IdentityHub["change"]>[1]): void {
    if (!hasTold) {
      hasTold = true;
      hub.reset(cluster, { entries: inventory.identities(), because: reasonNow() }, nowMs);
      return;
    }
    if (change.put.length > 0 || change.ended.length > 0) hub.change(cluster, change);
    hub.explain(cluster, reasonNow());
  }

  function reasonNow(): string {
    return server.state === "away" ? `the API server is away: ${server.because}` : health.because;
  }

  function onServer(report: ServerReport): void {
    server = report;
    if (report.clockAheadMs !== undefined) inventory.setClockAhead(aheadThatCounts(report.clockAheadMs));
    if (report.state === "away") health.serverAway(report.because);
    if (report.state === "connected") currentAtMs = clock.nowMs();
    logger.info(
      { cluster, state: report.state, because: report.because, version: report.version },
      "a cluster's API server",
    );
    wake();
  }

  const running = watchCluster({
    source: parts.source,
    handlersFor: (kind) => (kind === "Event" ? eventHandlers() : objectHandlers(kind)),
    onServer,
    onReopened: () => (reopened += 1),
    clock,
    random: parts.random,
    logger,
    signal: stopping.signal,
    ...parts.overrides,
  }).catch((thrown: unknown) => {
    if (!stopping.signal.aborted) throw thrown;
  });

  function stateHandlers(kind: WatchedKind) {
    return {
      onState(report: Parameters<WatchHealth["report"]>[1]) {
        health.report(kind, report);
        if (kind === "EndpointSlice") inventory.useSelectors(health.isListed(kind) ? "off" : "on");
        wake();
      },
      onCurrent() {
        currentAtMs = clock.nowMs();
        health.current(kind);
      },
    };
  }

  function objectHandlers(kind: InventoryKind): ResourceHandlers<unknown> {
    const handlers: ResourceHandlers<Found> = {
      ...stateHandlers(kind),
      read: (raw) => inventory.read(kind, raw),
      onList(items) {
        inventory.replace(kind, items, clock.nowMs());
        wake();
      },
      onPut(item) {
        inventory.put(item, clock.nowMs());
        wake();
      },
      onRemove(uid) {
        inventory.remove(kind, uid, clock.nowMs());
        wake();
      },
      onBroken: (because) => inventory.refuse(kind, because),
    };
    return handlers;
  }

  function eventHandlers(): ResourceHandlers<unknown> {
    const refuse = (): undefined => {
      eventsRefused += 1;
      return undefined;
    };
    const handlers: ResourceHandlers<FoundEvent> = {
      ...stateHandlers("Event"),
      read(raw) {
        const event = readEvent(raw);
        return typeof event === "string" ? refuse() : event;
      },
      onList(items) {
        for (const item of items) events.put(item);
        wake();
      },
      onPut(item) {
        events.put(item);
        wake();
      },
      onRemove: (uid) => events.remove(uid),
      onBroken: () => refuse(),
    };
    return handlers;
  }

  const regularly = setInterval(wake, clusterLimits.retryMs);
  return {
    inventory,
    health,
    get server() {
      return server;
    },
    get isSettled() {
      return settledAtMs !== undefined;
    },
    get currentAtMs() {
      return currentAtMs;
    },
    get reopened() {
      return reopened;
    },
    get eventsRefused() {
      return eventsRefused;
    },
    get isSimulated() {
      return isSimulated();
    },
    get dropped() {
      return objects.dropped + events.dropped;
    },
    async stop() {
      stopping.abort();
      clearInterval(regularly);
      clearTimeout(timer);
      await running;
      await working;
      // What was seen and not yet written.
      await tell();
      identities.forget(cluster);
    },
  };
}

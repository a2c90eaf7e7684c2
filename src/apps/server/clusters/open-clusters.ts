// All clusters of this server: those whose API it reads, those that were refused, and those that only agents tell of. Compares what was
// given with what runs and starts or stops the difference; the folder of kubeconfigs may change at any time.
import path from "node:path";
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { IdentityHub } from "../../../core/directory/identity-source.ts";
import type { InventoryView } from "../../../core/inventory/inventory-view.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { Cluster, ClusterMachine } from "../../../model/cluster.ts";
import type { InventoryKind } from "../../../model/inventory.ts";
import type { Node } from "../../../model/node.ts";
import type { ServerConfig } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { nodeOf } from "../nodes.ts";
import type { AgentsSide } from "../parts.ts";
import { type OwnPolicies, ownPolicyKind } from "./cluster-policies.ts";
import { agentsOnly, readCluster, refusedCluster, stateOf } from "./cluster-status.ts";
import { clusterMetrics } from "./cluster-metrics.ts";
import type { ClustersSide } from "./clusters-side.ts";
import { machinesOf } from "./coverage.ts";
import { type Feed, type FeedParts, startFeed } from "./feed.ts";
import { clusterLimits } from "./limits.ts";
import { type ClusterSource, fixedSources, folderSources, withoutDoubles } from "./sources.ts";

export interface ClustersParts {
  readonly config: ServerConfig;
  readonly state: Pick<StateStore, "agents">;
  readonly queries: Pick<Queries, "inventoryBaseline" | "newestKubernetesEvents" | "inventorySince">;
  readonly agents: Pick<AgentsSide, "accept" | "recordGap">;
  readonly identities: IdentityHub;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In the place of the real network: for tests. */
  readonly overrides?: FeedParts["overrides"];
}

interface Entry {
  readonly given: ClusterSource;
  /** Undefined: refused. */
  readonly feed: Feed | undefined;
  sinceMs: number | undefined;
}

/** Throws Fault "kube/kubeconfig" when the operator's own kubeconfig cannot be used; what a folder holds is shown as refused instead. */
export async function openClusters(parts: ClustersParts): Promise<ClustersSide> {
  const clusters = new Clusters(parts, await fixedSources(parts.config, process.env));
  await clusters.start();
  return clusters;
}

class Clusters implements ClustersSide {
  readonly #parts: ClustersParts;
  readonly #fixed: readonly ClusterSource[];
  readonly #folder: string;
  /** By name and source, in the order in which they were given. */
  #entries: readonly Entry[] = [];
  #loop: { stop(): Promise<void> } | undefined;
  #folderBecause = "";

  constructor(parts: ClustersParts, fixed: readonly ClusterSource[]) {
    const { data, kubernetes } = parts.config;
    this.#parts = parts;
    this.#fixed = fixed;
    this.#folder = kubernetes.folder === "" ? path.join(data, "clusters") : kubernetes.folder;
  }

  async start(): Promise<void> {
    const { logger, metrics } = this.#parts;
    await this.#reconcile();
    this.#loop = repeat(
      () => this.#reconcile(),
      clusterLimits.folderMs,
      (thrown) => logger.error({ error: toFault(thrown).message }, "clusters cannot be compared with what was given"),
    );
    clusterMetrics(metrics, () => this.#feeds());
  }

  #feeds(): ReadonlyMap<string, Feed> {
    return new Map(this.#entries.flatMap(({ given, feed }) => (feed === undefined ? [] : [[given.cluster, feed]])));
  }

  async #wanted(): Promise<readonly ClusterSource[]> {
    try {
      const found = await folderSources(this.#folder, this.#parts.config.data);
      this.#folderBecause = "";
      return withoutDoubles([...this.#fixed, ...found]);
    } catch (thrown) {
      const { message } = toFault(thrown);
      if (this.#folderBecause === "")
        this.#parts.logger.warn({ folder: this.#folder, error: message }, "the folder of kubeconfigs cannot be read");
      this.#folderBecause = `the folder of kubeconfigs cannot be read: ${message}`;
      return this.#entries.length === 0 ? withoutDoubles(this.#fixed) : this.#entries.map(({ given }) => given);
    }
  }

  async #reconcile(): Promise<void> {
    const now = await this.#wanted();
    if (isSame(now, this.#entries)) return;
    const kept = new Map(this.#entries.map((entry) => [keyOf(entry.given), entry]));
    const next = now.map((given) => {
      const known = kept.get(keyOf(given));
      kept.delete(keyOf(given));
      return known;
    });
    // The old one of a name is gone before the new one begins.
    await Promise.all([...kept.values()].map(async ({ feed }) => feed?.stop()));
    this.#entries = now.map((given, index) => next[index] ?? this.#begin(given));
  }

  #begin(given: ClusterSource): Entry {
    const { cluster, source, refused, text } = given;
    if (source === undefined) {
      this.#parts.logger.warn({ cluster, source: text, because: refused }, "a cluster is refused");
      return { given, feed: undefined, sinceMs: undefined };
    }
    this.#parts.logger.info({ cluster, source: text }, "a cluster is read");
    return { given, feed: startFeed({ ...this.#parts, cluster, source, random: Math.random }), sinceMs: undefined };
  }

  async #nodesByCluster(): Promise<Map<string, Node[]>> {
    const nowMs = this.#parts.clock.nowMs();
    const nodes = (await this.#parts.state.agents.list()).map((agent) => nodeOf(agent, nowMs));
    return Map.groupBy(nodes, ({ cluster }) => cluster);
  }

  /** Asked until it is known: it only moves when rows get old. */
  async #sinceOf(entry: Entry): Promise<number | undefined> {
    if (entry.sinceMs !== undefined) return entry.sinceMs;
    try {
      entry.sinceMs = await this.#parts.queries.inventorySince(entry.given.cluster);
    } catch (thrown) {
      // The store is away: since when rows are kept is not known, which the answer says by leaving it out.
      this.#parts.logger.debug({ error: toFault(thrown).message }, "since when an inventory is kept cannot be read");
    }
    return entry.sinceMs;
  }

  async list(): Promise<Cluster[]> {
    const byCluster = await this.#nodesByCluster();
    const given = await Promise.all(
      this.#entries.map(async (entry) => {
        const nodes = byCluster.get(entry.given.cluster) ?? [];
        if (entry.feed === undefined) return refusedCluster(entry.given, nodes);
        return readCluster({ source: entry.given, feed: entry.feed, nodes, sinceMs: await this.#sinceOf(entry) });
      }),
    );
    const names = new Set(given.map(({ name }) => name));
    const others = [...byCluster].filter(([name]) => !names.has(name)).map(([name, nodes]) => agentsOnly(name, nodes));
    return [...given, ...others].sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  }

  async machines(cluster: string): Promise<ClusterMachine[] | undefined> {
    const nodes = (await this.#nodesByCluster()).get(cluster);
    const isGiven = this.#entries.some(({ given }) => given.cluster === cluster);
    if (nodes === undefined && !isGiven) return undefined;
    return machinesOf(cluster, nodes ?? [], this.view(cluster));
  }

  view(cluster: string): InventoryView | undefined {
    return this.#feeds().get(cluster)?.inventory;
  }

  gapOf(cluster: string, kind: InventoryKind): string {
    const feed = this.#feeds().get(cluster);
    if (feed === undefined) return "no Kubernetes API is read for this cluster";
    const { state, because } = stateOf(feed);
    return state === "connected" ? feed.health.gapOf(kind) : `the cluster is ${state}: ${because}`;
  }

  ownPolicies(cluster: string): OwnPolicies | undefined {
    const feed = this.#feeds().get(cluster);
    return feed?.ownPolicies.of(feed.health.gapOf(ownPolicyKind));
  }

  notices(): readonly string[] {
    return [...(this.#folderBecause === "" ? [] : [this.#folderBecause]), ...this.#entries.flatMap(noticesOf)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop?.stop();
    await Promise.all(this.#entries.map(async ({ feed }) => feed?.stop()));
  }
}

function keyOf({ cluster, text, refused }: ClusterSource): string {
  return JSON.stringify([cluster, text, refused]);
}

function isSame(now: readonly ClusterSource[], entries: readonly Entry[]): boolean {
  return (
    now.length === entries.length &&
    now.every((given, index) => keyOf(given) === keyOf((entries[index] as Entry).given))
  );
}

/** A cluster that connects is none: it may have been given a second ago. */
function noticesOf({ given, feed }: Entry): readonly string[] {
  const said = feed === undefined ? { state: "refused", because: given.refused } : stateOf(feed);
  const about = `cluster ${given.cluster} (${given.text})`;
  const notices =
    said.state === "connected" || said.because === "" ? [] : [`${about} is ${said.state}: ${said.because}`];
  if (feed !== undefined && feed.dropped > 0)
    notices.push(`${about}: ${feed.dropped} changes were lost for want of room`);
  return notices;
}

/** Calls `work` again and again, `everyMs` after it ended. */
function repeat(work: () => Promise<void>, everyMs: number, onError: (thrown: unknown) => void) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  function later(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      running = work().catch(onError).finally(later);
    }, everyMs);
  }
  later();
  return {
    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

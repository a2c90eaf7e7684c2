// All clusters of this server: those whose API it reads, those that were refused, and those that only agents tell of. Compares what was
// given with what runs and starts or stops the difference; the folder of kubeconfigs may change at any time.
import path from "node:path";
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { IdentityHub } from "../../../core/directory/identity-source.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { Node } from "../../../model/node.ts";
import type { ServerConfig } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { nodeOf } from "../nodes.ts";
import type { AgentsSide } from "../parts.ts";
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
  const { config, clock, logger } = parts;
  const folder = config.kubernetes.folder === "" ? path.join(config.data, "clusters") : config.kubernetes.folder;
  const fixed = await fixedSources(config, process.env);
  /** By name and source, in the order in which they were given. */
  let entries: readonly Entry[] = [];
  let isStopped = false;
  let folderBecause = "";

  function feedsByName(): ReadonlyMap<string, Feed> {
    return new Map(entries.flatMap(({ given, feed }) => (feed === undefined ? [] : [[given.cluster, feed] as const])));
  }

  async function wanted(): Promise<readonly ClusterSource[]> {
    try {
      const found = await folderSources(folder, config.data);
      folderBecause = "";
      return withoutDoubles([...fixed, ...found]);
    } catch (thrown) {
      const { message } = toFault(thrown);
      if (folderBecause === "") logger.warn({ folder, error: message }, "the folder of kubeconfigs cannot be read");
      folderBecause = `the folder of kubeconfigs cannot be read: ${message}`;
      return entries.map(({ given }) => given);
    }
  }

  async function reconcile(): Promise<void> {
    const now = await wanted();
    if (isStopped || isSame(now, entries)) return;
    const kept = new Map(entries.map((entry) => [keyOf(entry.given), entry]));
    const next = now.map((given) => {
      const known = kept.get(keyOf(given));
      kept.delete(keyOf(given));
      return known;
    });
    // The old one of a name is gone before the new one begins.
    await Promise.all([...kept.values()].map(async ({ feed }) => feed?.stop()));
    entries = now.map((given, index) => next[index] ?? begin(given));
  }

  function begin(given: ClusterSource): Entry {
    const { cluster, source, refused, text } = given;
    if (source === undefined) {
      logger.warn({ cluster, source: text, because: refused }, "a cluster is refused");
      return { given, feed: undefined, sinceMs: undefined };
    }
    logger.info({ cluster, source: text }, "a cluster is read");
    return { given, feed: startFeed({ ...parts, cluster, source, random: Math.random }), sinceMs: undefined };
  }

  async function nodesByCluster(): Promise<Map<string, Node[]>> {
    const nowMs = clock.nowMs();
    const nodes = (await parts.state.agents.list()).map((agent) => nodeOf(agent, nowMs));
    return Map.groupBy(nodes, ({ cluster }) => cluster);
  }

  /** Asked once it is known: it only moves when rows get old. */
  async function sinceOf(entry: Entry): Promise<number | undefined> {
    if (entry.sinceMs !== undefined) return entry.sinceMs;
    try {
      entry.sinceMs = await parts.queries.inventorySince(entry.given.cluster);
    } catch (thrown) {
      // The store is away: since when rows are kept is not known, which the answer says by leaving it out.
      logger.debug({ error: toFault(thrown).message }, "since when an inventory is kept cannot be read");
    }
    return entry.sinceMs;
  }

  await reconcile();
  const loop = repeat(
    () => reconcile(),
    clusterLimits.folderMs,
    (thrown) => {
      logger.error({ error: toFault(thrown).message }, "the clusters cannot be compared with what was given");
    },
  );
  clusterMetrics(parts.metrics, feedsByName);

  return {
    async list() {
      const byCluster = await nodesByCluster();
      const given = await Promise.all(
        entries.map(async (entry) => {
          const nodes = byCluster.get(entry.given.cluster) ?? [];
          if (entry.feed === undefined) return refusedCluster(entry.given, nodes);
          return readCluster({ source: entry.given, feed: entry.feed, nodes, sinceMs: await sinceOf(entry) });
        }),
      );
      const names = new Set(given.map(({ name }) => name));
      const others = [...byCluster]
        .filter(([name]) => !names.has(name))
        .map(([name, nodes]) => agentsOnly(name, nodes));
      return [...given, ...others].sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
    },
    async machines(cluster) {
      const nodes = (await nodesByCluster()).get(cluster);
      const isGiven = entries.some(({ given }) => given.cluster === cluster);
      if (nodes === undefined && !isGiven) return undefined;
      return machinesOf(cluster, nodes ?? [], feedsByName().get(cluster)?.inventory);
    },
    view: (cluster) => feedsByName().get(cluster)?.inventory,
    gapOf(cluster, kind) {
      const feed = feedsByName().get(cluster);
      if (feed === undefined) return "no Kubernetes API is read for this cluster";
      const { state, because } = stateOf(feed);
      return state === "connected" ? feed.health.gapOf(kind) : `the cluster is ${state}: ${because}`;
    },
    notices: () => [...(folderBecause === "" ? [] : [folderBecause]), ...entries.flatMap(noticesOf)],
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await loop.stop();
      await Promise.all(entries.map(async ({ feed }) => feed?.stop()));
    },
  };
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

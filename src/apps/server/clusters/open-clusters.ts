// All clusters of this server: those whose API it reads, those that were refused, and those that only agents tell of.
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { IdentityHub } from "../../../core/directory/identity-source.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { Cluster } from "../../../model/cluster.ts";
import type { Node } from "../../../model/node.ts";
import type { ServerConfig } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { nodeOf } from "../nodes.ts";
import type { AgentsSide } from "../parts.ts";
import type { ClustersSide } from "./clusters-side.ts";
import { coverageOf, machinesOf } from "./coverage.ts";

export interface ClustersParts {
  readonly config: ServerConfig;
  readonly state: Pick<StateStore, "agents">;
  readonly queries: Queries;
  readonly agents: Pick<AgentsSide, "accept" | "recordGap">;
  readonly identities: IdentityHub;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export async function openClusters(parts: ClustersParts): Promise<ClustersSide> {
  async function nodesByCluster(): Promise<Map<string, Node[]>> {
    const nowMs = parts.clock.nowMs();
    const nodes = (await parts.state.agents.list()).map((agent) => nodeOf(agent, nowMs));
    return Map.groupBy(nodes, ({ cluster }) => cluster);
  }

  return {
    async list() {
      const byCluster = await nodesByCluster();
      const clusters = [...byCluster].map(([name, nodes]) => agentsOnly(name, nodes));
      return clusters.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async machines(cluster) {
      const nodes = (await nodesByCluster()).get(cluster);
      return nodes === undefined ? undefined : machinesOf(cluster, nodes, undefined);
    },
    view: () => undefined,
    gapOf: () => "no Kubernetes API is read for this cluster",
    notices: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function agentsOnly(name: string, nodes: readonly Node[]): Cluster {
  return {
    name,
    simulated: nodes.length > 0 && nodes.every(({ fidelity }) => fidelity === "simulated"),
    state: "agents-only",
    because: "no Kubernetes API is given for it",
    source: "",
    version: "",
    gaps: [],
    objectsRefused: {},
    coverage: coverageOf(nodes, undefined),
  };
}

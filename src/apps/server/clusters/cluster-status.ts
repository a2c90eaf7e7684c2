// A cluster as the API shows it: out of what its feed knows, what was refused, and the agents that say they are of it.
import { formatInstant } from "../../../base/instant.ts";
import type { Cluster } from "../../../model/cluster.ts";
import { inventoryKinds, type InventoryKind } from "../../../model/inventory.ts";
import type { Node } from "../../../model/node.ts";
import { coverageOf } from "./coverage.ts";
import type { Feed } from "./feed.ts";
import type { ClusterSource } from "./sources.ts";

/** Only agents tell of it. */
export function agentsOnly(name: string, nodes: readonly Node[]): Cluster {
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

export function refusedCluster({ cluster, text, refused }: ClusterSource, nodes: readonly Node[]): Cluster {
  return { ...agentsOnly(cluster, nodes), simulated: false, state: "refused", because: refused, source: text };
}

export interface ReadCluster {
  readonly source: ClusterSource;
  readonly feed: Feed;
  readonly nodes: readonly Node[];
  /** Since when rows of it are kept; undefined: not known. */
  readonly sinceMs: number | undefined;
}

export function readCluster({ source, feed, nodes, sinceMs }: ReadCluster): Cluster {
  const { server, health, inventory, currentAtMs } = feed;
  const { state, because } = stateOf(feed);
  const refused = Object.fromEntries(inventory.refused);
  return {
    name: source.cluster,
    simulated: feed.isSimulated,
    state,
    because,
    source: source.text,
    version: server.version,
    gaps: [...health.gaps],
    objectsRefused: feed.eventsRefused === 0 ? refused : { ...refused, Event: feed.eventsRefused },
    ...(server.clockAheadMs === undefined ? {} : { clockAheadMs: server.clockAheadMs }),
    ...(currentAtMs === undefined ? {} : { currentAt: formatInstant(currentAtMs) }),
    ...(sinceMs === undefined ? {} : { inventorySince: formatInstant(sinceMs) }),
    ...(countedKinds.every((kind) => isKnown(feed, kind)) ? { counts: inventory.counts() } : {}),
    coverage: coverageOf(nodes, isKnown(feed, "Pod") ? inventory : undefined),
  };
}

/** What the counts are made of: all but slices, which nobody counts. */
const countedKinds = inventoryKinds.filter((kind) => kind !== "EndpointSlice");

/** Whether the kind was listed once, or the API server does not have it: then there is none. Not looked is not none. */
function isKnown({ isSettled, health }: Feed, kind: InventoryKind): boolean {
  return isSettled && (health.isListed(kind) || /^[^:]*: absent(,|$)/.test(health.gapOf(kind)));
}

/** What is missing beside is in the gaps; here is whether the view as a whole is current. */
export function stateOf({ server, health, isSettled }: Feed): Pick<Cluster, "state" | "because"> {
  switch (server.state) {
    case "connecting":
      return { state: "connecting", because: server.because };
    case "refused":
      return { state: "refused", because: server.because };
    case "away":
      return { state: "stale", because: server.because };
    case "connected":
      break;
  }
  if (!isSettled) return { state: "connecting", because: "its objects are being listed" };
  if (health.readsAnything()) return { state: "connected", because: "" };
  return { state: "stale", because: health.because === "" ? "none of its resources can be read" : health.because };
}

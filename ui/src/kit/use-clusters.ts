// The clusters that Garrison knows, shared by all parts of the page: one question, asked again now and then.
import type { Cluster } from "../../../src/model/cluster.ts";
import { useCall } from "../api/client.ts";

const refetchMs = 10_000;

/** Undefined until they are known (or while they cannot be read). */
export function useClusters(): readonly Cluster[] | undefined {
  return useCall("listClusters", {}, { refetchMs }).data?.clusters;
}

/** Whether a cluster is a demonstration; undefined while nobody knows. */
export function useSimulated(cluster: string): boolean | undefined {
  return useClusters()?.find(({ name }) => name === cluster)?.simulated;
}

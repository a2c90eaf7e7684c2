// The clusters side in Prometheus' words.
import { inventoryKinds } from "../../../model/inventory.ts";
import type { Gauge, Metrics } from "../metrics.ts";
import type { Feed } from "./feed.ts";

export function clusterMetrics(metrics: Metrics, feeds: () => ReadonlyMap<string, Feed>): void {
  const each = (values: (cluster: string, feed: Feed) => readonly Gauge[]) => () =>
    [...feeds()].flatMap(([cluster, feed]) => values(cluster, feed));
  metrics.gauge(
    "garrison_inventory_objects",
    "Objects of a cluster's inventory by kind",
    each((cluster, { inventory }) =>
      inventoryKinds.map((kind) => ({ labels: { cluster, kind }, value: [...inventory.all(kind)].length })),
    ),
  );
  metrics.gauge(
    "garrison_inventory_refused_total",
    "Objects that could not be read, by kind",
    each((cluster, { inventory }) =>
      [...inventory.refused].map(([kind, value]) => ({ labels: { cluster, kind }, value })),
    ),
    "counter",
  );
  metrics.gauge(
    "garrison_inventory_cut_total",
    "Parts of objects that were cut off at a limit",
    each((cluster, { inventory }) =>
      [...inventory.cuts].map(([what, value]) => ({ labels: { cluster, what }, value })),
    ),
    "counter",
  );
  metrics.gauge(
    "garrison_inventory_watches_reopened_total",
    "Watches that were opened again",
    each((cluster, { reopened }) => [{ labels: { cluster }, value: reopened }]),
    "counter",
  );
  metrics.gauge(
    "garrison_inventory_connected",
    "1 while a cluster's API server answers",
    each((cluster, { server }) => [{ labels: { cluster }, value: server.state === "connected" ? 1 : 0 }]),
  );
}

// The agents' door in Prometheus' words.
import type { Metrics } from "../metrics.ts";
import type { AgentsDoorView } from "../parts.ts";

export function ingestMetrics(metrics: Metrics, agents: AgentsDoorView): Metrics {
  const of = (name: "rows" | "blocks" | "duplicates") => () => [{ value: agents.ingest()[name] }];
  metrics.gauge("garrison_ingest_rows_total", "Rows acknowledged", of("rows"), "counter");
  metrics.gauge("garrison_ingest_blocks_total", "Blocks acknowledged", of("blocks"), "counter");
  metrics.gauge("garrison_ingest_duplicates_total", "Blocks that were known already", of("duplicates"), "counter");
  metrics.gauge(
    "garrison_ingest_refused_total",
    "Refusals of the agents' door by code",
    () => Object.entries(agents.ingest().refusedByCode).map(([code, value]) => ({ labels: { code }, value })),
    "counter",
  );
  metrics.gauge("garrison_spool_bytes", "Bytes accepted and not yet in the store", () => [
    { value: agents.ingest().spoolBytes },
  ]);
  return metrics;
}

// What outputs count, for the metrics page.
import type { Gauge, Metrics } from "../../metrics.ts";
import type { RunnerView } from "./runner.ts";
import type { SinksSide } from "./sinks-side.ts";

const outcomes = ["delivered", "failures", "filtered", "overLimit", "deadLettered", "lettersLost", "cut"] as const;

/** Asked for when metrics are read. */
export function countSinks(metrics: Metrics, sinks: Pick<SinksSide, "views">): void {
  const each = (read: (view: RunnerView) => number): readonly Gauge[] =>
    sinks.views().map((view) => ({ labels: { sink: view.sink }, value: read(view) }));
  metrics.gauge(
    "garrison_sink_events_total",
    "Events of outputs by what became of them",
    () =>
      sinks
        .views()
        .flatMap(({ sink, counts }) =>
          outcomes.map((outcome) => ({ labels: { sink, outcome }, value: counts[outcome] })),
        ),
    "counter",
  );
  metrics.gauge("garrison_sink_queued", "Events that wait in memory", () => each(({ queued }) => queued));
  metrics.gauge("garrison_sink_behind_milliseconds", "Age of the oldest event that waits", () =>
    each(({ behindMs }) => behindMs),
  );
  metrics.gauge("garrison_sink_up", "1 while the last attempt succeeded", () =>
    sinks.views().map(({ sink, state }) => ({ labels: { sink }, value: state === "ok" ? 1 : 0 })),
  );
}

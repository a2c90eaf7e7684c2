// The flows timeline of a filter over the global range; dragging changes the range for everything on screen.
import { useCall } from "../api/client.ts";
import { absoluteRange, formatRange, rangeQuery } from "../app/time-range.ts";
import { rangeOf } from "../app/url-state.ts";
import { useUrlState } from "../app/use-url-state.ts";
import { keptSinceMs } from "./timeline-data.ts";
import { Timeline } from "./timeline.tsx";

const steps = 120;
const refetchMs = 5000;

export function FlowTimeline({ q, heightPx = 96 }: { readonly q: string; readonly heightPx?: number }) {
  const [state, update] = useUrlState();
  const range = rangeOf(state);
  const answer = useCall(
    "flowTimeline",
    { query: { q, ...rangeQuery(range), steps } },
    { keep: true, ...(range.kind === "relative" && state.paused !== "1" ? { refetchMs } : {}) },
  );
  // The list below says what is wrong; an empty chart would look like no traffic.
  if (answer.error !== null && answer.data === undefined) return null;
  if (answer.data === undefined) return <div className="timeline timeline-empty" style={{ height: heightPx + 18 }} />;
  const { points, stepMs, window } = answer.data;
  // The server looks a little past now, for clocks that are ahead; the picture ends now.
  const untilMs = range.kind === "relative" ? Math.min(Date.parse(window.until), Date.now()) : Date.parse(window.until);
  return (
    <Timeline
      label="Flows over time"
      points={points}
      stepMs={stepMs}
      sinceMs={Date.parse(window.since)}
      untilMs={untilMs}
      gaps={window.gaps}
      keptSinceMs={keptSinceMs(window)}
      heightPx={heightPx}
      onZoom={(since, until) => update({ range: formatRange(absoluteRange(since, until)) })}
    />
  );
}

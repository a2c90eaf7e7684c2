// What the window held: connections and requests with their failures, the timeline, events by kind. Each number leads to its rows.
import { Link } from "@tanstack/react-router";
import { filterOf } from "../../app/url-state.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { eventKindWords } from "../../kit/event-text.ts";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { FlowTimeline } from "../../kit/flow-timeline.tsx";
import { formatBytes, formatCount, formatMicroseconds } from "../../kit/format.ts";
import type { Overview } from "./attention.tsx";
import { rateText, shareText } from "./overview-text.ts";

export function WindowTraffic({ overview }: { readonly overview: Overview }) {
  const [state] = useUrlState();
  const { traffic, window } = overview;
  const lengthMs = Date.parse(window.until) - Date.parse(window.since);
  return (
    <section className="card window-traffic" aria-labelledby="traffic-title">
      <h2 id="traffic-title">In this window</h2>
      {window.partial && traffic.connections === 0 ? (
        <p className="calm">Not known: {window.partialBecause || "the question was ended early"}.</p>
      ) : (
        <dl className="facts">
          <Fact name="Connections">
            {window.partial ? "at least " : ""}
            {formatCount(traffic.connections)} <small>{rateText(traffic.connections, lengthMs)}</small>
          </Fact>
          <Fact name="Failed">
            <Share part={traffic.connectionsFailed} whole={traffic.connections} q="failed:>0" />
          </Fact>
          <Fact name="Denied">
            <Share part={traffic.connectionsDenied} whole={traffic.connections} q="verdict:deny" />
          </Fact>
          <Fact name="Sent / received">
            {formatBytes(traffic.bytesSent)} / {formatBytes(traffic.bytesReceived)}
          </Fact>
          <Fact name="Round trip, mean">
            {traffic.rttUsMean === undefined ? (
              <NotKnown because="none was measured in this window" />
            ) : (
              formatMicroseconds(traffic.rttUsMean)
            )}
          </Fact>
          <Http overview={overview} lengthMs={lengthMs} />
        </dl>
      )}
      <FlowTimeline q={filterOf(state)} heightPx={88} />
      <EventCounts overview={overview} />
    </section>
  );
}

function Share({ part, whole, q }: { readonly part: number; readonly whole: number; readonly q: string }) {
  if (part === 0) return <span className="none">none</span>;
  return (
    <Link to="/flows" search={(before) => ({ ...carried(before), q })}>
      <b className="outcome-bad">{formatCount(part)}</b> <small>{shareText(part, whole)}</small>
    </Link>
  );
}

const httpNotLooked = "first bytes were not looked at; a Visibility resource asks for them";

function Http({ overview, lengthMs }: { readonly overview: Overview; readonly lengthMs: number }) {
  const { http } = overview.traffic;
  if (http === undefined)
    return (
      <Fact name="HTTP requests">
        <NotKnown because={httpNotLooked} />
      </Fact>
    );
  const errors = http.errors5xx + http.unanswered;
  return (
    <>
      <Fact name="HTTP requests">
        {formatCount(http.requests)} <small>{rateText(http.requests, lengthMs)}</small>
      </Fact>
      <Fact name="5xx or no answer">
        {errors === 0 ? (
          <span className="none">none</span>
        ) : (
          <>
            <b className="outcome-bad">{formatCount(errors)}</b> <small>{shareText(errors, http.requests)}</small>
          </>
        )}
      </Fact>
      <Fact name="Latency, median / p95">
        {http.latencyUsMedian === undefined ? (
          <NotKnown because="no request was answered" />
        ) : (
          `${formatMicroseconds(http.latencyUsMedian)} / ${formatMicroseconds(http.latencyUsP95 ?? http.latencyUsMedian)}`
        )}
      </Fact>
    </>
  );
}

function EventCounts({ overview: { events, window } }: { readonly overview: Overview }) {
  const words: Readonly<Record<string, string>> = eventKindWords;
  const some = events.filter(({ count }) => count > 0);
  if (some.length === 0)
    return (
      <p className="event-counts none">
        {window.partial ? "No event was counted, but not all were looked at." : "No event of any kind was recorded."}
      </p>
    );
  return (
    <ul className="event-counts" aria-label="Events in this window">
      {some.map(({ kind, count }) => (
        <li key={kind}>
          <Link to="/events" search={(before) => ({ ...carried(before), kinds: kind })}>
            {words[kind] ?? kind} <b>{formatCount(count)}</b>
          </Link>
        </li>
      ))}
    </ul>
  );
}

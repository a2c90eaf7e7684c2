// Cells of lists of events: the kind, what happened, how it ended.
import type { AnyEvent } from "../../../src/apps/server/contract/telemetry.ts";
import { Arguments } from "./arguments.tsx";
import type { Column } from "./data-grid.tsx";
import { eventKindWords, eventOutcome, eventTitle } from "./event-text.ts";
import { formatClock } from "./format.ts";

export const eventTimeColumn: Column<AnyEvent> = {
  id: "time",
  header: "Time",
  width: "100px",
  cell: ({ time }) => <time dateTime={time}>{formatClock(time)}</time>,
};

export const eventKindColumn: Column<AnyEvent> = {
  id: "kind",
  header: "Kind",
  width: "92px",
  cell: ({ kind }) => (
    <span className="kind" data-kind={kind}>
      {eventKindWords[kind]}
    </span>
  ),
};

export const eventWhatColumn: Column<AnyEvent> = {
  id: "what",
  header: "What",
  width: "minmax(200px, 3fr)",
  cell: (event) => <What event={event} />,
};

export const eventOutcomeColumn: Column<AnyEvent> = {
  id: "outcome",
  header: "Outcome",
  width: "110px",
  cell: (event) => {
    const { text, bad } = eventOutcome(event);
    return <span className={bad ? "outcome outcome-bad" : "outcome"}>{text}</span>;
  },
};

function What({ event }: { readonly event: AnyEvent }) {
  if (event.kind === "process" && event.arguments.length > 0 && event.action !== "exit")
    return <Arguments words={event.arguments} cut={event.argumentsCut} />;
  const title = eventTitle(event);
  return (
    <span className="data-text" title={title}>
      {title}
    </span>
  );
}

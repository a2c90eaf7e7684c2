// Events: what happened, of every kind on one timeline, live by default.
import { useState } from "react";
import type { AnyEvent } from "../../../../src/apps/server/contract/telemetry.ts";
import type { Trouble } from "../../api/trouble.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import type { Column } from "../../kit/data-grid.tsx";
import { formatClock } from "../../kit/format.ts";
import { LiveList } from "../../kit/live-list.tsx";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { listCommand } from "../../kit/list-command.ts";
import { Arguments } from "../../kit/arguments.tsx";
import { EventDetails } from "../../kit/event-details.tsx";
import {
  eventKey,
  eventKindNames,
  eventKindWords,
  eventOutcome,
  eventProcess,
  eventSubject,
  eventTitle,
} from "../../kit/event-text.ts";

const columns: readonly Column<AnyEvent>[] = [
  { id: "time", header: "Time", width: "100px", cell: ({ time }) => <time dateTime={time}>{formatClock(time)}</time> },
  {
    id: "kind",
    header: "Kind",
    width: "96px",
    cell: ({ kind }) => (
      <span className="kind" data-kind={kind}>
        {eventKindWords[kind]}
      </span>
    ),
  },
  {
    id: "workload",
    header: "Workload",
    width: "minmax(130px, 1fr)",
    cell: (event) => <WorkloadName cluster={event.cluster} {...eventSubject(event)} />,
  },
  { id: "process", header: "Process", hideBelowPx: 800, width: "minmax(80px, 0.6fr)", cell: eventProcess },
  { id: "what", header: "What", width: "minmax(200px, 3fr)", cell: (event) => <What event={event} /> },
  { id: "outcome", header: "Outcome", width: "110px", cell: (event) => <OutcomeCell event={event} /> },
];

export function EventsScreen() {
  const [state] = useUrlState();
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const kinds = state.kinds ?? "";
  return (
    <div className="screen">
      <ScreenFilter
        on="events"
        placeholder="Filter events, e.g. process:curl ns:shop rcode:NXDOMAIN"
        trouble={trouble}
      />
      <KindPicker />
      <LiveList
        name="events"
        label="Events, newest first"
        kinds={kinds}
        columns={columns}
        keyOf={eventKey}
        extrasOf={(event) => (eventOutcome(event).bad ? { tone: "deny" } : {})}
        titleOf={(event) => `${eventKindWords[event.kind]}: ${eventTitle(event)}`}
        details={(event) => <EventDetails event={event} />}
        command={(url) => listCommand("events", url, kinds === "" ? "" : `--kinds ${kinds}`)}
        emptyHint="Run any program on a watched machine and it is here about two seconds later. If not, look at Health: is an agent connected, and what can it see?"
        onTrouble={setTrouble}
      />
    </div>
  );
}

function KindPicker() {
  const [state, update] = useUrlState();
  const chosen = new Set((state.kinds ?? "").split(",").filter((kind) => kind !== ""));
  const toggle = (kind: string): void => {
    const next = chosen.has(kind) ? [...chosen].filter((each) => each !== kind) : [...chosen, kind];
    update({ kinds: next.length === 0 ? undefined : next.join(",") }, "replace");
  };
  return (
    <div className="kinds" role="group" aria-label="Kinds of events">
      <button type="button" aria-pressed={chosen.size === 0} onClick={() => update({ kinds: undefined }, "replace")}>
        All
      </button>
      {eventKindNames.map((kind) => (
        <button key={kind} type="button" aria-pressed={chosen.has(kind)} onClick={() => toggle(kind)}>
          {eventKindWords[kind]}
        </button>
      ))}
    </div>
  );
}

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

function OutcomeCell({ event }: { readonly event: AnyEvent }) {
  const { text, bad } = eventOutcome(event);
  return <span className={bad ? "outcome outcome-bad" : "outcome"}>{text}</span>;
}

// Events: what happened, of every kind on one timeline, live by default.
import { useState } from "react";
import type { AnyEvent } from "../../../../src/apps/server/contract/telemetry.ts";
import type { Trouble } from "../../api/trouble.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import type { Column } from "../../kit/data-grid.tsx";
import { eventKindColumn, eventOutcomeColumn, eventTimeColumn, eventWhatColumn } from "../../kit/event-cells.tsx";
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
import { KindPicker } from "../../kit/kind-picker.tsx";
import { listCommand } from "../../kit/list-command.ts";
import { LiveList } from "../../kit/live-list.tsx";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { Views } from "../views/views.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";

const columns: readonly Column<AnyEvent>[] = [
  eventTimeColumn,
  eventKindColumn,
  {
    id: "workload",
    header: "Workload",
    width: "minmax(130px, 1fr)",
    cell: (event) => <WorkloadName cluster={event.cluster} {...eventSubject(event)} />,
  },
  { id: "process", header: "Process", hideBelowPx: 800, width: "minmax(80px, 0.6fr)", cell: eventProcess },
  eventWhatColumn,
  eventOutcomeColumn,
];

export function EventsScreen() {
  const [state] = useUrlState();
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const kinds = state.kinds ?? "";
  return (
    <div className="screen">
      <div className="screen-head">
        <ScreenFilter
          on="events"
          placeholder="Filter events, e.g. process:curl ns:shop rcode:NXDOMAIN"
          trouble={trouble}
        />
        <Views screen="/events" />
      </div>
      <KindPicker kinds={eventKindNames} none="All" />
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

// Everything that happened to a workload on one timeline (roll-outs, Kubernetes' words, audit, detections, process starts),
// with its neighbours beside it.
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
  eventTitle,
  type EventKindName,
} from "../../kit/event-text.ts";
import { KindPicker } from "../../kit/kind-picker.tsx";
import { listCommand } from "../../kit/list-command.ts";
import { LiveList } from "../../kit/live-list.tsx";
import { NeighboursCard } from "./neighbours-card.tsx";
import type { Neighbours } from "./neighbours.ts";
import { workloadFilter, type WorkloadQuestion } from "./workload-question.ts";

/** What is on the timeline unless kinds are chosen. */
const mainKinds: readonly EventKindName[] = ["inventory", "kubernetes", "security", "audit", "process"];
const kinds: readonly EventKindName[] = [...mainKinds, ...eventKindNames.filter((kind) => !mainKinds.includes(kind))];

const columns: readonly Column<AnyEvent>[] = [
  eventTimeColumn,
  eventKindColumn,
  eventWhatColumn,
  {
    id: "pod",
    header: "Pod",
    width: "minmax(90px, 0.9fr)",
    hideBelowPx: 760,
    cell: (event) => <span className="data-text">{"pod" in event ? event.pod : ""}</span>,
  },
  eventOutcomeColumn,
];

interface OverviewTabProps {
  readonly question: WorkloadQuestion;
  /** Undefined while the graph is not known; then its trouble is said. */
  readonly neighbours: Neighbours | undefined;
  readonly neighboursTrouble: string;
}

export function OverviewTab({ question, neighbours, neighboursTrouble }: OverviewTabProps) {
  const [state] = useUrlState();
  const [, setTrouble] = useState<Trouble | undefined>(undefined);
  const { params } = question;
  const chosen = state.kinds ?? mainKinds.join(",");
  // Of processes only their starts: an end is in the tree of Processes.
  const starts = chosen.split(",").includes("process") ? " -action:exit,fork,running" : "";
  const filter = workloadFilter(params) + starts;
  return (
    <div className="workload-overview">
      <div className="workload-timeline">
        <KindPicker kinds={kinds} none="What matters" />
        <LiveList
          name="events"
          label={`Timeline of ${params.name}, newest first`}
          kinds={chosen}
          filter={filter}
          columns={columns}
          keyOf={eventKey}
          extrasOf={(event) => (eventOutcome(event).bad ? { tone: "deny" } : {})}
          titleOf={(event) => `${eventKindWords[event.kind]}: ${eventTitle(event)}`}
          details={(event) => <EventDetails event={event} />}
          command={({ range }) => listCommand("events", { range, q: filter }, `--kinds ${chosen}`)}
          emptyHint="No roll-out, no word of Kubernetes, no detection and no start of a process was recorded for it. Choose a longer time range or other kinds."
          onTrouble={setTrouble}
        />
      </div>
      {neighbours === undefined ? (
        <section className="neighbours" aria-label="Neighbours">
          <p className="none">{neighboursTrouble || "Looking for its neighbours"}</p>
        </section>
      ) : (
        <NeighboursCard neighbours={neighbours} params={params} />
      )}
    </div>
  );
}

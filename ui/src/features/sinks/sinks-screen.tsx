// Outputs: where security events are sent, whether they arrive, and what could not be delivered.
import { Plus, Send } from "lucide-react";
import { useState } from "react";
import { useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { SinkDetails } from "./sink-details.tsx";
import { SinkForm } from "./sink-form.tsx";
import { SinkStateWord } from "./sink-state.tsx";
import { stateRank, typeWords, type SinkStatus } from "./sink-words.ts";
import "../../styles/sinks.css";

const refetchMs = 3000;

const keyOf = ({ scope, name }: SinkStatus): string => `${scope} ${name}`;

function count(id: "delivered" | "failures" | "filtered", header: string): SortedColumn<SinkStatus> {
  return {
    id,
    header,
    align: "end",
    width: "minmax(76px, 0.3fr)",
    hideBelowPx: id === "delivered" ? 480 : 1100,
    value: ({ counts }) => counts[id],
    cell: ({ counts }) => (counts[id] === 0 ? <span className="none">0</span> : formatCount(counts[id])),
  };
}

const columns: readonly SortedColumn<SinkStatus>[] = [
  {
    id: "name",
    header: "Sink",
    width: "minmax(90px, 0.9fr)",
    value: ({ name }) => name,
    cell: ({ name, scope }) => (
      <span>
        {name} {scope === "global" ? null : <span className="workload-ns">{scope}</span>}
      </span>
    ),
  },
  {
    id: "state",
    header: "State",
    width: "minmax(140px, 0.9fr)",
    value: ({ state }) => stateRank[state],
    cell: (row) => <SinkStateWord state={row.state} />,
  },
  {
    id: "target",
    header: "Sends to",
    width: "minmax(160px, 2fr)",
    hideBelowPx: 760,
    value: ({ target }) => target,
    cell: ({ type, target }) => (
      <span title={target}>
        {type === "webhook" || type === "file" ? <span className="none">{typeWords[type]} </span> : null}
        <span className="data">{target}</span>
      </span>
    ),
  },
  count("delivered", "Delivered"),
  count("failures", "Failures"),
  count("filtered", "Filtered"),
  {
    id: "queued",
    header: "Queue",
    align: "end",
    hideBelowPx: 560,
    width: "minmax(70px, 0.4fr)",
    value: ({ queued }) => queued,
    cell: ({ queued }) => (queued === 0 ? <span className="none">0</span> : formatCount(queued)),
  },
  {
    id: "letters",
    header: "Dead letters",
    align: "end",
    hideBelowPx: 380,
    width: "minmax(96px, 0.4fr)",
    value: ({ deadLetters }) => deadLetters,
    cell: ({ deadLetters }) =>
      deadLetters === 0 ? <span className="none">0</span> : <b className="outcome-bad">{formatCount(deadLetters)}</b>,
  },
  {
    id: "last",
    header: "Last delivery",
    width: "minmax(96px, 0.4fr)",
    hideBelowPx: 940,
    value: ({ lastDeliveredAt }) => lastDeliveredAt ?? "",
    cell: ({ lastDeliveredAt }) =>
      lastDeliveredAt === undefined ? <span className="none">none yet</span> : <Age time={lastDeliveredAt} />,
  },
  {
    id: "because",
    header: "Last error",
    width: "minmax(140px, 2.2fr)",
    hideBelowPx: 1000,
    value: ({ because }) => because,
    cell: ({ because, lastError }) =>
      because === "" ? (
        <span className="none" title={lastError}>
          {lastError}
        </span>
      ) : (
        <span title={because}>{because}</span>
      ),
  },
];

export function SinksScreen() {
  const [state, update] = useUrlState();
  const session = useSession();
  const [isNew, setNew] = useState(false);
  const answer = useCall("listSinks", {}, { keep: true, refetchMs });
  useKeys({ Escape: () => update({ pick: undefined }, "replace") });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading outputs" rows={5} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { sinks } = answer.data;
  const picked = sinks.find((sink) => keyOf(sink) === state.pick);
  const mayChange = session.data?.role === "admin";
  return (
    <div className="screen">
      <div className="sinks-head">
        <p>
          Security events are sent here as soon as they are stored; each sink keeps its place over restarts, and what it
          cannot deliver becomes a dead letter.
        </p>
        {mayChange ? (
          <button type="button" className="button button-good" onClick={() => setNew(true)}>
            <Plus aria-hidden="true" />
            New sink
          </button>
        ) : null}
      </div>
      <div className="live-panes">
        <SortedGrid
          label="Sinks"
          columns={columns}
          rows={sinks}
          initial={{ by: "state", direction: "descending" }}
          onOpen={(row) => update({ pick: keyOf(row) }, "replace")}
          extrasOf={({ state: now }) =>
            now === "failing" || now === "refused" ? { tone: "deny" } : now === "disabled" ? { tone: "muted" } : {}
          }
        >
          <State
            icon={<Send />}
            title="Security events are sent nowhere else"
            hint="They stay in Garrison's own store. A sink sends them to a SIEM, a chat, a file or standard output as well."
          />
        </SortedGrid>
        {picked === undefined ? null : (
          <SinkDetails key={keyOf(picked)} sink={picked} onClose={() => update({ pick: undefined }, "replace")} />
        )}
      </div>
      {isNew ? (
        <Dialog title="New sink" onClose={() => setNew(false)}>
          <SinkForm onDone={() => setNew(false)} />
        </Dialog>
      ) : null}
    </div>
  );
}

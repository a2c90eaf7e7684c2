// Workloads: what runs here and what it does, busiest first.
import { useNavigate } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import type { Workload } from "../../../../src/model/workload.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeLabel, rangeQuery } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { formatBytes, formatCount, shortImage } from "../../kit/format.ts";
import { listCommand } from "../../kit/list-command.ts";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { Views } from "../views/views.tsx";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { Age } from "../../kit/age.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { kindWord } from "../../kit/workload-text.ts";

const refetchMs = 5000;
const rowsMax = 1000;

const columns: readonly SortedColumn<Workload>[] = [
  {
    id: "name",
    header: "Workload",
    width: "minmax(180px, 2fr)",
    value: ({ name }) => name,
    cell: (row) => <WorkloadName cluster={row.cluster} namespace={row.namespace} kind={row.kind} name={row.name} />,
  },
  {
    id: "kind",
    header: "Kind",
    width: "112px",
    value: ({ kind }) => kind,
    cell: ({ kind, name }) => kindWord(kind, name),
  },
  {
    id: "nodes",
    header: "Nodes",
    hideBelowPx: 900,
    width: "minmax(104px, 0.8fr)",
    cell: ({ nodes }) => <Several values={nodes} short={(node) => node} />,
  },
  {
    id: "images",
    header: "Image",
    hideBelowPx: 1000,
    width: "minmax(90px, 1.2fr)",
    cell: ({ images }) => <Several values={images} short={shortImage} />,
  },
  count("processes", "Processes", ({ processes }) => processes),
  count("connections", "Connections", ({ connections }) => connections),
  {
    ...count("failed", "Failed", ({ connectionsFailed }) => connectionsFailed),
    cell: ({ connectionsFailed }) =>
      connectionsFailed === 0 ? (
        <span className="none">0</span>
      ) : (
        <b className="outcome-bad">{formatCount(connectionsFailed)}</b>
      ),
  },
  count("dns", "DNS", ({ dnsQuestions }) => dnsQuestions),
  {
    id: "bytes",
    header: "Traffic",
    width: "88px",
    align: "end",
    value: ({ bytesSent, bytesReceived }) => bytesSent + bytesReceived,
    cell: ({ bytesSent, bytesReceived }) => formatBytes(bytesSent + bytesReceived),
  },
  {
    id: "seen",
    header: "Last seen",
    width: "112px",
    align: "end",
    value: ({ lastSeen }) => Date.parse(lastSeen),
    cell: ({ lastSeen }) => <Age time={lastSeen} />,
  },
];

function count(id: string, header: string, value: (row: Workload) => number): SortedColumn<Workload> {
  return { id, header, width: "92px", align: "end", value, cell: (row) => formatCount(value(row)) };
}

/** One value, or how many; all of them in the title. */
function Several({ values, short }: { readonly values: readonly string[]; readonly short: (value: string) => string }) {
  const [first] = values;
  if (first === undefined) return <span className="none">–</span>;
  return (
    <span className="data-text" title={values.join("\n")}>
      {values.length > 1 ? `${short(first)} +${values.length - 1}` : short(first)}
    </span>
  );
}

export function WorkloadsScreen() {
  const [state] = useUrlState();
  const navigate = useNavigate();
  const range = rangeOf(state);
  const answer = useCall(
    "listWorkloads",
    { query: { q: filterOf(state), ...rangeQuery(range), limit: rowsMax } },
    { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  );
  const trouble = answer.error === null ? undefined : troubleOf(answer.error);
  const rows = answer.data?.rows ?? [];
  const open = (workload: Workload): void =>
    void navigate({ to: "/workloads/$cluster/$namespace/$kind/$name", params: workload, search: carried });
  return (
    <div className="screen">
      <div className="screen-head">
        <ScreenFilter on="workloads" placeholder="Filter workloads, e.g. ns:shop kind:Deployment" trouble={trouble} />
        <Views screen="/workloads" />
      </div>
      <div className="list-bar">
        <span className="list-count">
          {rows.length === 1 ? "1 workload" : `${formatCount(rows.length)} workloads`} seen ·{" "}
          {rangeLabel(range).toLowerCase()}
        </span>
        <span className="spacer" />
        <CopyButton text={listCommand("workloads", state)} label="Copy as command" />
      </div>
      <WindowNotices window={answer.data?.window} error={answer.error} />
      {answer.data?.next === undefined ? null : (
        <Notice tone="info">
          Only the busiest {formatCount(rowsMax)} are listed. Narrow the filter to see others.
        </Notice>
      )}
      <SortedGrid
        label="Workloads"
        window={answer.data?.window}
        columns={columns}
        rows={rows}
        initial={{ by: "bytes", direction: "descending" }}
        onOpen={open}
      >
        {trouble === undefined ? null : <TroubleState trouble={trouble} onRetry={() => void answer.refetch()} />}
        {answer.isPending ? <Loading label="Loading workloads" /> : null}
        {answer.data !== undefined && trouble === undefined ? (
          <State
            icon={<Boxes />}
            title={`No workload was seen · ${rangeLabel(range).toLowerCase()}`}
            hint="A workload shows up when it runs a process or opens a connection. Choose a longer time range, or look at Health: is an agent connected?"
          />
        ) : null}
      </SortedGrid>
    </div>
  );
}

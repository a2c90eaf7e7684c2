// What runs in the workload, as a tree: arguments with their redactions, who it runs as, how it ended.
import { ChevronRight, Cpu } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Arguments } from "../../kit/arguments.tsx";
import { DataGrid, type Column, type RowExtras } from "../../kit/data-grid.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { formatCount } from "../../kit/format.ts";
import { pidOfMark } from "../../kit/row-mark.ts";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { ProcessDetails } from "./process-details.tsx";
import { processState, treeRows, type TreeRow } from "./process-tree.ts";
import type { WorkloadQuestion } from "./workload-question.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";

function columnsOf(onToggle: (processId: string) => void): readonly Column<TreeRow>[] {
  return [
    {
      id: "process",
      header: "Process",
      width: "minmax(200px, 1.3fr)",
      cell: (row) => <ProcessCell row={row} onToggle={onToggle} />,
    },
    {
      id: "pid",
      header: "PID",
      width: "76px",
      align: "end",
      cell: ({ node, fold }) => (fold === undefined ? node.process.pid : ""),
    },
    {
      id: "command",
      header: "Command",
      width: "minmax(220px, 2.4fr)",
      cell: ({ node: { process }, fold }) =>
        process.arguments.length === 0 || fold !== undefined ? (
          <span className="data-text">{process.executable}</span>
        ) : (
          <Arguments words={process.arguments} cut={process.argumentsCut} />
        ),
    },
    {
      id: "user",
      header: "UID",
      width: "64px",
      align: "end",
      cell: ({ node, fold }) => (fold === undefined ? node.process.uid : ""),
    },
    {
      id: "started",
      header: "Started",
      width: "120px",
      align: "end",
      cell: ({ node }) => <Age time={node.process.startTime} />,
    },
    { id: "state", header: "State", width: "130px", cell: (row) => <ProcessStateCell row={row} /> },
  ];
}

function ProcessStateCell({ row: { node, fold } }: { readonly row: TreeRow }) {
  const { text, bad } = fold === undefined ? processState(node) : foldState(fold);
  const tone = bad ? "outcome outcome-bad" : text === "running" ? "outcome outcome-good" : "outcome";
  return <span className={tone}>{text}</span>;
}

function foldState({ count, bad }: NonNullable<TreeRow["fold"]>) {
  return { text: bad === 0 ? "ended" : `ended, ${bad === count ? "all" : formatCount(bad)} badly`, bad: bad > 0 };
}

interface ProcessCellProps {
  readonly row: TreeRow;
  readonly onToggle: (id: string) => void;
}

function ProcessCell({ row, onToggle }: ProcessCellProps) {
  const { process } = row.node;
  const { fold } = row;
  const what =
    fold === undefined ? `${process.name}, ${row.children} children` : `${fold.count} × ${process.name} that ended`;
  return (
    <span className="tree-cell" data-depth={Math.min(row.depth, 12)}>
      {row.children === 0 ? (
        <span className="tree-leaf" />
      ) : (
        <button
          type="button"
          className="tree-toggle"
          tabIndex={-1}
          aria-label={`${row.expanded ? "Collapse" : "Expand"} ${what}`}
          data-expanded={row.expanded}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row.id);
          }}
        >
          <ChevronRight aria-hidden="true" />
        </button>
      )}
      <b>{process.name}</b>
      {fold === undefined ? null : (
        <span className="count" title="Equal ones that ended, the newest's start in its column">
          × {formatCount(fold.count)}
        </span>
      )}
      {row.expanded || row.children === 0 || fold !== undefined ? null : <span className="count">+{row.children}</span>}
    </span>
  );
}

function extrasOf({ node, depth, children, expanded, fold }: TreeRow): RowExtras {
  const ended = node.endedAt === undefined ? undefined : "muted";
  return {
    level: depth + 1,
    expanded: children === 0 ? undefined : expanded,
    tone: fold === undefined && processState(node).bad ? "deny" : ended,
  };
}

function Omitted({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <Notice tone="info">
      And {formatCount(count)} more that are not listed: the oldest of those that ended. Narrow the time range.
    </Notice>
  );
}

function useToggled(): readonly [toggled: ReadonlySet<string>, toggle: (id: string) => void] {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string): void =>
    setToggled((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return [toggled, toggle];
}

export function ProcessesTab({ question: { params, query, settings } }: { readonly question: WorkloadQuestion }) {
  const answer = useCall("workloadProcesses", { params, query }, settings);
  const [toggled, toggle] = useToggled();
  const [active, setActive] = useState(-1);
  const [opened, setOpened] = useState<TreeRow["node"] | undefined>(undefined);
  const processes = answer.data?.processes;
  const [{ row }] = useUrlState();
  const wanted = pidOfMark(row);
  const rows = useMemo(() => treeRows(processes ?? [], { toggled, wantedPid: wanted }), [processes, toggled, wanted]);
  const reveal =
    wanted === undefined
      ? -1
      : rows.findLastIndex(({ node, fold }) => fold === undefined && node.process.pid === wanted);
  useEffect(() => {
    if (reveal >= 0) setActive(reveal);
  }, [reveal]);
  const open = (chosen: TreeRow | undefined): void =>
    chosen?.fold === undefined ? setOpened(chosen?.node) : toggle(chosen.id);
  const current = rows[active];
  const turn = (open: boolean): void => {
    if (current !== undefined && current.children > 0 && current.expanded !== open) toggle(current.id);
  };
  useKeys({ Escape: () => setOpened(undefined), ArrowLeft: () => turn(false), ArrowRight: () => turn(true) });
  return (
    <>
      <PartNotices window={answer.data?.window} />
      <Omitted count={answer.data?.omitted ?? 0} />
      {wanted !== undefined && reveal < 0 && processes !== undefined ? (
        <Notice tone="info">Process {wanted} is not among those listed; choose a longer time range.</Notice>
      ) : null}
      <div className="live-panes">
        <DataGrid
          tree
          label="Processes"
          window={answer.data?.window}
          columns={columnsOf(toggle)}
          count={rows.length}
          rowAt={(index) => rows[index]}
          active={active}
          reveal={reveal}
          onActive={setActive}
          onOpen={(index) => open(rows[index])}
          extrasOf={extrasOf}
        >
          {answer.isPending ? <Loading label="Loading processes" /> : null}
          {answer.error === null ? null : (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          )}
          {processes?.length === 0 ? (
            <State
              icon={<Cpu />}
              title="It ran nothing in this window"
              hint="No process was seen. Choose a longer time range."
            />
          ) : null}
        </DataGrid>
        {opened === undefined ? null : (
          <DetailsPane title={`${opened.process.name} · ${opened.process.pid}`} onClose={() => setOpened(undefined)}>
            <ProcessDetails node={opened} />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

// What runs in the workload, as a tree: arguments with their redactions, who it runs as, how it ended.
import { ChevronRight, Cpu } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Arguments } from "../../kit/arguments.tsx";
import { DataGrid, type Column } from "../../kit/data-grid.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
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
    { id: "pid", header: "PID", width: "76px", align: "end", cell: ({ node }) => node.process.pid },
    {
      id: "command",
      header: "Command",
      width: "minmax(220px, 2.4fr)",
      cell: ({ node: { process } }) =>
        process.arguments.length === 0 ? (
          <span className="data-text">{process.executable}</span>
        ) : (
          <Arguments words={process.arguments} cut={process.argumentsCut} />
        ),
    },
    { id: "user", header: "UID", width: "64px", align: "end", cell: ({ node }) => node.process.uid },
    {
      id: "started",
      header: "Started",
      width: "108px",
      align: "end",
      cell: ({ node }) => <Age time={node.process.startTime} />,
    },
    { id: "state", header: "State", width: "130px", cell: ({ node }) => <ProcessStateCell row={node} /> },
  ];
}

function ProcessStateCell({ row }: { readonly row: TreeRow["node"] }) {
  const { text, bad } = processState(row);
  const tone = bad ? "outcome outcome-bad" : text === "running" ? "outcome outcome-good" : "outcome";
  return <span className={tone}>{text}</span>;
}

interface ProcessCellProps {
  readonly row: TreeRow;
  readonly onToggle: (processId: string) => void;
}

function ProcessCell({ row, onToggle }: ProcessCellProps) {
  const { process } = row.node;
  return (
    <span className="tree-cell" data-depth={Math.min(row.depth, 12)}>
      {row.children === 0 ? (
        <span className="tree-leaf" />
      ) : (
        <button
          type="button"
          className="tree-toggle"
          tabIndex={-1}
          aria-label={`${row.expanded ? "Collapse" : "Expand"} ${process.name}, ${row.children} children`}
          data-expanded={row.expanded}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(process.processId);
          }}
        >
          <ChevronRight aria-hidden="true" />
        </button>
      )}
      <b>{process.name}</b>
      {row.expanded || row.children === 0 ? null : <span className="count">+{row.children}</span>}
    </span>
  );
}

export function ProcessesTab({ question: { params, query, settings } }: { readonly question: WorkloadQuestion }) {
  const answer = useCall("workloadProcesses", { params, query }, settings);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(-1);
  const [opened, setOpened] = useState<TreeRow["node"] | undefined>(undefined);
  const processes = answer.data?.processes;
  const rows = useMemo(() => treeRows(processes ?? [], collapsed), [processes, collapsed]);
  const toggle = (processId: string): void =>
    setCollapsed((before) => {
      const next = new Set(before);
      if (!next.delete(processId)) next.add(processId);
      return next;
    });
  const [{ row }] = useUrlState();
  const wanted = pidOfMark(row);
  const reveal = wanted === undefined ? -1 : rows.findLastIndex(({ node }) => node.process.pid === wanted);
  useEffect(() => {
    if (reveal >= 0) setActive(reveal);
  }, [reveal]);
  const current = rows[active];
  const turn = (open: boolean): void => {
    if (current !== undefined && current.children > 0 && current.expanded !== open)
      toggle(current.node.process.processId);
  };
  useKeys({ Escape: () => setOpened(undefined), ArrowLeft: () => turn(false), ArrowRight: () => turn(true) });
  return (
    <>
      <PartNotices window={answer.data?.window} omitted={answer.data?.omitted ?? 0} />
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
          onOpen={(index) => setOpened(rows[index]?.node)}
          extrasOf={({ node, depth, children, expanded }) => ({
            level: depth + 1,
            expanded: children === 0 ? undefined : expanded,
            tone: processState(node).bad ? "deny" : node.endedAt === undefined ? undefined : "muted",
          })}
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

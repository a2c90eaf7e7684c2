// The WAF by workload, by rule and by source. A row leads to its requests; a workload's row to its mode.
import { useNavigate } from "@tanstack/react-router";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { quoteValue } from "../../app/url-state.ts";
import { Age } from "../../kit/age.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { formatAddress, formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { ModeDetails } from "./waf-mode.tsx";
import { NothingSeen } from "./nothing-seen.tsx";
import {
  countsText,
  modeWords,
  sumOf,
  type WafBoard,
  type WafCounts,
  type WafRuleCount,
  type WafSource,
  type WafWorkload,
} from "./waf-words.ts";

/** Blocked, would be blocked, below: columns that all three lists have. */
function countColumns<T extends { readonly counts: WafCounts }>(): readonly SortedColumn<T>[] {
  const names = [
    ["blocked", "Blocked"],
    ["detected", "Would be"],
    ["logged", "Below"],
    ["failed", "Not read"],
  ] as const;
  return names.map(([name, header]) => ({
    id: name,
    header,
    align: "end" as const,
    width: "minmax(72px, 0.5fr)",
    ...(name === "failed" || name === "logged" ? { hideBelowPx: 900 } : {}),
    value: (row: T) => row.counts[name],
    cell: (row: T) =>
      row.counts[name] === 0 ? (
        <span className="none">0</span>
      ) : (
        <span data-verdict={name}>{formatCount(row.counts[name])}</span>
      ),
  }));
}

const workloadColumns: readonly SortedColumn<WafWorkload>[] = [
  {
    id: "workload",
    header: "Workload",
    width: "minmax(180px, 1.6fr)",
    value: (row) => `${row.namespace}/${row.workload}`,
    cell: (row) => (
      <WorkloadName
        cluster={row.cluster}
        namespace={row.namespace}
        kind={row.workloadKind}
        name={row.workload}
        fallback={row.service}
        reason={row.workload === "" ? row.because : ""}
      />
    ),
  },
  {
    id: "mode",
    header: "Mode",
    width: "minmax(90px, 0.6fr)",
    value: (row) => modeWords[row.mode],
    cell: (row) =>
      row.mode === "unknown" ? (
        <NotKnown because={row.because} />
      ) : (
        <span className="waf-mode" data-mode={row.mode} title={row.because || undefined}>
          {modeWords[row.mode]}
        </span>
      ),
  },
  ...countColumns<WafWorkload>(),
  {
    id: "topRule",
    header: "Top rule",
    hideBelowPx: 700,
    width: "minmax(80px, 0.5fr)",
    value: (row) => row.topRule,
    cell: (row) => (row.topRule === 0 ? "" : <span className="data">{row.topRule}</span>),
  },
  {
    id: "lastAt",
    header: "Last",
    width: "minmax(90px, 0.6fr)",
    value: (row) => row.lastAt ?? "",
    cell: (row) => (row.lastAt === undefined ? <span className="none">never</span> : <Age time={row.lastAt} />),
  },
];

const workloadKey = (row: WafWorkload): string =>
  `${row.cluster} ${row.namespace} ${row.workloadKind} ${row.workload} ${row.service}`;

export function WorkloadList({ board }: { readonly board: WafBoard }) {
  const [state, update] = useUrlState();
  const picked = board.workloads.find((row) => workloadKey(row) === state.pick);
  return (
    <>
      <PartNotices window={undefined} omitted={board.workloadsOmitted} />
      <div className="live-panes">
        <SortedGrid
          label="Workloads"
          columns={workloadColumns}
          rows={board.workloads}
          initial={{ by: "blocked", direction: "descending" }}
          window={board.window}
          onOpen={(row) => update({ pick: workloadKey(row) }, "replace")}
          extrasOf={(row) => (row.counts.blocked > 0 ? { tone: "deny" } : {})}
        >
          <NothingSeen board={board} what="workload" />
        </SortedGrid>
        {picked === undefined ? null : (
          <ModeDetails
            key={workloadKey(picked)}
            workload={picked}
            onClose={() => update({ pick: undefined }, "replace")}
          />
        )}
      </div>
    </>
  );
}

const ruleColumns: readonly SortedColumn<WafRuleCount>[] = [
  {
    id: "rule",
    header: "Rule",
    width: "minmax(76px, 0.4fr)",
    value: (row) => row.ruleId,
    cell: (row) => <span className="data">{row.ruleId}</span>,
  },
  {
    id: "message",
    header: "What it looks for",
    width: "minmax(200px, 2.4fr)",
    value: (row) => row.message,
    cell: (row) => <span title={row.message}>{row.message}</span>,
  },
  {
    id: "severity",
    header: "Severity",
    hideBelowPx: 800,
    width: "minmax(80px, 0.5fr)",
    value: (row) => row.severity,
    cell: (row) => row.severity.toLowerCase(),
  },
  {
    id: "points",
    header: "Points",
    align: "end",
    hideBelowPx: 700,
    width: "minmax(60px, 0.4fr)",
    value: (row) => row.points,
    cell: (row) => (row.points === 0 ? <span className="none">0</span> : row.points),
  },
  ...countColumns<WafRuleCount>(),
  {
    id: "variables",
    header: "Matched most in",
    hideBelowPx: 1000,
    width: "minmax(140px, 1.2fr)",
    value: (row) => row.variables[0]?.name ?? "",
    cell: (row) => (
      <span className="data" title={row.variables.map(({ name, count }) => `${name}: ${count}`).join("\n")}>
        {row.variables
          .slice(0, 2)
          .map(({ name }) => name)
          .join(", ")}
      </span>
    ),
  },
  {
    id: "sources",
    header: "Sources",
    align: "end",
    hideBelowPx: 700,
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.sources,
    cell: (row) => formatCount(row.sources),
  },
];

/** The requests behind a row: the same screen, another tab, a narrower filter. */
function useRequests(): (added: string) => void {
  const navigate = useNavigate();
  return (added) =>
    void navigate({
      to: "/waf",
      search: (before) => ({ ...carried(before), q: `${before.q ?? ""} ${added}`.trim(), tab: "requests" }),
    });
}

export function RuleList({ board }: { readonly board: WafBoard }) {
  const open = useRequests();
  return (
    <>
      <PartNotices window={undefined} omitted={board.rulesOmitted} />
      <SortedGrid
        label="Rules"
        columns={ruleColumns}
        rows={board.rules}
        initial={{ by: "points", direction: "descending" }}
        window={board.window}
        onOpen={(row) => open(`rule-id:${row.ruleId}`)}
      >
        <NothingSeen board={board} what="rule" />
      </SortedGrid>
    </>
  );
}

const sourceColumns: readonly SortedColumn<WafSource>[] = [
  {
    id: "source",
    header: "Source",
    width: "minmax(190px, 1.6fr)",
    value: (row) => row.workload || row.clientAddress,
    cell: (row) => (
      <WorkloadName
        cluster={row.cluster}
        namespace={row.namespace}
        kind={row.workloadKind}
        name={row.workload}
        fallback={formatAddress(row.clientAddress)}
      />
    ),
  },
  {
    id: "address",
    header: "Address",
    hideBelowPx: 800,
    width: "minmax(120px, 1fr)",
    value: (row) => row.clientAddress,
    cell: (row) => <span className="data">{formatAddress(row.clientAddress)}</span>,
  },
  ...countColumns<WafSource>(),
  {
    id: "rules",
    header: "Rules",
    align: "end",
    width: "minmax(60px, 0.4fr)",
    value: (row) => row.rules,
    cell: (row) => formatCount(row.rules),
  },
  {
    id: "lastAt",
    header: "Last",
    width: "minmax(90px, 0.6fr)",
    value: (row) => row.lastAt,
    cell: (row) => <Age time={row.lastAt} />,
  },
];

export function SourceList({ board }: { readonly board: WafBoard }) {
  const open = useRequests();
  return (
    <>
      <PartNotices window={undefined} omitted={board.sourcesOmitted} />
      <SortedGrid
        label="Sources"
        columns={sourceColumns}
        rows={board.sources}
        initial={{ by: "blocked", direction: "descending" }}
        window={board.window}
        onOpen={(row) => open(`from.ip:${quoteValue(formatAddress(row.clientAddress))}`)}
        extrasOf={(row) => (sumOf(row.counts) > 0 && row.counts.blocked > 0 ? { tone: "deny" } : {})}
      >
        <NothingSeen board={board} what={`source (${countsText(board.totals)})`} />
      </SortedGrid>
    </>
  );
}

// The gateways: who looks, with which rule set, and what they could not look at.
import { Router } from "lucide-react";
import { Age } from "../../kit/age.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { State } from "../../kit/states.tsx";
import type { WafGateway } from "./waf-words.ts";

const columns: readonly SortedColumn<WafGateway>[] = [
  {
    id: "gateway",
    header: "Gateway",
    width: "minmax(160px, 1.2fr)",
    value: (row) => `${row.cluster}/${row.node}`,
    cell: (row) => (
      <span>
        {row.node} <span className="workload-ns">{row.cluster}</span>
      </span>
    ),
  },
  {
    id: "state",
    header: "State",
    width: "minmax(130px, 0.9fr)",
    value: (row) => (row.isConnected ? 1 : 0),
    cell: (row) =>
      row.isConnected ? (
        "connected"
      ) : (
        <span className="waf-away">
          away{row.seenAt === undefined ? "" : ", seen "}
          {row.seenAt === undefined ? null : <Age time={row.seenAt} />}
        </span>
      ),
  },
  {
    id: "rules",
    header: "Rules",
    align: "end",
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.rules,
    cell: (row) => formatCount(row.rules),
  },
  {
    id: "ruleSet",
    header: "Rule set",
    hideBelowPx: 700,
    width: "minmax(120px, 0.8fr)",
    value: (row) => row.ruleSet,
    cell: (row) => <span className="data">{row.ruleSet.slice(0, 12)}</span>,
  },
  {
    id: "problem",
    header: "Refused",
    width: "minmax(160px, 1.6fr)",
    value: (row) => row.ruleSetProblem,
    cell: (row) => (row.ruleSetProblem === "" ? "" : <span title={row.ruleSetProblem}>{row.ruleSetProblem}</span>),
  },
  {
    id: "requests",
    header: "Requests",
    align: "end",
    width: "minmax(90px, 0.5fr)",
    value: (row) => row.requests,
    cell: (row) => formatCount(row.requests),
  },
  {
    id: "notInspected",
    header: "Not looked at",
    align: "end",
    width: "minmax(90px, 0.5fr)",
    value: (row) => row.notInspected,
    cell: (row) => formatCount(row.notInspected),
  },
];

export function GatewayList({ gateways }: { readonly gateways: readonly WafGateway[] }) {
  return (
    <SortedGrid
      label="Gateways"
      columns={columns}
      rows={gateways}
      initial={{ by: "gateway", direction: "ascending" }}
      onOpen={() => undefined}
      extrasOf={(row) => (row.ruleSetProblem === "" && row.isConnected ? {} : { tone: "deny" })}
    >
      <State
        icon={<Router />}
        title="No gateway yet"
        hint={
          <>
            A gateway stands before a workload and looks at its requests: <code>garrison waf serve --help</code>. The
            guide is docs/guides/waf.md.
          </>
        }
      />
    </SortedGrid>
  );
}

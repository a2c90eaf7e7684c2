// The WAF: what it saw over time, then by workload, rule, source, request and gateway. Everything below the chart follows the filter and the window.
import { useState, type ReactNode } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { GatewayList } from "./waf-gateways.tsx";
import { RuleList, SourceList, WorkloadList } from "./waf-lists.tsx";
import { RequestList } from "./waf-requests.tsx";
import { WafTotals } from "./waf-totals.tsx";
import type { WafBoard } from "./waf-words.ts";
import "../../styles/waf.css";

const refetchMs = 5000;

const tabs = [
  { id: "workloads", label: "Workloads" },
  { id: "rules", label: "Rules" },
  { id: "sources", label: "Sources" },
  { id: "requests", label: "Requests" },
  { id: "gateways", label: "Gateways" },
] as const;
type TabId = (typeof tabs)[number]["id"];

export function WafScreen() {
  const [state, update] = useUrlState();
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const range = rangeOf(state);
  const answer = useCall(
    "wafBoard",
    { query: { q: filterOf(state), ...rangeQuery(range) } },
    { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  );
  useKeys({ Escape: () => update({ pick: undefined }, "replace") });
  const tab: TabId = tabs.find((each) => each.id === state.tab)?.id ?? "workloads";
  const board = answer.data;
  const asked = answer.error === null ? undefined : troubleOf(answer.error);
  return (
    <div className="screen">
      <ScreenFilter
        on="events"
        placeholder="Filter requests, e.g. ns:shop rule-id:942100 waf:blocked"
        trouble={trouble ?? asked}
      />
      {/* The list of requests tells of its own window. */}
      {tab === "requests" ? null : <WindowNotices window={board?.window} error={answer.error} />}
      {board === undefined ? null : (
        <>
          <WafTotals board={board} />
          <Silence board={board} />
        </>
      )}
      <Tabs
        label="Parts of the WAF"
        tabs={tabs}
        chosen={tab}
        onChoose={(next) => update({ tab: next === "workloads" ? undefined : next, pick: undefined }, "replace")}
      >
        {tab === "requests" ? (
          <RequestList onTrouble={setTrouble} />
        ) : board === undefined ? (
          answer.error === null ? (
            <Loading label="Loading what the WAF saw" rows={8} />
          ) : (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          )
        ) : (
          panelOf(tab, board)
        )}
      </Tabs>
    </div>
  );
}

function panelOf(tab: Exclude<TabId, "requests">, board: WafBoard): ReactNode {
  switch (tab) {
    case "workloads":
      return <WorkloadList board={board} />;
    case "rules":
      return <RuleList board={board} />;
    case "sources":
      return <SourceList board={board} />;
    case "gateways":
      return <GatewayList gateways={board.gateways} />;
  }
}

/** No event is only good news where a gateway looks. */
function Silence({ board }: { readonly board: WafBoard }) {
  if (board.gateways.length === 0)
    return (
      <Notice tone="info">
        No gateway is connected: no request is looked at. Start one with <code>garrison waf serve</code>; the guide is
        docs/guides/waf.md.
      </Notice>
    );
  const away = board.gateways.filter(({ isConnected }) => !isConnected).length;
  const refused = board.gateways.filter(({ ruleSetProblem }) => ruleSetProblem !== "").length;
  return (
    <>
      {away === 0 ? null : (
        <Notice tone="warning">
          {away === 1 ? "1 gateway is" : `${away} gateways are`} not connected: what they see is not here yet.
        </Notice>
      )}
      {refused === 0 ? null : (
        <Notice tone="warning">
          {refused === 1 ? "1 gateway refused" : `${refused} gateways refused`} a newer rule set and serves the old one.
        </Notice>
      )}
    </>
  );
}

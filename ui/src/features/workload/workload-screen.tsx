// The workload page, where every name leads: who it is, who it talks to, what it runs, what it asks DNS.
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { quoteValue, rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { FlowTimeline } from "../../kit/flow-timeline.tsx";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { workloadKindNames, workloadKindOf } from "../../kit/workload-text.ts";
import { DnsTab } from "./dns-tab.tsx";
import { ProcessesTab } from "./processes-tab.tsx";
import { TrafficTab } from "./traffic-tab.tsx";
import type { WorkloadQuestion } from "./workload-question.ts";
import { WorkloadHead } from "./workload-head.tsx";

const route = getRouteApi("/workloads/$cluster/$namespace/$kind/$name");
const refetchMs = 5000;

const tabs = [
  { id: "traffic", label: "Traffic" },
  { id: "processes", label: "Processes" },
  { id: "dns", label: "DNS" },
] as const;
type TabId = (typeof tabs)[number]["id"];

export function WorkloadScreen() {
  const params = route.useParams();
  const kind = workloadKindOf(params.kind);
  if (kind === undefined)
    return (
      <TroubleState
        trouble={{
          kind: "not-found",
          message: `"${params.kind}" is not a kind of workload.`,
          hint: `Known: ${workloadKindNames.join(", ")}.`,
          code: "console/unknown-kind",
        }}
      />
    );
  return <WorkloadPage {...params} kind={kind} />;
}

interface WorkloadPageProps {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
}

function WorkloadPage({ cluster, namespace, kind, name }: WorkloadPageProps) {
  const [state, update] = useUrlState();
  const range = rangeOf(state);
  const question: WorkloadQuestion = {
    params: { cluster, namespace, kind, name },
    query: rangeQuery(range),
    settings: { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  };
  const answer = useCall("getWorkload", { params: question.params, query: question.query }, question.settings);
  if (answer.data === undefined) {
    if (answer.error === null) return <Loading label="Loading the workload" rows={4} />;
    return <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />;
  }
  const tab: TabId = tabs.find(({ id }) => id === state.tab)?.id ?? "traffic";
  const panels: Readonly<Record<TabId, ReactNode>> = {
    traffic: <TrafficTab question={question} />,
    processes: <ProcessesTab question={question} />,
    dns: <DnsTab question={question} />,
  };
  return (
    <div className="screen">
      <WorkloadHead workload={answer.data.workload} />
      <WindowNotices window={answer.data.window} error={answer.error} />
      <FlowTimeline
        q={`cluster:${quoteValue(cluster)} ns:${quoteValue(namespace)} workload:${quoteValue(name)}`}
        heightPx={80}
      />
      <div className="tabs" role="tablist" aria-label="Parts of the workload">
        {tabs.map(({ id, label }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={id === tab}
            aria-controls="tab-panel"
            onClick={() => update({ tab: id === "traffic" ? undefined : id }, "replace")}
          >
            {label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" className="tab-panel" aria-labelledby={`tab-${tab}`}>
        {panels[tab]}
      </div>
    </div>
  );
}

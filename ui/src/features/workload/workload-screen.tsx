// The workload page, where every name leads: who it is, how it is, what happened to it, who it talks to, what it runs.
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { FlowTimeline } from "../../kit/flow-timeline.tsx";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { useSimulated } from "../../kit/use-clusters.ts";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { isOfKubernetes, workloadKindNames, workloadKindOf } from "../../kit/workload-text.ts";
import { DnsTab } from "./dns-tab.tsx";
import { neighboursOf } from "./neighbours.ts";
import { OverviewTab } from "./overview-tab.tsx";
import { PodsTab } from "./pods-tab.tsx";
import { ProcessesTab } from "./processes-tab.tsx";
import { TrafficTab } from "./traffic-tab.tsx";
import { WorkloadHead } from "./workload-head.tsx";
import { workloadFilter, type WorkloadQuestion } from "./workload-question.ts";

const LayersTab = lazy(() => import("../layers/layers-tab.tsx").then((module) => ({ default: module.LayersTab })));
const PoliciesTab = lazy(() => import("./policies-tab.tsx").then((module) => ({ default: module.PoliciesTab })));

const route = getRouteApi("/workloads/$cluster/$namespace/$kind/$name");
const refetchMs = 5000;

const tabs = [
  { id: "overview", label: "Overview" },
  { id: "pods", label: "Pods" },
  { id: "traffic", label: "Traffic" },
  { id: "processes", label: "Processes" },
  { id: "dns", label: "DNS" },
  { id: "layers", label: "Layers" },
  { id: "policies", label: "Policies" },
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

/** The three answers that the page is made of. Telemetry may know the workload, the inventory, or both. */
function useWorkload(question: WorkloadQuestion) {
  const { params, query, settings } = question;
  const seen = useCall("getWorkload", { params, query }, settings);
  const objects = useCall("workloadObjects", { params, query }, settings);
  const graph = useCall(
    "serviceGraph",
    { query: { q: workloadFilter(params), level: "workload", verticesMax: 500, ...query } },
    settings,
  );
  const inventoryKnows = objects.data?.workload !== undefined || (objects.data?.pods.length ?? 0) > 0;
  return { seen, objects, graph, inventoryKnows };
}

function WorkloadPage(params: WorkloadPageProps) {
  const [state, update] = useUrlState();
  const range = rangeOf(state);
  const { cluster, namespace, kind, name } = params;
  const question: WorkloadQuestion = {
    params: { cluster, namespace, kind, name },
    query: rangeQuery(range),
    settings: { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  };
  const { seen, objects, graph, inventoryKnows } = useWorkload(question);
  const simulated = useSimulated(cluster);
  const answer = graph.data?.graph;
  const neighbours = useMemo(
    () => (answer === undefined ? undefined : neighboursOf(answer, { cluster, namespace, kind, name })),
    [answer, cluster, namespace, kind, name],
  );
  if (seen.data === undefined && !inventoryKnows) {
    if (seen.error === null || objects.isPending) return <Loading label="Loading the workload" rows={4} />;
    return <TroubleState trouble={troubleOf(seen.error)} onRetry={() => void seen.refetch()} />;
  }
  const ownTabs = tabs.filter(({ id }) => id !== "pods" || isOfKubernetes(kind));
  const tab: TabId = ownTabs.find(({ id }) => id === state.tab)?.id ?? "overview";
  const graphTrouble = graph.error === null ? "" : troubleOf(graph.error).message;
  const panels: Readonly<Record<TabId, () => ReactNode>> = {
    overview: () => <OverviewTab question={question} neighbours={neighbours} neighboursTrouble={graphTrouble} />,
    pods: () => <PodsTab answer={objects} />,
    traffic: () => <TrafficTab question={question} />,
    processes: () => <ProcessesTab question={question} />,
    dns: () => <DnsTab question={question} />,
    layers: () => (
      <Suspense fallback={<Loading label="Loading" rows={4} />}>
        <LayersTab question={question} />
      </Suspense>
    ),
    policies: () => (
      <Suspense fallback={<Loading label="Loading" rows={4} />}>
        <PoliciesTab question={question} />
      </Suspense>
    ),
  };
  // A workload that only the inventory knows was not seen: that is no error of the page.
  const error = seen.error !== null && troubleOf(seen.error).kind === "not-found" ? null : seen.error;
  return (
    <div className="screen">
      <WorkloadHead
        params={question.params}
        question={question}
        seen={seen.data?.workload}
        objects={objects.data}
        objectsTrouble={objects.error === null ? "" : troubleOf(objects.error).message}
        own={neighbours?.own}
        healthTrouble={graphTrouble}
        simulated={simulated}
      />
      <WindowNotices window={seen.data?.window ?? objects.data?.window} error={error} />
      <FlowTimeline q={workloadFilter(params)} heightPx={70} />
      <Tabs
        label="Parts of the workload"
        tabs={ownTabs}
        chosen={tab}
        onChoose={(id) => update({ tab: id === "overview" ? undefined : id, row: undefined }, "replace")}
      >
        {panels[tab]()}
      </Tabs>
    </div>
  );
}

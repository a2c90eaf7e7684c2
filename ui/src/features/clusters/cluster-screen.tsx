// One cluster: its state with reasons, what is not read, its nodes with their agents, its objects now or as of the chosen time.
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { ClusterHead } from "./cluster-head.tsx";
import { NodesTab } from "./nodes-tab.tsx";
import { NamespacesTab, PodsTab, ServicesTab, WorkloadsTab } from "./objects-tabs.tsx";

const route = getRouteApi("/clusters/$cluster");
const refetchMs = 5000;

const tabs = [
  { id: "nodes", label: "Nodes" },
  { id: "workloads", label: "Workloads" },
  { id: "pods", label: "Pods" },
  { id: "services", label: "Services" },
  { id: "namespaces", label: "Namespaces" },
] as const;
type TabId = (typeof tabs)[number]["id"];

/** What every objects tab asks with. */
export interface ObjectsQuestion {
  readonly cluster: string;
  readonly namespace: string | undefined;
  /** As of; undefined is now. */
  readonly at: string | undefined;
}

export function ClusterScreen() {
  const { cluster: name } = route.useParams();
  const [state, update] = useUrlState();
  const answer = useCall("listClusters", {}, { refetchMs });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the cluster" rows={4} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const cluster = answer.data.clusters.find((each) => each.name === name);
  if (cluster === undefined)
    return (
      <TroubleState
        trouble={{
          kind: "not-found",
          message: `There is no cluster "${name}".`,
          hint: "It may have another name, or its kubeconfig is no longer given. The list of clusters shows all.",
          code: "console/unknown-cluster",
        }}
      />
    );
  const range = rangeOf(state);
  const question: ObjectsQuestion = {
    cluster: name,
    namespace: state.ns,
    at: range.kind === "absolute" ? new Date(range.untilMs).toISOString() : undefined,
  };
  const tab: TabId = tabs.find(({ id }) => id === state.tab)?.id ?? "nodes";
  const panels: Readonly<Record<TabId, () => ReactNode>> = {
    nodes: () => <NodesTab cluster={name} />,
    workloads: () => <WorkloadsTab question={question} />,
    pods: () => <PodsTab question={question} />,
    services: () => <ServicesTab question={question} />,
    namespaces: () => <NamespacesTab question={question} />,
  };
  return (
    <div className="screen">
      <ClusterHead cluster={cluster} />
      {answer.error === null ? null : (
        <Notice tone="warning">Stale: {troubleOf(answer.error).message} What is shown came before that.</Notice>
      )}
      <Tabs
        label="Parts of the cluster"
        tabs={tabs}
        chosen={tab}
        onChoose={(id) => update({ tab: id === "nodes" ? undefined : id, row: undefined }, "replace")}
      >
        {panels[tab]()}
      </Tabs>
    </div>
  );
}

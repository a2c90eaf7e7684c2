// Nodes of a cluster: what Kubernetes says of each, and what its agent sees; either may be missing, and is said so.
import { CircleAlert, CircleCheck, CircleHelp, CircleX, Radar, Server } from "lucide-react";
import { useState } from "react";
import type { ClusterMachine } from "../../../../src/model/cluster.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { shortVersion } from "../../kit/cluster-text.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { formatBytes, formatCount, formatDuration } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { StateWord } from "../../kit/state-word.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { NodeDetails } from "./node-details.tsx";
import { isSeen, nodeProblem } from "./node-text.ts";

const refetchMs = 5000;
const noKubernetes = "Kubernetes does not know this node, or nobody asks Kubernetes";

const readyWords = {
  True: { tone: "good", icon: CircleCheck, word: "ready" },
  False: { tone: "bad", icon: CircleX, word: "not ready" },
  Unknown: { tone: "warning", icon: CircleHelp, word: "unknown" },
} as const;

const agentWords = {
  connected: { tone: "good", icon: CircleCheck },
  stale: { tone: "warning", icon: CircleAlert },
  gone: { tone: "bad", icon: CircleX },
  revoked: { tone: "bad", icon: CircleX },
} as const;

const columns: readonly SortedColumn<ClusterMachine>[] = [
  {
    id: "name",
    header: "Node",
    width: "minmax(110px, 1fr)",
    value: ({ name }) => name,
    cell: ({ name }) => <b>{name}</b>,
  },
  {
    id: "ready",
    header: "Kubernetes",
    width: "minmax(96px, 0.9fr)",
    value: ({ kubernetes }) => kubernetes?.ready ?? "",
    cell: ({ kubernetes }) =>
      kubernetes === undefined ? (
        <NotKnown because={noKubernetes} />
      ) : (
        <StateWord {...readyWords[kubernetes.ready]} because={kubernetes.unschedulable ? "cordoned" : ""} />
      ),
  },
  {
    id: "agent",
    header: "Agent",
    width: "minmax(150px, 2fr)",
    value: ({ agent }) => agent?.state ?? "",
    cell: ({ agent }) =>
      agent === undefined ? (
        <StateWord tone="warning" icon={CircleAlert} word="none" because="nobody watches it" />
      ) : (
        <StateWord
          {...agentWords[agent.state]}
          word={agent.state}
          because={agent.fidelity === "kernel" ? "sees the kernel" : `${agent.fidelity}: ${agent.fidelityBecause}`}
        />
      ),
  },
  {
    id: "lag",
    header: "Lag",
    width: "72px",
    align: "end",
    value: ({ agent }) => agent?.lagMs ?? -1,
    cell: ({ agent }) => (agent === undefined ? <NotKnown because="it has no agent" /> : formatDuration(agent.lagMs)),
  },
  {
    id: "pods",
    header: "Pods",
    width: "56px",
    align: "end",
    value: ({ pods }) => pods ?? -1,
    cell: ({ pods }) => (pods === undefined ? <NotKnown because={noKubernetes} /> : formatCount(pods)),
  },
  {
    id: "podsNotReady",
    header: "Not ready",
    width: "76px",
    align: "end",
    value: ({ podsNotReady }) => podsNotReady ?? -1,
    cell: ({ podsNotReady }) =>
      podsNotReady === undefined ? (
        <NotKnown because={noKubernetes} />
      ) : (
        <span className={podsNotReady > 0 ? "outcome-warning" : "none"}>{podsNotReady}</span>
      ),
  },
  {
    id: "kubelet",
    header: "Kubelet",
    width: "76px",
    hideBelowPx: 900,
    value: ({ kubernetes }) => kubernetes?.kubeletVersion ?? "",
    cell: ({ kubernetes }) => shortVersion(kubernetes?.kubeletVersion ?? "") || <NotKnown because={noKubernetes} />,
  },
  {
    id: "system",
    header: "System",
    width: "minmax(110px, 1.1fr)",
    hideBelowPx: 1100,
    value: ({ kubernetes }) => kubernetes?.osImage ?? "",
    cell: ({ kubernetes }) => kubernetes?.osImage || <NotKnown because={noKubernetes} />,
  },
  {
    id: "capacity",
    header: "Capacity",
    width: "112px",
    hideBelowPx: 1000,
    value: ({ kubernetes }) => kubernetes?.cpuMillis ?? -1,
    cell: ({ kubernetes }) =>
      kubernetes === undefined ? (
        <NotKnown because={noKubernetes} />
      ) : (
        `${kubernetes.cpuMillis / 1000} CPU, ${formatBytes(kubernetes.memoryBytes)}`
      ),
  },
];

export function NodesTab({ cluster }: { readonly cluster: string }) {
  const answer = useCall("clusterMachines", { params: { cluster } }, { keep: true, refetchMs });
  const [openedName, setOpened] = useState<string | undefined>(undefined);
  useKeys({ Escape: () => setOpened(undefined) });
  const nodes = answer.data?.nodes ?? [];
  const opened = nodes.find(({ name }) => name === openedName);
  const seen = nodes.filter(isSeen).length;
  return (
    <>
      <div className="list-bar">
        <span className="list-count">
          {answer.data === undefined
            ? null
            : `${nodes.length === 1 ? "1 node" : `${formatCount(nodes.length)} nodes`}, ${seen} with an agent that sees · now`}
        </span>
      </div>
      {answer.error === null || nodes.length === 0 ? null : (
        <Notice tone="warning">Stale: {troubleOf(answer.error).message} What is shown came before that.</Notice>
      )}
      <div className="live-panes">
        <SortedGrid
          label="Nodes"
          columns={columns}
          rows={nodes}
          initial={{ by: "name", direction: "ascending" }}
          onOpen={({ name }) => setOpened(name)}
          extrasOf={(node) => (nodeProblem(node) ? { tone: "deny" } : {})}
        >
          {answer.isPending ? <Loading label="Loading nodes" rows={4} /> : null}
          {answer.error === null ? null : (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          )}
          {answer.data?.nodes.length === 0 ? (
            <State
              icon={<Server />}
              title="No node is known"
              hint="Neither Kubernetes nor an agent told of one. The head of this page says whether Kubernetes can be asked; Health shows how an agent joins."
            />
          ) : null}
        </SortedGrid>
        {opened === undefined ? null : (
          <DetailsPane
            title={
              <>
                <Radar aria-hidden="true" /> {opened.name}
              </>
            }
            onClose={() => setOpened(undefined)}
          >
            <NodeDetails node={opened} />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

// Clusters: where each inventory comes from, how current it is, what is missing, how much of it agents see.
import { Link, useNavigate } from "@tanstack/react-router";
import { Server } from "lucide-react";
import type { Cluster } from "../../../../src/model/cluster.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { ClusterState } from "../../kit/cluster-state.tsx";
import { clockText, isClockOff, shortSource, shortVersion } from "../../kit/cluster-text.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";

const refetchMs = 5000;

function unknown(cluster: Cluster) {
  return <NotKnown because={cluster.because || "its inventory is not read"} />;
}

const columns: readonly SortedColumn<Cluster>[] = [
  {
    id: "name",
    header: "Cluster",
    width: "minmax(150px, 1fr)",
    value: ({ name }) => name,
    cell: ({ name, simulated }) => (
      <span className="cluster-name">
        <Link
          to="/clusters/$cluster"
          params={{ cluster: name }}
          search={carried}
          tabIndex={-1}
          onClick={(event) => event.stopPropagation()}
        >
          {name}
        </Link>
        <DemoBadge simulated={simulated} />
      </span>
    ),
  },
  {
    id: "state",
    header: "Inventory",
    width: "minmax(150px, 2.6fr)",
    value: ({ state }) => state,
    cell: (cluster) => <ClusterState cluster={cluster} reason />,
  },
  {
    id: "source",
    header: "Source",
    width: "minmax(120px, 1fr)",
    hideBelowPx: 1000,
    value: ({ source }) => source,
    cell: ({ source }) =>
      source === "" ? <span className="none">agents only</span> : <span title={source}>{shortSource(source)}</span>,
  },
  {
    id: "version",
    header: "Version",
    width: "84px",
    value: ({ version }) => version,
    cell: (cluster) => shortVersion(cluster.version) || unknown(cluster),
  },
  {
    id: "clock",
    header: "Clock",
    width: "96px",
    hideBelowPx: 1100,
    cell: (cluster) =>
      cluster.clockAheadMs === undefined ? (
        unknown(cluster)
      ) : (
        <span className={isClockOff(cluster.clockAheadMs) ? "outcome-warning" : undefined}>
          {clockText(cluster.clockAheadMs)}
        </span>
      ),
  },
  {
    id: "nodes",
    header: "Nodes seen",
    width: "92px",
    align: "end",
    value: ({ counts }) => counts?.nodes ?? -1,
    cell: ({ counts, coverage }) =>
      counts === undefined ? `${coverage.nodesSeeing} of ?` : `${coverage.nodesSeeing} of ${counts.nodes}`,
  },
  {
    id: "pods",
    header: "Pods",
    width: "64px",
    align: "end",
    value: ({ counts }) => counts?.pods ?? -1,
    cell: (cluster) => (cluster.counts === undefined ? unknown(cluster) : formatCount(cluster.counts.pods)),
  },
  {
    id: "notReady",
    header: "Not ready",
    width: "80px",
    align: "end",
    value: ({ counts }) => counts?.podsNotReady ?? -1,
    cell: (cluster) => {
      if (cluster.counts === undefined) return unknown(cluster);
      const { podsNotReady } = cluster.counts;
      return <span className={podsNotReady > 0 ? "outcome-warning" : "none"}>{formatCount(podsNotReady)}</span>;
    },
  },
  {
    id: "gaps",
    header: "Not read",
    width: "76px",
    align: "end",
    value: ({ gaps }) => gaps.length,
    cell: ({ gaps }) => (
      <span
        className={gaps.length > 0 ? "outcome-warning" : "none"}
        title={gaps.map(({ resource, because }) => `${resource}: ${because}`).join("\n")}
      >
        {gaps.length}
      </span>
    ),
  },
  {
    id: "current",
    header: "Current as of",
    width: "108px",
    align: "end",
    value: ({ currentAt }) => (currentAt === undefined ? 0 : Date.parse(currentAt)),
    cell: (cluster) => (cluster.currentAt === undefined ? unknown(cluster) : <Age time={cluster.currentAt} />),
  },
];

export function ClustersScreen() {
  const navigate = useNavigate();
  const answer = useCall("listClusters", {}, { keep: true, refetchMs });
  const clusters = answer.data?.clusters ?? [];
  const trouble = answer.error === null ? undefined : troubleOf(answer.error);
  const away = clusters.filter(({ state }) => state === "stale" || state === "refused").length;
  return (
    <div className="screen">
      <div className="list-bar">
        <span className="list-count">
          {answer.data === undefined ? null : clusters.length === 1 ? "1 cluster" : `${clusters.length} clusters`}
          {away === 0 ? null : `, ${away} not current`}
        </span>
        <span className="spacer" />
        <CopyButton text="npx garrison clusters" label="Copy as command" />
      </div>
      {trouble === undefined || clusters.length === 0 ? null : (
        <Notice tone="warning">Stale: {trouble.message} What is shown came before that.</Notice>
      )}
      <SortedGrid
        label="Clusters"
        columns={columns}
        rows={clusters}
        initial={{ by: "name", direction: "ascending" }}
        onOpen={({ name }) => void navigate({ to: "/clusters/$cluster", params: { cluster: name }, search: carried })}
        extrasOf={({ state }) => (state === "refused" ? { tone: "deny" } : {})}
      >
        {answer.isPending ? <Loading label="Loading clusters" rows={4} /> : null}
        {trouble === undefined ? null : <TroubleState trouble={trouble} onRetry={() => void answer.refetch()} />}
        {answer.data !== undefined && trouble === undefined ? (
          <State
            icon={<Server />}
            title="No cluster is known yet"
            hint="An agent that joins brings its cluster. To read the inventory of a Kubernetes cluster start with npm start -- --kubeconfig FILE; the demo cluster comes with npm start."
          />
        ) : null}
      </SortedGrid>
    </div>
  );
}

// The clusters, one card each: state with its reason, what is in it, how much of it agents see.
import { Link } from "@tanstack/react-router";
import { Server } from "lucide-react";
import type { Cluster } from "../../../../src/model/cluster.ts";
import { carried } from "../../app/use-url-state.ts";
import { ClusterState } from "../../kit/cluster-state.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { State } from "../../kit/states.tsx";

export function ClusterCards({ clusters }: { readonly clusters: readonly Cluster[] }) {
  if (clusters.length === 0)
    return (
      <section className="card" aria-label="Clusters">
        <State
          icon={<Server />}
          title="No cluster is known yet"
          hint="An agent that joins brings its cluster; npm start -- --kubeconfig FILE reads the inventory of one."
        />
      </section>
    );
  return (
    <section aria-label="Clusters" className="cluster-cards">
      {clusters.map((cluster) => (
        <ClusterCard key={cluster.name} cluster={cluster} />
      ))}
    </section>
  );
}

function ClusterCard({ cluster }: { readonly cluster: Cluster }) {
  const { name, simulated, counts, coverage, gaps, state, because } = cluster;
  const unknown = <NotKnown because={because || "its inventory is not read"} />;
  return (
    <article className="card cluster-card" aria-label={`Cluster ${name}`}>
      <header>
        <Link to="/clusters/$cluster" params={{ cluster: name }} search={carried}>
          <h3>{name}</h3>
        </Link>
        <DemoBadge simulated={simulated} />
        <span className="spacer" />
        <ClusterState cluster={cluster} reason={false} />
      </header>
      <dl className="facts">
        <Fact name="Nodes seen">
          {counts === undefined
            ? `${coverage.nodesSeeing} of ${coverage.nodesWithAgent} agents`
            : `${coverage.nodesSeeing} of ${counts.nodes}`}
        </Fact>
        <Fact name="Workloads">{counts === undefined ? unknown : formatCount(counts.workloads)}</Fact>
        <Fact name="Pods">
          {counts === undefined ? unknown : formatCount(counts.pods)}
          {counts !== undefined && counts.podsNotReady > 0 ? (
            <b className="outcome-warning"> · {formatCount(counts.podsNotReady)} not ready</b>
          ) : null}
        </Fact>
      </dl>
      {state === "connected" ? null : <p className="cluster-because">{because}</p>}
      {gaps.length === 0 ? null : (
        <p className="cluster-because">Not read: {gaps.map(({ resource }) => resource).join(", ")}</p>
      )}
    </article>
  );
}

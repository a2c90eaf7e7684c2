// The clusters, one card each: state with its reason, what is in it, how much of it agents see.
import { Link } from "@tanstack/react-router";
import { Server } from "lucide-react";
import type { Cluster } from "../../../../src/model/cluster.ts";
import { carried } from "../../app/use-url-state.ts";
import { ClusterState } from "../../kit/cluster-state.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { formatCount } from "../../kit/format.ts";
import { sentence, State } from "../../kit/states.tsx";

/** How many stand here; the others are one click away. */
const cardsMax = 8;

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
  const others = clusters.length - cardsMax;
  return (
    <section aria-label="Clusters" className="cluster-cards">
      {clusters.slice(0, cardsMax).map((cluster) => (
        <ClusterCard key={cluster.name} cluster={cluster} />
      ))}
      {others <= 0 ? null : (
        <Link to="/clusters" search={carried} className="button">
          And {others} more
        </Link>
      )}
    </section>
  );
}

function ClusterCard({ cluster }: { readonly cluster: Cluster }) {
  const { name, simulated, counts, coverage, gaps, state, because } = cluster;
  const nodes =
    counts === undefined
      ? coverage.nodesWithAgent === 0
        ? "no agent"
        : `${coverage.nodesSeeing} of ${coverage.nodesWithAgent} agents see`
      : `${coverage.nodesSeeing} of ${counts.nodes} nodes seen`;
  return (
    <article className="card cluster-card" aria-label={`Cluster ${name}`}>
      <header>
        <h3>
          <Link to="/clusters/$cluster" params={{ cluster: name }} search={carried}>
            {name}
          </Link>
        </h3>
        <DemoBadge simulated={simulated} />
        <span className="spacer" />
        <ClusterState cluster={cluster} reason={false} />
      </header>
      <p>
        {nodes}
        {counts === undefined
          ? ", pods not known"
          : `, ${formatCount(counts.workloads)} workloads, ${formatCount(counts.pods)} pods`}
        {counts !== undefined && counts.podsNotReady > 0 ? (
          <b className="outcome-warning">, {formatCount(counts.podsNotReady)} not ready</b>
        ) : null}
      </p>
      {state === "connected" ? null : <p>{sentence(because)}</p>}
      {gaps.length === 0 ? null : <p>Not read: {gaps.map(({ resource }) => resource).join(", ")}</p>}
    </article>
  );
}

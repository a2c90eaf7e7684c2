// How much Garrison sees: clusters, nodes, pods, gaps. A part that is missing is marked; what nobody knows is named.
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { Cluster } from "../../../../src/model/cluster.ts";
import { carried } from "../../app/use-url-state.ts";
import { coverageOf, partOf } from "../../kit/cluster-text.ts";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";

export function Coverage({ clusters }: { readonly clusters: readonly Cluster[] }) {
  const sums = coverageOf(clusters);
  const isNothingKnown = clusters.length > 0 && sums.unknown.length === clusters.length;
  return (
    <section className="card coverage" aria-labelledby="coverage-title">
      <h2 id="coverage-title">
        <Link to="/clusters" search={carried}>
          Coverage
        </Link>
      </h2>
      <dl className="facts">
        <Fact name="Current clusters">
          <Part part={sums.clustersCurrent} whole={sums.clusters} />
        </Fact>
        <Fact name="Nodes seen">
          {isNothingKnown ? <Unknown /> : <Part part={sums.nodesSeeing} whole={sums.nodes} />}
        </Fact>
        <Fact name="Pods covered">
          {isNothingKnown ? <Unknown /> : <Part part={sums.podsCovered} whole={sums.pods} />}
        </Fact>
        <Fact name="Pods not ready">
          {isNothingKnown ? <Unknown /> : <Bad count={sums.podsNotReady}>{formatCount(sums.podsNotReady)}</Bad>}
        </Fact>
        <Fact name="Resources not read">
          <Bad count={sums.gaps}>{sums.gaps === 0 ? "none" : formatCount(sums.gaps)}</Bad>
        </Fact>
      </dl>
      {sums.unknown.length === 0 ? null : (
        <p className="coverage-unknown">
          Nodes and pods of {sums.unknown.join(", ")} are in none of these numbers: their inventory is not known.
        </p>
      )}
    </section>
  );
}

function Unknown() {
  return <NotKnown because="the inventory of no cluster is known" />;
}

function Part({ part, whole }: { readonly part: number; readonly whole: number }) {
  const { text, isWhole } = partOf(part, whole);
  if (whole === 0) return <span className="none">none known</span>;
  const Icon = isWhole ? CircleCheck : CircleAlert;
  return (
    <span className="part" data-whole={isWhole}>
      <Icon aria-hidden="true" />
      <b>{text}</b>
    </span>
  );
}

function Bad({ count, children }: { readonly count: number; readonly children: ReactNode }) {
  return count === 0 ? <>{children}</> : <b className="outcome-warning">{children}</b>;
}

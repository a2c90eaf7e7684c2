// What a cluster is: state with its reason, source, version, clock, counts, coverage; and what of it is not read, with what to do.
import { CircleAlert, Server } from "lucide-react";
import { useState } from "react";
import type { Cluster } from "../../../../src/model/cluster.ts";
import { Age } from "../../kit/age.tsx";
import { ClusterState } from "../../kit/cluster-state.tsx";
import { clockText, gapAdvice, isClockOff, shortSource, shortVersion } from "../../kit/cluster-text.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatCount, shellQuote } from "../../kit/format.ts";
import { sentence } from "../../kit/states.tsx";

export function ClusterHead({ cluster }: { readonly cluster: Cluster }) {
  const { name, simulated, because, source, state } = cluster;
  return (
    <section className="workload-head" aria-label="About the cluster">
      <div className="workload-title">
        <Server aria-hidden="true" />
        <div>
          <h2>
            {name} <DemoBadge simulated={simulated} />
          </h2>
          <p>
            {source === "" ? (
              "Known by its agents only"
            ) : (
              <span title={source}>Inventory by {shortSource(source)}</span>
            )}
            {cluster.currentAt === undefined ? null : (
              <>
                , current as of <Age time={cluster.currentAt} />
              </>
            )}
          </p>
        </div>
        <span className="spacer" />
        <ClusterState cluster={cluster} reason={false} />
        <CopyButton text={`npx garrison clusters ${shellQuote(name)}`} label="Copy as command" />
      </div>
      <Facts cluster={cluster} />
      {state === "connected" || because === "" ? null : (
        <p className="head-because" data-tone={state === "agents-only" ? "muted" : "warning"}>
          <CircleAlert aria-hidden="true" />
          {sentence(because)}
        </p>
      )}
      <NotRead cluster={cluster} />
    </section>
  );
}

function Facts({ cluster }: { readonly cluster: Cluster }) {
  const { counts, coverage, because } = cluster;
  const unknown = <NotKnown because={because || "its inventory is not read"} />;
  const count = (value: number | undefined) => (value === undefined ? unknown : formatCount(value));
  return (
    <dl className="facts">
      <Fact name="Version" title={cluster.version}>
        {shortVersion(cluster.version) || unknown}
      </Fact>
      <Fact name="Clock">
        {cluster.clockAheadMs === undefined ? (
          unknown
        ) : (
          <span className={isClockOff(cluster.clockAheadMs) ? "outcome-warning" : undefined}>
            {clockText(cluster.clockAheadMs)}
          </span>
        )}
      </Fact>
      <Fact name="Kept since">
        {cluster.inventorySince === undefined ? unknown : <Age time={cluster.inventorySince} />}
      </Fact>
      <Fact name="Nodes seen">
        {coverage.nodesSeeing} of {counts === undefined ? `${coverage.nodesWithAgent} agents` : counts.nodes}
      </Fact>
      <Fact name="Pods covered">
        {coverage.podsCovered === undefined ? unknown : `${coverage.podsCovered} of ${counts?.pods ?? "?"}`}
      </Fact>
      <Fact name="Pods not ready">
        {counts !== undefined && counts.podsNotReady > 0 ? (
          <b className="outcome-warning">{formatCount(counts.podsNotReady)}</b>
        ) : (
          count(counts?.podsNotReady)
        )}
      </Fact>
      <Fact name="Workloads">{count(counts?.workloads)}</Fact>
      <Fact name="Services">{count(counts?.services)}</Fact>
      <Fact name="Namespaces">{count(counts?.namespaces)}</Fact>
    </dl>
  );
}

function NotRead({ cluster: { gaps, objectsRefused } }: { readonly cluster: Cluster }) {
  const [opened, setOpened] = useState(false);
  const refused = Object.entries(objectsRefused);
  if (gaps.length === 0 && refused.length === 0) return null;
  const count = gaps.length === 1 ? "1 resource is not read" : `${gaps.length} resources are not read`;
  const what = [
    gaps.length === 0 ? "" : `${count}: ${gaps.map(({ resource }) => resource).join(", ")}`,
    ...refused.map(([kind, times]) => `${formatCount(times)} ${kind} could not be understood and was left out`),
  ].filter((text) => text !== "");
  return (
    <div className="not-read">
      <p className="head-because" data-tone="warning">
        <CircleAlert aria-hidden="true" />
        <span>{what.join("; ")}</span>
        {gaps.length === 0 ? null : (
          <button type="button" className="button" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {opened ? "Hide" : "Why, and what to do"}
          </button>
        )}
      </p>
      {opened ? (
        <table className="plain">
          <thead>
            <tr>
              <th>Resource</th>
              <th>State</th>
              <th>Why</th>
              <th>What to do</th>
              <th className="end">Since</th>
            </tr>
          </thead>
          <tbody>
            {gaps.map((gap) => (
              <tr key={gap.resource}>
                <th scope="row" className="data">
                  {gap.resource}
                </th>
                <td>{gap.state}</td>
                <td>{sentence(gap.because)}</td>
                <td>{gapAdvice(gap.state)}</td>
                <td className="end">
                  <Age time={gap.since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}

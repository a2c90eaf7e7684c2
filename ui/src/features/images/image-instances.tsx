// Where an image runs: by workload and container, on which nodes, and whether connections from outside reach it.
import { Boxes } from "lucide-react";
import type { ImageInstance } from "../../../../src/apps/server/contract/image-shapes.ts";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Notice, State } from "../../kit/states.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import type { OneImage } from "./image-words.ts";

const exposedWords = { exposed: "From outside", "not-seen": "Inside only", unknown: "Unknown" } as const;

const columns: readonly SortedColumn<ImageInstance>[] = [
  {
    id: "workload",
    header: "Workload",
    width: "minmax(180px, 1.6fr)",
    value: (row) => `${row.namespace}/${row.workload}`,
    cell: (row) => (
      <WorkloadName cluster={row.cluster} namespace={row.namespace} kind={row.workloadKind} name={row.workload} />
    ),
  },
  {
    id: "container",
    header: "Container",
    width: "minmax(110px, 0.8fr)",
    value: (row) => row.container,
    cell: (row) => <span className="data">{row.container || "–"}</span>,
  },
  {
    id: "containers",
    header: "Running",
    align: "end",
    width: "minmax(64px, 0.4fr)",
    value: (row) => row.containers,
    cell: (row) => formatCount(row.containers),
  },
  {
    id: "exposed",
    header: "Reached",
    width: "minmax(110px, 0.7fr)",
    value: (row) => row.exposed,
    cell: (row) => (
      <span className={row.exposed === "exposed" ? "exposed" : "none"} title={row.exposedBecause}>
        {exposedWords[row.exposed]}
      </span>
    ),
  },
  {
    id: "cluster",
    header: "Cluster",
    hideBelowPx: 700,
    width: "minmax(90px, 0.7fr)",
    value: (row) => row.cluster,
    cell: (row) => row.cluster,
  },
  {
    id: "nodes",
    header: "Nodes",
    hideBelowPx: 800,
    width: "minmax(120px, 1.2fr)",
    value: (row) => row.nodes[0] ?? "",
    cell: (row) => <span className="data">{row.nodes.join(", ")}</span>,
  },
];

export function InstancesPart({ image }: { readonly image: OneImage }) {
  return (
    <>
      {image.instancesOmitted === 0 ? null : (
        <Notice tone="warning">{image.instancesOmitted} more workloads are left out of this list.</Notice>
      )}
      <SortedGrid
        label="Runs"
        columns={columns}
        rows={image.instances}
        initial={{ by: "containers", direction: "descending" }}
        onOpen={() => undefined}
        extrasOf={(row) => (row.exposed === "exposed" ? { tone: "deny" } : {})}
      >
        <State
          icon={<Boxes />}
          title="No running container of it is known"
          hint="Clusters whose inventory is read, and nodes with an agent, tell what runs."
        />
      </SortedGrid>
    </>
  );
}

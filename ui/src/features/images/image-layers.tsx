// The layers from the base up: what made each, how large it is, what came with it.
import { Layers } from "lucide-react";
import { formatBytes, formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { State } from "../../kit/states.tsx";
import { shortDigest, type OneImage } from "./image-words.ts";

type Layer = OneImage["layers"][number] & { readonly number: number };

const columns: readonly SortedColumn<Layer>[] = [
  {
    id: "number",
    header: "Layer",
    align: "end",
    width: "minmax(54px, 0.3fr)",
    value: (row) => row.number,
    cell: (row) => row.number,
  },
  {
    id: "createdBy",
    header: "Made by",
    width: "minmax(200px, 3fr)",
    value: (row) => row.createdBy,
    cell: (row) => (
      <span className="data" title={row.createdBy}>
        {row.createdBy || <span className="none">the history does not say</span>}
      </span>
    ),
  },
  {
    id: "base",
    header: "Base",
    width: "minmax(52px, 0.3fr)",
    value: (row) => (row.isBase ? 1 : 0),
    cell: (row) => (row.isBase ? "yes" : <span className="none">no</span>),
  },
  {
    id: "findings",
    header: "Findings",
    align: "end",
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.findings,
    cell: (row) => (row.findings === 0 ? <span className="none">0</span> : formatCount(row.findings)),
  },
  {
    id: "packages",
    header: "Packages",
    align: "end",
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.packages,
    cell: (row) => (row.packages === 0 ? <span className="none">0</span> : formatCount(row.packages)),
  },
  {
    id: "files",
    header: "Files",
    align: "end",
    hideBelowPx: 700,
    width: "minmax(64px, 0.4fr)",
    value: (row) => row.files,
    cell: (row) => formatCount(row.files),
  },
  {
    id: "size",
    header: "Stored",
    align: "end",
    width: "minmax(76px, 0.4fr)",
    value: (row) => row.sizeBytes,
    cell: (row) => formatBytes(row.sizeBytes),
  },
  {
    id: "inflated",
    header: "Inflated",
    align: "end",
    hideBelowPx: 800,
    width: "minmax(76px, 0.4fr)",
    value: (row) => row.inflatedBytes,
    cell: (row) => formatBytes(row.inflatedBytes),
  },
  {
    id: "diffId",
    header: "Diff id",
    hideBelowPx: 1000,
    width: "minmax(120px, 0.8fr)",
    value: (row) => row.diffId,
    cell: (row) => (
      <span className="data" title={row.diffId}>
        {shortDigest(row.diffId)}
      </span>
    ),
  },
];

export function LayersPart({ image }: { readonly image: OneImage }) {
  const rows = image.layers.map((layer, index) => ({ ...layer, number: index + 1 }));
  return (
    <SortedGrid
      label="Layers"
      columns={columns}
      rows={rows}
      initial={{ by: "number", direction: "ascending" }}
      onOpen={() => undefined}
      extrasOf={(row) => (row.isBase ? { tone: "muted" } : {})}
    >
      <State icon={<Layers />} title="No layers" hint="An SBOM or a folder has none." />
    </SortedGrid>
  );
}

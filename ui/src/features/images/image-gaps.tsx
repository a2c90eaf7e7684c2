// What was not looked at or could not be judged: with these, no image is clean.
import { CircleCheck } from "lucide-react";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { State } from "../../kit/states.tsx";
import type { OneImage } from "./image-words.ts";

type Gap = OneImage["gaps"][number];

const kindWords: Readonly<Record<Gap["kind"], string>> = {
  "operating-system-unknown": "System not known",
  "operating-system-end-of-life": "System is past its end",
  "database-unreadable": "Package database not readable",
  "file-unreadable": "File not readable",
  "file-too-large": "File too large",
  "layer-unreadable": "Layer not readable",
  "limit-reached": "A limit was reached",
  "version-unknown": "Version not known",
  "ownership-unknown": "Ownership not known",
  "feed-missing": "No feed speaks of it",
  "feed-stale": "Feed too old",
  "version-not-comparable": "Version not comparable",
  "not-supported": "Not supported",
};

const columns: readonly SortedColumn<Gap>[] = [
  {
    id: "kind",
    header: "Gap",
    width: "minmax(160px, 1fr)",
    value: (row) => kindWords[row.kind],
    cell: (row) => kindWords[row.kind],
  },
  {
    id: "because",
    header: "Because",
    width: "minmax(220px, 2.4fr)",
    value: (row) => row.because,
    cell: (row) => <span title={row.because}>{row.because}</span>,
  },
  {
    id: "subject",
    header: "About",
    width: "minmax(150px, 1.4fr)",
    value: (row) => row.subject,
    cell: (row) => (
      <span className="data" title={row.subject}>
        {row.subject}
      </span>
    ),
  },
  {
    id: "count",
    header: "Count",
    align: "end",
    width: "minmax(60px, 0.3fr)",
    value: (row) => row.count,
    cell: (row) => formatCount(row.count),
  },
  {
    id: "layer",
    header: "Layer",
    align: "end",
    hideBelowPx: 700,
    width: "minmax(54px, 0.3fr)",
    value: (row) => row.layer,
    cell: (row) => (row.layer < 0 ? <span className="none">–</span> : row.layer + 1),
  },
];

export function GapsPart({ image }: { readonly image: OneImage }) {
  return (
    <SortedGrid
      label="Gaps"
      columns={columns}
      rows={image.gaps}
      initial={{ by: "count", direction: "descending" }}
      onOpen={() => undefined}
    >
      <State
        icon={<CircleCheck />}
        title="No gap is known"
        hint="Everything that Garrison knows how to read was read and judged."
      />
    </SortedGrid>
  );
}

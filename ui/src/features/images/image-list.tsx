// Images by risk. What runs and was not analysed is a row too: it is not clean, it is not known.
import { useNavigate } from "@tanstack/react-router";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { formatBytes, formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { State } from "../../kit/states.tsx";
import { Package } from "lucide-react";
import { countsRank, runningText, stateWords, verdictText, type ImageList, type ImageRow } from "./image-words.ts";
import { SeverityCountsRow } from "./severity.tsx";

function unknownBecause(row: ImageRow): string {
  return row.because || stateWords[row.state];
}

const columns: readonly SortedColumn<ImageRow>[] = [
  {
    id: "image",
    header: "Image",
    width: "minmax(200px, 2fr)",
    value: (row) => row.reference,
    cell: (row) => (
      <span className="data" title={`${row.reference}\n${row.digest}`}>
        {row.reference}
        {row.referencesMore === 0 ? "" : <span className="none"> +{row.referencesMore}</span>}
      </span>
    ),
  },
  {
    id: "findings",
    header: "Crit · high · med · low · other",
    width: "minmax(190px, 1.1fr)",
    value: (row) => (row.risk === undefined ? -1 : countsRank(row.risk.severities)),
    cell: (row) =>
      row.risk === undefined ? (
        <span className="image-unknown" title={unknownBecause(row)}>
          {stateWords[row.state] === "Analysed" ? "Not matched" : stateWords[row.state]}
        </span>
      ) : (
        <SeverityCountsRow counts={row.risk.severities} />
      ),
  },
  {
    id: "kev",
    header: "Exploited",
    align: "end",
    hideBelowPx: 760,
    width: "minmax(72px, 0.4fr)",
    value: (row) => row.risk?.knownExploited ?? -1,
    cell: (row) => countCell(row, row.risk?.knownExploited),
  },
  {
    id: "fixable",
    header: "Fixable",
    align: "end",
    hideBelowPx: 860,
    width: "minmax(64px, 0.4fr)",
    value: (row) => row.risk?.fixable ?? -1,
    cell: (row) => countCell(row, row.risk?.fixable),
  },
  {
    id: "loaded",
    header: "In use",
    align: "end",
    hideBelowPx: 900,
    width: "minmax(60px, 0.4fr)",
    value: (row) => row.risk?.loaded ?? -1,
    cell: (row) =>
      row.risk?.loaded === undefined ? (
        <NotKnown because="nobody looked at its processes" />
      ) : (
        countCell(row, row.risk.loaded)
      ),
  },
  {
    id: "running",
    header: "Running",
    hideBelowPx: 640,
    width: "minmax(110px, 0.8fr)",
    value: (row) => row.running.containers,
    cell: (row) => (
      <span title={row.running.namespaces.join(", ")}>
        {row.running.containers === 0 ? <span className="none">no</span> : runningText(row)}
      </span>
    ),
  },
  {
    id: "exposed",
    header: "Exposed",
    hideBelowPx: 820,
    width: "minmax(66px, 0.4fr)",
    value: (row) => (row.exposed ? 1 : 0),
    cell: (row) =>
      row.exposed ? (
        <span className="exposed">yes</span>
      ) : (
        <span className="none" title="no connection from outside was seen, or nobody looked">
          –
        </span>
      ),
  },
  {
    id: "gaps",
    header: "Gaps",
    align: "end",
    hideBelowPx: 1000,
    width: "minmax(52px, 0.3fr)",
    value: (row) => row.gaps,
    cell: (row) =>
      row.gaps === 0 ? (
        <span className="none">0</span>
      ) : (
        <span className="warn-text" title={verdictText(row)}>
          {formatCount(row.gaps)}
        </span>
      ),
  },
  {
    id: "system",
    header: "System",
    hideBelowPx: 1040,
    width: "minmax(84px, 0.6fr)",
    value: (row) => row.operatingSystem,
    cell: (row) => row.operatingSystem || <span className="none">–</span>,
  },
  {
    id: "size",
    header: "Size",
    align: "end",
    hideBelowPx: 1140,
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.sizeBytes,
    cell: (row) => (row.sizeBytes === 0 ? <span className="none">–</span> : formatBytes(row.sizeBytes)),
  },
  {
    id: "analysed",
    header: "Analysed",
    hideBelowPx: 1200,
    width: "minmax(84px, 0.5fr)",
    value: (row) => row.analysedAt ?? "",
    cell: (row) => (row.analysedAt === undefined ? <span className="none">never</span> : <Age time={row.analysedAt} />),
  },
];

function countCell(row: ImageRow, count: number | undefined) {
  if (count === undefined) return <NotKnown because={unknownBecause(row)} />;
  return count === 0 ? <span className="none">0</span> : formatCount(count);
}

export function ImageGrid({ list }: { readonly list: ImageList }) {
  const navigate = useNavigate();
  return (
    <SortedGrid
      label="Images"
      columns={columns}
      rows={list.rows}
      initial={{ by: "findings", direction: "descending" }}
      onOpen={(row) =>
        void navigate({ to: "/images/$digest", params: { digest: row.digest }, search: (before) => carried(before) })
      }
      extrasOf={(row) => (row.risk !== undefined && row.risk.knownExploited > 0 ? { tone: "deny" } : {})}
    >
      <NoImages list={list} />
    </SortedGrid>
  );
}

function NoImages({ list }: { readonly list: ImageList }) {
  if (list.totals.images > 0)
    return <State icon={<Package />} title="No image fits" hint="Take a choice back, or clear the filter." />;
  return (
    <State
      icon={<Package />}
      title="No image is known yet"
      hint={
        <>
          Scan one: <code>garrison image scan nginx:1.27 --upload</code>. Running images come with a cluster; the guide
          is docs/guides/images.md.
        </>
      }
    />
  );
}

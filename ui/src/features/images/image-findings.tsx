// The findings of one image, riskiest first; beside them why one holds, and the form to accept it. What does not hold can be asked for.
import { useState } from "react";
import { ShieldCheck } from "lucide-react";
import { useUrlState } from "../../app/use-url-state.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Notice, State } from "../../kit/states.tsx";
import { ExplainForm } from "./explain-form.tsx";
import { FindingDetails } from "./finding-details.tsx";
import { epssColumn, loadedColumn, severityColumn } from "./match-columns.tsx";
import { fixText, statusWords, type OneImage, type VulnerabilityMatch } from "./image-words.ts";
import { KnownExploited } from "./severity.tsx";

const acceptedLast = 10_000;

const columns: readonly SortedColumn<VulnerabilityMatch>[] = [
  {
    id: "vulnerability",
    header: "Vulnerability",
    width: "minmax(196px, 1.1fr)",
    value: (row) => row.vulnerability,
    cell: (row) => (
      <span>
        <span className="data">{row.vulnerability}</span> <KnownExploited isKnown={row.knownExploited} />
      </span>
    ),
  },
  severityColumn(),
  {
    id: "risk",
    header: "Risk",
    align: "end",
    width: "minmax(54px, 0.3fr)",
    // Accepted ones stay at the end, whichever way round but the smallest first.
    value: (row) => (row.suppressed === undefined ? row.risk : row.risk - acceptedLast),
    cell: (row) => <span title={row.riskBecause.join("\n")}>{row.risk}</span>,
  },
  {
    id: "package",
    header: "Package",
    width: "minmax(130px, 1fr)",
    value: (row) => row.packageName,
    cell: (row) => (
      <span className="data" title={row.purl}>
        {row.packageName}
      </span>
    ),
  },
  {
    id: "version",
    header: "Version",
    hideBelowPx: 620,
    width: "minmax(110px, 0.9fr)",
    value: (row) => row.version,
    cell: (row) => <span className="data">{row.version}</span>,
  },
  {
    id: "fix",
    header: "Fixed in",
    width: "minmax(110px, 0.9fr)",
    value: (row) => fixText(row),
    cell: (row) => (
      <span className={row.fix.versions.length > 0 ? "data" : "none"} title={row.fix.because || undefined}>
        {fixText(row)}
      </span>
    ),
  },
  loadedColumn(760, (row) => row.loaded),
  epssColumn(940),
  {
    id: "status",
    header: "Judged",
    hideBelowPx: 860,
    width: "minmax(96px, 0.6fr)",
    value: (row) => (row.suppressed === undefined ? row.status : "~"),
    cell: (row) =>
      row.suppressed === undefined ? (
        <span className={row.status === "affected" ? undefined : "none"}>{statusWords[row.status]}</span>
      ) : (
        <span className="none" title={row.suppressed.reason}>
          {row.suppressed.by === "exception" ? "Accepted" : "Not affected (VEX)"}
        </span>
      ),
  },
];

const keyOf = (row: VulnerabilityMatch): string => `${row.vulnerability} ${row.package}`;

export function FindingsPart({ image }: { readonly image: OneImage }) {
  const [state, update] = useUrlState();
  const [isAsking, setAsking] = useState(false);
  const picked = image.matches.find((row) => keyOf(row) === state.pick);
  const accepted = image.matches.filter(({ suppressed }) => suppressed !== undefined).length;
  const upstream = image.matches.filter((row) => row.suppressed === undefined && row.status === "upstream-only").length;
  return (
    <>
      {image.matchesOmitted === 0 ? null : (
        <Notice tone="warning">{image.matchesOmitted} more findings are left out of this list.</Notice>
      )}
      <p className="image-line">
        {upstream === 0
          ? ""
          : `${upstream} upstream only: the distribution owns the package and may have backported the fix. `}
        {image.decidedByDistribution === 0
          ? ""
          : `${image.decidedByDistribution} more by the upstream's word that the distribution has decided about. `}
        {accepted === 0 ? "" : `${accepted} accepted: they stay at the end of the list. `}
        <button type="button" className="link" aria-expanded={isAsking} onClick={() => setAsking(!isAsking)}>
          Why is a vulnerability not here?
        </button>
      </p>
      {isAsking ? <ExplainForm digest={image.image.digest} /> : null}
      <div className="live-panes">
        <SortedGrid
          label="Findings"
          columns={columns}
          rows={image.matches}
          initial={{ by: "risk", direction: "descending" }}
          onOpen={(row) => update({ pick: keyOf(row) }, "replace")}
          extrasOf={(row) =>
            row.suppressed !== undefined || row.status === "upstream-only"
              ? { tone: "muted" }
              : row.knownExploited
                ? { tone: "deny" }
                : {}
          }
        >
          <NoFindings image={image} />
        </SortedGrid>
        {picked === undefined ? null : (
          <FindingDetails
            key={keyOf(picked)}
            match={picked}
            image={image}
            onClose={() => update({ pick: undefined }, "replace")}
          />
        )}
      </div>
    </>
  );
}

/** Never "clean" while something was not looked at. */
function NoFindings({ image }: { readonly image: OneImage }) {
  const gaps = image.gaps.reduce((sum, { count }) => sum + count, 0);
  if (image.image.risk === undefined)
    return (
      <State
        icon={<ShieldCheck />}
        title="Not judged yet"
        hint={image.image.because || "Packages wait to be matched."}
      />
    );
  if (gaps > 0)
    return (
      <State
        icon={<ShieldCheck />}
        title="No finding, but not everything was looked at"
        hint={`${gaps} ${gaps === 1 ? "gap" : "gaps"}: see the Gaps tab for what is not known.`}
      />
    );
  return (
    <State
      icon={<ShieldCheck />}
      title="No finding"
      hint="Every package was judged by a feed that speaks of it, and none has a known vulnerability."
    />
  );
}

// A severity as a word with a mark, and counts by severity as a row of numbers: the same colours everywhere, never colour alone.
import { formatCount } from "../../kit/format.ts";
import { severities, severityWords, type RiskCounts, type Severity } from "./image-words.ts";

export function SeverityWord({ severity, title }: { readonly severity: Severity; readonly title?: string }) {
  return (
    <span className="severity" data-severity={severity} title={title}>
      {severityWords[severity]}
    </span>
  );
}

const shown = ["critical", "high", "medium", "low"] as const satisfies readonly Severity[];

/** "2 7 31 12" with the words in titles; the rest only where there is any. */
export function SeverityCountsRow({ counts }: { readonly counts: RiskCounts["severities"] }) {
  const rest = counts.negligible + counts.unknown;
  const text = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severityWords[severity].toLowerCase()}`)
    .join(", ");
  return (
    <span className="severity-counts" title={text || "no findings"}>
      {shown.map((severity) => (
        <span key={severity} data-severity={severity} data-none={counts[severity] === 0}>
          {formatCount(counts[severity])}
        </span>
      ))}
      <span data-severity="unknown" data-none={rest === 0}>
        {formatCount(rest)}
      </span>
    </span>
  );
}

export function KnownExploited({ isKnown }: { readonly isKnown: boolean }) {
  if (!isKnown) return null;
  return (
    <span className="kev" title="In CISA's catalogue of known exploited vulnerabilities">
      exploited
    </span>
  );
}

/** "94 %": how many vulnerabilities are less likely to be exploited within 30 days. */
export function Epss({
  percentile,
  score,
}: {
  readonly percentile: number | undefined;
  readonly score: number | undefined;
}) {
  if (percentile === undefined)
    return (
      <span className="none" title="EPSS does not know it, or the database has no EPSS">
        –
      </span>
    );
  return (
    <span title={`EPSS ${((score ?? 0) * 100).toFixed(2)} % within 30 days`}>{Math.floor(percentile * 100)} %</span>
  );
}

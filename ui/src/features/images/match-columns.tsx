// Columns that lists of findings, vulnerabilities, places and packages share: severity, likelihood of exploitation, whether it is in use.
import type { SortedColumn } from "../../kit/sorted-grid.tsx";
import { loadedWords, severityRank, type Severity, type VulnerabilityMatch } from "./image-words.ts";
import { Epss, SeverityWord } from "./severity.tsx";

interface Rated {
  readonly severity: Severity;
  readonly severityFrom: string;
}

export function severityColumn<T extends Rated>(): SortedColumn<T> {
  return {
    id: "severity",
    header: "Severity",
    width: "minmax(84px, 0.5fr)",
    value: (row) => severityRank(row.severity),
    cell: (row) => (
      <SeverityWord
        severity={row.severity}
        title={row.severityFrom === "" ? "nobody gave a severity" : `says ${row.severityFrom}`}
      />
    ),
  };
}

interface Likely {
  readonly epssPercentile?: number | undefined;
  readonly epssScore?: number | undefined;
}

export function epssColumn<T extends Likely>(hideBelowPx: number): SortedColumn<T> {
  return {
    id: "epss",
    header: "EPSS",
    align: "end",
    hideBelowPx,
    width: "minmax(60px, 0.4fr)",
    value: (row) => row.epssPercentile ?? -1,
    cell: (row) => <Epss percentile={row.epssPercentile} score={row.epssScore} />,
  };
}

type Loaded = VulnerabilityMatch["loaded"];
const loadedRank = { loaded: 2, "not-seen": 1, unknown: 0 } as const;

/** Absent evidence is "unknown": nobody looked. */
export function loadedColumn<T>(
  hideBelowPx: number,
  of: (row: T) => (Pick<NonNullable<Loaded>, "state"> & { readonly because?: string }) | undefined,
): SortedColumn<T> {
  return {
    id: "loaded",
    header: "In use",
    hideBelowPx,
    width: "minmax(74px, 0.5fr)",
    value: (row) => loadedRank[of(row)?.state ?? "unknown"],
    cell: (row) => {
      const evidence = of(row);
      const state = evidence?.state ?? "unknown";
      return (
        <span className="loaded" data-loaded={state} title={evidence?.because}>
          {loadedWords[state]}
        </span>
      );
    },
  };
}

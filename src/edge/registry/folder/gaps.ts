// Gaps of a walk, alike ones counted in one row; the list grows while the walk goes on.
import type { AnalysisGap } from "../../../model/image-analysis.ts";

export interface GapList {
  readonly rows: readonly AnalysisGap[];
  add(kind: AnalysisGap["kind"], subject: string, because: string): void;
}

const rowsMax = 1000;

export function createGapList(): GapList {
  const rows: AnalysisGap[] = [];
  const placeOf = new Map<string, number>();
  return {
    rows,
    add(kind, subject, because) {
      const key = `${kind} ${because}`;
      const place = placeOf.get(key);
      const known = place === undefined ? undefined : rows[place];
      if (place !== undefined && known !== undefined) rows[place] = { ...known, count: known.count + 1 };
      else if (rows.length < rowsMax) {
        placeOf.set(key, rows.length);
        rows.push({ kind, layer: -1, subject: subject.slice(0, 8192), because, count: 1 });
      }
    },
  };
}

// What gaps of a window cost: a warning for what is missing, one quiet line for what was told less exactly.
import type { Gap } from "../../../src/model/gap.ts";
import { Notice } from "./states.tsx";
import { gapSummary, lessExactText } from "./timeline-data.ts";

interface GapNoticesProps {
  readonly gaps: readonly Gap[];
  /** What the warning begins with. */
  readonly missing?: string;
  /** What follows from missing data, as a sentence. */
  readonly then?: string;
}

export function GapNotices({ gaps, missing = "Data is missing in this window", then }: GapNoticesProps) {
  const summary = gapSummary(gaps);
  const lessExact = lessExactText(gaps);
  return (
    <>
      {summary === "" ? null : (
        <Notice tone="warning">
          {missing}. {summary}.{then === undefined ? null : ` ${then}`}
        </Notice>
      )}
      {lessExact === "" ? null : <p className="less-exact">Less exact, nothing lost: {lessExact}.</p>}
    </>
  );
}

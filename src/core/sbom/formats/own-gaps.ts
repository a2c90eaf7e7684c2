// Gaps of the analysis that a document of ours was written from: what was not seen then is not seen by whoever reads the document.
import { AnalysisGap } from "../../../model/image-analysis.ts";

/** The gap, when the value is one. */
export function gapOf(value: unknown): AnalysisGap | undefined {
  const parsed = AnalysisGap.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

// Why a vulnerability holds for an image, or why not: each package that could be meant, each record that was asked, each comparison, and what nobody can tell.
import { z } from "zod";

/** holds: a match. does-not-hold: a record spoke of the package and its version is outside. not-affected: the vendor says so. decided-by-distribution: another feed decides. */
export const explanationVerdicts = [
  "holds",
  "upstream-only",
  "does-not-hold",
  "not-affected",
  "decided-by-distribution",
  "suppressed",
  "unknown",
] as const;

export const ExplanationStep = z.object({
  verdict: z.enum(explanationVerdicts),
  /** The package, as a package URL; "" when the step is about the image. */
  purl: z.string(),
  feed: z.string(),
  record: z.string(),
  /** One sentence a person can check: "installed 2.36-9 is lower than the fix 2.36-9+deb12u4 (dpkg order)". */
  because: z.string(),
});

export const MatchExplanation = z.object({
  vulnerability: z.string(),
  /** All names that were looked for. */
  names: z.array(z.string()),
  /** The whole answer: unknown when a gap could change it. */
  verdict: z.enum(["holds", "upstream-only", "suppressed", "does-not-hold", "unknown"]),
  summary: z.string(),
  steps: z.array(ExplanationStep),
  omitted: z.int(),
  /** What would have to be known to be sure. */
  gaps: z.array(z.string()),
});
export type MatchExplanation = z.infer<typeof MatchExplanation>;

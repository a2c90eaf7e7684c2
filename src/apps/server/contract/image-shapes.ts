// What the operations about images answer with: counts by severity, one row of a list, where an image runs, advice, the advisory database.
import { z } from "zod";
import { adviceSeverities } from "../../../core/image/advice.ts";
import { workloadKinds } from "../../../model/identity.ts";

export const count = z.int().min(0);

/** Findings that count: suppressed ones are apart. */
export const SeverityCounts = z.object({
  critical: count,
  high: count,
  medium: count,
  low: count,
  negligible: count,
  unknown: count,
});
export type SeverityCounts = z.infer<typeof SeverityCounts>;

export const RiskCounts = z.object({
  severities: SeverityCounts,
  /** Distinct vulnerabilities. */
  vulnerabilities: count,
  fixable: count,
  knownExploited: count,
  upstreamOnly: count,
  /** In packages whose files live processes use; absent where nobody looked. */
  loaded: count.optional(),
  suppressed: count,
});
export type RiskCounts = z.infer<typeof RiskCounts>;

/** analysed: its packages are known. Of the others, `because` says what would change it. */
export const imageStates = ["analysed", "waiting", "failed", "not-analysed"] as const;

export const ImageInstance = z.object({
  cluster: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: z.enum(workloadKinds),
  container: z.string(),
  /** Containers that run it now. */
  containers: count,
  nodes: z.array(z.string()),
  /** Connections came from outside the cluster within the last day; unknown: `exposedBecause`. */
  exposed: z.enum(["exposed", "not-seen", "unknown"]),
  exposedBecause: z.string(),
});
export type ImageInstance = z.infer<typeof ImageInstance>;

export const ImageRow = z.object({
  /** Of the manifest, or of what the runtime calls the image while it is not analysed; it names the row. */
  digest: z.string(),
  /** The name it is best known by, and how many others. */
  reference: z.string(),
  referencesMore: count,
  state: z.enum(imageStates),
  because: z.string(),
  operatingSystem: z.string(),
  packages: count,
  layers: count,
  sizeBytes: z.number(),
  /** Absent: not matched yet. */
  risk: RiskCounts.optional(),
  secrets: count.optional(),
  advice: count.optional(),
  /** Why it is never "clean": how many gaps of analysis and matching. */
  gaps: count,
  topRisk: count,
  running: z.object({ containers: count, workloads: count, namespaces: z.array(z.string()) }),
  exposed: z.boolean(),
  createdAt: z.string(),
  analysedAt: z.iso.datetime().optional(),
  matchedAt: z.iso.datetime().optional(),
});
export type ImageRow = z.infer<typeof ImageRow>;

/** The exception that holds for it. */
export const Accepted = z.object({ name: z.string(), owner: z.string(), expiresAt: z.string() });

export const Advice = z.object({
  rule: z.string(),
  hadolint: z.string(),
  severity: z.enum(adviceSeverities),
  message: z.string(),
  fix: z.string(),
  line: z.int(),
  column: z.int(),
  subject: z.string(),
  layer: z.int(),
  /** An exception for this rule: its name and end. */
  accepted: Accepted.optional(),
});

export const Base = z.object({
  how: z.enum(["annotation", "layers", "history", "dockerfile", ""]),
  image: z.string(),
  digest: z.string(),
  layers: count,
  because: z.string(),
  proposals: z.array(
    z.object({
      image: z.string(),
      kind: z.enum(["newer", "slim", "distroless", "scratch", "minimal"]),
      because: z.string(),
      removes: z.object({ total: count, critical: count, high: count }).optional(),
      removesBecause: z.string(),
      packagesRemoved: count.optional(),
      mindful: z.array(z.string()),
    }),
  ),
});

export const FeedRow = z.object({
  feed: z.string(),
  ecosystems: z.array(z.string()),
  isComprehensive: z.boolean(),
  records: count,
  refused: count,
  refusedBecause: z.array(z.string()),
  sourceAt: z.string(),
  importedAt: z.string(),
  problem: z.string(),
});

/** What the answers were made with; shown beside every list of findings. */
export const DatabaseState = z.object({
  /** "" when there is none: then nothing is known, and `because` says how to get one. */
  digest: z.string(),
  builtAt: z.string(),
  because: z.string(),
  feeds: z.array(FeedRow),
  /** A rematch is going on: how far. */
  rematch: z.object({ done: count, total: count }).optional(),
});
export type DatabaseState = z.infer<typeof DatabaseState>;

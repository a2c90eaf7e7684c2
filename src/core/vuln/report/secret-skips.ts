// What the secret search left out, in words: "0 secrets" is only as good as what was looked at.
import type { ImageAnalysis, SecretSkipReason } from "../../../model/image-analysis.ts";

/** In this order; empty files hide nothing and are not told. */
const words: readonly (readonly [SecretSkipReason, string])[] = [
  ["too-large", "files over 1 MiB"],
  ["too-many-hits", "files not searched to their end"],
  ["binary-name", "files binary by name"],
  ["binary-content", "binary files"],
  ["documentation", "files of packages' documents"],
  ["test-material", "findings in packages' tests"],
];

/** "left out of the secret search: 3 files over 1 MiB, 20 binary files"; "" when nothing was left out, or nobody counted. */
export function secretSkipWords({ secretsSkipped }: Pick<ImageAnalysis, "secretsSkipped">): string {
  const counts = new Map((secretsSkipped ?? []).map(({ reason, count }) => [reason, count]));
  const told = words.flatMap(([reason, what]) => {
    const count = counts.get(reason) ?? 0;
    return count === 0 ? [] : [`${count} ${what}`];
  });
  return told.length === 0 ? "" : `left out of the secret search: ${told.join(", ")}`;
}

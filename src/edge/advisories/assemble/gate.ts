// Whether a feed may replace the one before: a feed that came back empty, much smaller or older is more likely broken than right.
import type { ManifestFeed } from "../manifest.ts";

export interface GateLimits {
  /** Largest loss of records in one step, as a part: 0.2. */
  readonly shrinkMax: number;
  /** Records below which a loss says nothing. */
  readonly recordsMin: number;
}

export const gateLimits: GateLimits = { shrinkMax: 0.2, recordsMin: 20 };

type Counted = Pick<ManifestFeed, "records" | "sourceAt">;

/** "" when it may; else why not, in words that go on after the feed's name. */
export function gateOf(next: Counted, before: Counted | undefined, broken: string, limits: GateLimits): string {
  if (before === undefined || before.records === 0) {
    if (broken !== "") return `incomplete: ${broken}`;
    return next.records === 0 ? "it has no records" : "";
  }
  if (next.records === 0) return `it came back empty, before it had ${before.records} records`;
  if (broken !== "") return `its source broke: ${broken}`;
  if (before.records >= limits.recordsMin && next.records < before.records * (1 - limits.shrinkMax)) {
    return `it shrank from ${before.records} to ${next.records} records, more than ${Math.round(limits.shrinkMax * 100)} %`;
  }
  if (next.sourceAt !== "" && before.sourceAt !== "" && next.sourceAt < before.sourceAt) {
    return `its source is of ${next.sourceAt}, older than the one of ${before.sourceAt}`;
  }
  return "";
}

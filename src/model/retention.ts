// A resource kind: how long and how much telemetry is kept. The one named "default" is in force; others are refused.
import { z } from "zod";

export const Retention = z.strictObject({
  /** Days to keep, per table; a table that is not named keeps its default (see the store's README). */
  days: z.record(z.string(), z.int().min(1).max(3650)).default({}),
  /** Upper limit for the whole telemetry store on disk, in bytes; the oldest raw partitions go first. 0 = by free disk only. */
  bytesMax: z.int().min(0).default(0),
  /** A disk that fills up takes no raw rows while they are at most so many bytes; `bytesMax` and days still do. Default 2 GiB. */
  bytesKeptMin: z
    .int()
    .min(0)
    .default(2 * 1024 ** 3),
});
export type Retention = z.infer<typeof Retention>;

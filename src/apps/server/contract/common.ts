// Pieces that many operations share: paging, windows, problems, gaps.
import { z } from "zod";
import { Gap } from "../../../model/gap.ts";

/** problem+json (RFC 9457) with our stable code and a hint. Every non-2xx answer has this shape. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** "room/kebab". */
  code: z.string(),
  hint: z.string().optional(),
  /** Where in the input, e.g. "spec.http" or "q:14". */
  where: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** The filter grammar in one string, as typed in the console and on the command line: `ns:shop to:db verdict:deny port:5432 last:1h`. */
export const FilterText = z.string().max(4096).default("");

/** A cluster's name, as it may stand in a certificate and in a scope: what has another one could never be joined or addressed. */
export const ClusterName = z
  .string()
  .max(253)
  .regex(
    /^(?!.*\.\.)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    "use letters, digits, '.', '_' and '-', and begin and end with a letter or digit",
  );

export const PageQuery = z.object({
  q: FilterText,
  /** RFC 3339, or relative to now: "15m", "24h". Overrides `last:` of the filter. */
  since: z.string().optional(),
  until: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Opaque; from the previous page's `next`. */
  cursor: z.string().optional(),
});

/** What was really looked at. A client shows it beside the rows. */
export const Window = z.object({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  /** Since when the tables that were looked at hold data: before that nothing was kept, which is not "nothing happened". Absent while all is empty. */
  dataSince: z.iso.datetime().optional(),
  /** True when a limit of time, rows or memory ended the query early: rows may be missing. */
  partial: z.boolean(),
  partialBecause: z.string().default(""),
  /** Gaps that overlap the window: data known to be missing, at most 100. */
  gaps: z.array(Gap),
});
export type Window = z.infer<typeof Window>;

export function page<T extends z.ZodType>(row: T) {
  return z.object({
    rows: z.array(row),
    /** Absent on the last page. */
    next: z.string().optional(),
    window: Window,
  });
}

/** One item of a live stream. `skipped` counts rows left out because the reader was slower than the traffic. */
export function streamItem<T extends z.ZodType>(row: T) {
  return z.object({ rows: z.array(row), skipped: z.int() });
}

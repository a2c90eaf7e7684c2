// Guard rails of a query, and how to tell that one of them ended it early: the answer is then marked partial, never passed off as whole.
import type { QueryOptions } from "../../core/store/telemetry-store.ts";
import type { Settings } from "./run.ts";
import { describe } from "./store-fault.ts";

export interface Limits {
  readonly params: Readonly<Record<string, unknown>>;
  readonly settings: Settings;
  readonly timeoutMs: number;
  readonly rowsToReadMax: number;
  readonly bytesToReadMax: number;
  readonly rowsMax: number;
  /** Why an error means "a guard rail ended it"; "" for any other error. */
  becauseOf(thrown: unknown): string;
}

/** Defaults where a caller names none. */
export const queryLimits = {
  timeoutMs: 10_000,
  rowsToReadMax: 200_000_000,
  bytesToReadMax: 50_000_000_000,
  rowsMax: 100_000,
} as const;

const becauseByCode: Readonly<Record<string, string>> = {
  158: "it would have read too many rows",
  159: "it took too long",
  160: "it was estimated to take too long",
  241: "it needed too much memory",
  307: "it would have read too many bytes",
  396: "it had too many result rows",
};

/** "break" lets the engine answer with what it has by then; what cannot be broken off ends in an error, caught by its number. */
export function limitsOf(options: QueryOptions): Limits {
  const timeoutMs = options.timeoutMs ?? queryLimits.timeoutMs;
  const rowsToReadMax = options.rowsToReadMax ?? queryLimits.rowsToReadMax;
  const bytesToReadMax = options.bytesToReadMax ?? queryLimits.bytesToReadMax;
  const rowsMax = options.rowsMax ?? queryLimits.rowsMax;
  return {
    params: options.params ?? {},
    timeoutMs,
    rowsToReadMax,
    bytesToReadMax,
    rowsMax,
    settings: {
      max_execution_time: timeoutMs / 1000,
      timeout_overflow_mode: "break",
      max_rows_to_read: rowsToReadMax,
      max_bytes_to_read: bytesToReadMax,
      read_overflow_mode: "break",
      max_result_rows: rowsMax + 1,
      result_overflow_mode: "break",
    },
    becauseOf: (thrown) => becauseByCode[describe(thrown).code] ?? "",
  };
}

/** A broken-off query is told by its figures: at or over a limit. A query that ends within the last 2 % of its time is called partial too. */
export function partialFrom(
  statistics: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number },
  rows: number,
  limits: Limits,
): string {
  if (rows > limits.rowsMax) return `it had more than ${limits.rowsMax} result rows`;
  if (statistics.rows_read > limits.rowsToReadMax) return `it would have read more than ${limits.rowsToReadMax} rows`;
  if (statistics.bytes_read > limits.bytesToReadMax)
    return `it would have read more than ${limits.bytesToReadMax} bytes`;
  if (statistics.elapsed * 1000 >= limits.timeoutMs * 0.98) return `it took longer than ${limits.timeoutMs} ms`;
  return "";
}

// Partitions are the unit of retention: their names say which time they hold. UTC everywhere.

export type PartitionScheme = "sixHours" | "day" | "week";

const hourMs = 3_600_000;

const lengthMs = { sixHours: 6 * hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs } as const satisfies Record<
  PartitionScheme,
  number
>;

/** The PARTITION BY expression over a time column. */
export function partitionExpression(scheme: PartitionScheme, column: string): string {
  switch (scheme) {
    case "sixHours":
      return `toStartOfInterval(${column}, INTERVAL 6 HOUR)`;
    case "day":
      return `toDate(${column})`;
    case "week":
      return `toMonday(${column})`;
  }
}

/** Start and end (exclusive) of a partition, from its name in system.parts ("2026-11-23" or "2026-11-23 06:00:00"). */
export function partitionRange(
  scheme: PartitionScheme,
  partition: string,
): { startMs: number; endMs: number } | undefined {
  const text = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2}))?$/.exec(partition);
  if (text === null) return undefined;
  const startMs = Date.parse(`${text[1]}T${text[2] ?? "00:00:00"}Z`);
  return Number.isNaN(startMs) ? undefined : { startMs, endMs: startMs + lengthMs[scheme] };
}

/** A partition's length. Raw tables have days, whose bounds are whole multiples of it since the epoch. */
export function partitionLengthMs(scheme: PartitionScheme): number {
  return lengthMs[scheme];
}

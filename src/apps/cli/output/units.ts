// Numbers and times as people read them in a terminal.

const byteUnits = ["B", "K", "M", "G", "T"] as const;

/** 1536 -> "1.5K" (1024-based). */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}${byteUnits[unit] ?? ""}`;
}

/** Microseconds -> "12us", "3.4ms", "1.2s"; "-" for 0 (not seen). */
export function micros(count: number): string {
  if (count <= 0) return "-";
  if (count < 1000) return `${Math.round(count)}us`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)}ms`;
  return `${(count / 1_000_000).toFixed(1)}s`;
}

/** Time between two moments: "5s", "3m", "2h", "4d". */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** RFC 3339 -> "14:03:07.123" today, "11-23 14:03:07" before, in local time. */
export function clockTime(iso: string, nowMs: number): string {
  const date = new Date(iso);
  const pad = (value: number, length = 2): string => String(value).padStart(length, "0");
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const isToday = new Date(nowMs).toDateString() === date.toDateString();
  return isToday
    ? `${time}.${pad(date.getMilliseconds(), 3)}`
    : `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

/** The middle of the bucket that holds the median of an exponential histogram (model/flow.ts `rttUs`); 0 when empty. */
export function histogramMedianUs(histogram: Readonly<Record<string, number>>): number {
  const entries = Object.entries(histogram)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([left], [right]) => left - right);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of entries) {
    seen += count;
    if (seen * 2 >= total && total > 0) return 2 ** ((bucket + 0.5) / 4);
  }
  return 0;
}

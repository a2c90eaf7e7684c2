// Numbers, times and names as the console writes them. Pure; no locale surprises in data columns.

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** 1234567 -> "1.2 MB" (decimal units, as interfaces count). */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** 12345 -> "12,345". */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Microseconds: "85 µs", "1.2 ms", "3.4 s". */
export function formatMicroseconds(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

/** Milliseconds as the two largest units: "3 s", "4 min 10 s", "2 h 5 min", "3 d 4 h". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor((seconds % 86_400) / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

const minuteMs = 60_000;

/** "just now", "12 s ago", "4 min ago", "2 h 5 min ago": past the first minute seconds only flicker. */
export function formatAgo(timeMs: number, nowMs: number): string {
  const age = nowMs - timeMs;
  const told = age < minuteMs ? age : Math.floor(age / minuteMs) * minuteMs;
  return age < 1500 ? "just now" : `${formatDuration(told)} ago`;
}

/** Local wall clock with milliseconds: "07:04:31.120". */
export function formatClock(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Local date and time: "2026-11-23 07:04:31". */
export function formatDateTime(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${formatClock(time).slice(0, 8)}`;
}

/** IPv4 inside IPv6 is shown as IPv4; "::" means none and becomes empty. */
export function formatAddress(address: string): string {
  if (address === "::") return "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** An address with its port; IPv6 in brackets. */
export function formatEndpoint(address: string, port: number): string {
  const plain = formatAddress(address);
  if (port === 0) return plain;
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** Median of a flow's round-trip histogram in microseconds (bucket i holds [2^(i/4), 2^((i+1)/4))); undefined when empty. */
export function rttMedianUs(histogram: Readonly<Record<string, number>>): number | undefined {
  const buckets = Object.entries(histogram)
    .map(([index, count]) => [Number(index), count] as const)
    .sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [index, count] of buckets) {
    passed += count;
    if (passed * 2 >= total && total > 0) return 2 ** ((index + 0.5) / 4);
  }
  return undefined;
}

/** "registry.example/shop/checkout:4.2.1" -> "checkout:4.2.1"; a digest keeps twelve hex digits. */
export function shortImage(image: string): string {
  const last = image.split("/").at(-1) ?? image;
  return last.replace(/@(sha256:[0-9a-f]{12})[0-9a-f]+$/, "@$1");
}

/** camelCase -> "Camel case". */
export function titleOf(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** One word for a POSIX shell, quoted when it needs to be. */
export function shellQuote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

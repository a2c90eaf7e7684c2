// JSON that keeps within a number of bytes and stays JSON: the largest texts and lists give way first.

/** Never shortened: a receiver finds the event by them. */
const kept: ReadonlySet<string> = new Set(["uuid", "time", "rule", "priority", "severity"]);
const roundsMax = 500;

/** `isCut` when something was left out. */
export function jsonWithin(
  record: Readonly<Record<string, unknown>>,
  bytesMax: number,
): { readonly text: string; readonly isCut: boolean } {
  let now: Record<string, unknown> = { ...record };
  let text = JSON.stringify(now);
  let isCut = false;
  for (let round = 0; Buffer.byteLength(text) > bytesMax && round < roundsMax; round += 1) {
    const largest = largestOf(now, kept);
    if (largest === undefined) break;
    isCut = true;
    const smaller = shrink(now[largest]);
    if (smaller === undefined) {
      const { [largest]: _, ...rest } = now;
      now = rest;
    } else now = { ...now, [largest]: smaller };
    text = JSON.stringify(now);
  }
  return { text, isCut };
}

function largestOf(record: Readonly<Record<string, unknown>>, except: ReadonlySet<string>): string | undefined {
  let [largest, size]: [string | undefined, number] = [undefined, 0];
  for (const [key, value] of Object.entries(record)) {
    if (except.has(key)) continue;
    const length = (JSON.stringify(value) ?? "").length + key.length;
    if (length > size) [largest, size] = [key, length];
  }
  return largest;
}

/** About half of it; undefined when nothing is left worth keeping. */
function shrink(value: unknown): unknown {
  if (typeof value === "string")
    return value.length <= 32 ? undefined : `${value.slice(0, Math.floor(value.length / 2)).toWellFormed()}…`;
  if (Array.isArray(value)) return value.length <= 1 ? undefined : value.slice(0, Math.floor(value.length / 2));
  if (typeof value !== "object" || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const largest = largestOf(record, new Set());
  if (largest === undefined) return undefined;
  const { [largest]: _, ...rest } = record;
  return rest;
}

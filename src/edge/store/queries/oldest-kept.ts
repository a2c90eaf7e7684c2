// Since when a table holds data: what a window before that shows is "nothing kept", which is not "nothing happened".
// Answered from the parts' own bounds (no row is read), for all tables at once, and remembered for a while.
import type { Clock } from "../../../base/clock.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { storedTables } from "../partitions-on-disk.ts";
import { queryLimits } from "./limits.ts";

/** The oldest time kept in any of the tables, in milliseconds; of the whole store when these hold nothing (of detections also when they hold some); undefined when that is empty. */
export type OldestKept = (tables: readonly string[]) => Promise<number | undefined>;

/** One memory per store. Throws what the store throws when it is away. */
export function oldestKept(store: TelemetryStore, clock: Clock): OldestKept {
  let readAtMs = -Infinity;
  let known: Promise<ReadonlyMap<string, number>> | undefined;
  return async (tables) => {
    const nowMs = clock.nowMs();
    if (known === undefined || nowMs - readAtMs >= queryLimits.oldestKeptMs) {
      readAtMs = nowMs;
      known = readOldest(store);
      known.catch(() => (known = undefined));
    }
    const oldest = await known;
    const whole = earliest(oldest, [...oldest.keys()]);
    const looked = tables.includes("security_events") && whole !== undefined ? lookedSince(whole, nowMs) : Infinity;
    const first = Math.min(earliest(oldest, tables) ?? Infinity, looked);
    return first === Infinity ? whole : first;
  };
}

/** Detections are rare: the first row only says when something happened, the whole store since when somebody looked. No further than they are kept. */
function lookedSince(wholeMs: number, nowMs: number): number {
  return Math.max(wholeMs, nowMs - detectionDays * dayMs);
}

const dayMs = 86_400_000;
const detectionDays = storedTables.find(({ name }) => name === "security_events")?.days ?? 0;

/** A rollup's first bucket begins up to an hour before the first row in it: there the raw table knows better. */
function earliest(oldest: ReadonlyMap<string, number>, tables: readonly string[]): number | undefined {
  const of = (isRollup: boolean): number =>
    Math.min(
      ...tables.map((table) => (rollupNames.has(table) === isRollup ? oldest.get(table) : undefined) ?? Infinity),
    );
  const [raw, rollup] = [of(false), of(true)];
  const first = raw !== Infinity && raw - rollup < bucketMsMax ? raw : Math.min(raw, rollup);
  return first === Infinity ? undefined : first;
}

const bucketMsMax = 3_600_000;
const rollupNames: ReadonlySet<string> = new Set(storedTables.filter(({ rollup }) => rollup).map(({ name }) => name));

async function readOldest(store: TelemetryStore): Promise<ReadonlyMap<string, number>> {
  const sql = storedTables
    .map(
      ({ name }) =>
        `SELECT '${name}' AS name, toUnixTimestamp64Milli(toDateTime64(min(time), 3, 'UTC')) AS oldestMs FROM ${name}`,
    )
    .join("\nUNION ALL\n");
  const { rows } = await store.query<{ name: string; oldestMs: number }>(sql, { timeoutMs: queryLimits.timeoutMs });
  // The minimum of nothing is 1970.
  return new Map(rows.map(({ name, oldestMs }) => [name, oldestMs] as const).filter(([, oldestMs]) => oldestMs > 0));
}

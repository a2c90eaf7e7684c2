// Advisory records as entries of a "records" shard: the shard's label is their ecosystem, the key their name; everything else is varints into the pools.
import { advisoryStatuses, severities, versionSchemes, type AdvisoryRecord, type VersionRange } from "../advisory.ts";
import { corrupt, createByteCursor, leftOf, readVarint, type ByteCursor, type ByteSink } from "./bytes.ts";
import type { Shard } from "./table.ts";
import { writeShard, type PoolWriter } from "./write-table.ts";

/** Which fields follow; absent ones are empty (status: affected, severity: unknown). */
const has = {
  aliases: 1,
  upstream: 2,
  ranges: 4,
  versions: 8,
  status: 16,
  statusReason: 32,
  severity: 64,
  cvss: 128,
  module: 256,
  architectures: 512,
  pocket: 1024,
  cpeTarget: 2048,
} as const;

/** A shard of one ecosystem's records, all of them with that `ecosystem`. */
export function writeRecordShard(ecosystem: string, records: readonly AdvisoryRecord[]): Uint8Array {
  const byName = Map.groupBy(records, ({ name }) => name);
  return writeShard({
    kind: "records",
    label: ecosystem,
    keys: byName.keys(),
    write: (name, sink, pool) => {
      const own = (byName.get(name) ?? []).toSorted(order);
      sink.varint(own.length);
      for (const record of own) encode(record, sink, pool);
    },
  });
}

/** The same records give the same bytes, whichever feed came first. */
function order(one: AdvisoryRecord, other: AdvisoryRecord): number {
  return compare(one.id, other.id) || compare(one.feed, other.feed) || compare(rest(one), rest(other));
}

/** What two records of one id may differ in, in words that sort. */
function rest(record: AdvisoryRecord): string {
  const { ranges, versions, status, statusReason, module, architectures, pocket, cpeTarget, aliases, upstream } =
    record;
  const bounds = ranges.map(({ introduced, fixed, lastAffected }) => [introduced, fixed, lastAffected]);
  const others = [record.severity, record.cvss, record.scheme, statusReason];
  return JSON.stringify([
    module,
    pocket,
    status,
    bounds,
    versions,
    architectures,
    cpeTarget,
    aliases,
    upstream,
    others,
  ]);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function encode(record: AdvisoryRecord, sink: ByteSink, pool: PoolWriter): void {
  const bit = (isThere: boolean, value: number): number => (isThere ? value : 0);
  const bits =
    bit(record.aliases.length > 0, has.aliases) |
    bit(record.upstream.length > 0, has.upstream) |
    bit(record.ranges.length > 0, has.ranges) |
    bit(record.versions.length > 0, has.versions) |
    bit(record.status !== "affected", has.status) |
    bit(record.statusReason !== "", has.statusReason) |
    bit(record.severity !== "unknown", has.severity) |
    bit(record.cvss !== "", has.cvss) |
    bit(record.module !== "", has.module) |
    bit(record.architectures.length > 0, has.architectures) |
    bit(record.pocket !== "", has.pocket) |
    bit(record.cpeTarget !== "", has.cpeTarget);
  sink.varint(bits);
  sink.varint(pool.text(record.id));
  sink.varint(pool.text(record.feed));
  sink.varint(versionSchemes.indexOf(record.scheme));
  if ((bits & has.aliases) !== 0) sink.varint(pool.list(record.aliases));
  if ((bits & has.upstream) !== 0) sink.varint(pool.list(record.upstream));
  if ((bits & has.ranges) !== 0) {
    sink.varint(record.ranges.length);
    for (const { introduced, fixed, lastAffected } of record.ranges) {
      for (const text of [introduced, fixed, lastAffected]) sink.varint(pool.text(text));
    }
  }
  if ((bits & has.versions) !== 0) sink.varint(pool.list(record.versions));
  if ((bits & has.status) !== 0) sink.varint(advisoryStatuses.indexOf(record.status));
  if ((bits & has.statusReason) !== 0) sink.varint(pool.text(record.statusReason));
  if ((bits & has.severity) !== 0) sink.varint(severities.indexOf(record.severity));
  if ((bits & has.cvss) !== 0) sink.varint(pool.text(record.cvss));
  if ((bits & has.module) !== 0) sink.varint(pool.text(record.module));
  if ((bits & has.architectures) !== 0) sink.varint(pool.list(record.architectures));
  if ((bits & has.pocket) !== 0) sink.varint(pool.text(record.pocket));
  if ((bits & has.cpeTarget) !== 0) sink.varint(pool.text(record.cpeTarget));
}

const none: readonly string[] = [];

/** The records of a name; [] when there are none. Throws `vuln/shard-damaged`. */
export function recordsOf(shard: Shard, name: string): readonly AdvisoryRecord[] {
  const payload = shard.find(name);
  return payload === undefined ? [] : decodeRecords(shard, name, payload);
}

/** All records of a shard, key by key: for builds that carry a feed over. */
export function* everyRecord(shard: Shard): Generator<AdvisoryRecord> {
  for (let index = 0; index < shard.keyCount; index += 1) {
    yield* decodeRecords(shard, shard.keyAt(index), shard.payloadAt(index));
  }
}

function decodeRecords(shard: Shard, name: string, payload: Uint8Array): AdvisoryRecord[] {
  const cursor = createByteCursor(payload);
  const count = readVarint(cursor);
  // A record takes four bytes at least: a count beyond that is a lie.
  if (count * 4 > payload.length) throw corrupt("an entry claims more records than it can hold");
  const records: AdvisoryRecord[] = [];
  for (let index = 0; index < count; index += 1) records.push(decode(shard, name, cursor));
  if (leftOf(cursor) !== 0) throw corrupt("an entry has bytes after its records");
  return records;
}

function decode(shard: Shard, name: string, cursor: ByteCursor): AdvisoryRecord {
  const bits = readVarint(cursor);
  // In the order in which they were written.
  const id = shard.text(readVarint(cursor));
  const feed = shard.text(readVarint(cursor));
  const scheme = choice(versionSchemes, readVarint(cursor));
  const aliases = listIf(shard, cursor, bits & has.aliases);
  const upstream = listIf(shard, cursor, bits & has.upstream);
  const ranges = (bits & has.ranges) === 0 ? [] : decodeRanges(shard, cursor);
  const versions = listIf(shard, cursor, bits & has.versions);
  const status = (bits & has.status) === 0 ? "affected" : choice(advisoryStatuses, readVarint(cursor));
  const statusReason = textIf(shard, cursor, bits & has.statusReason);
  const severity = (bits & has.severity) === 0 ? "unknown" : choice(severities, readVarint(cursor));
  const cvss = textIf(shard, cursor, bits & has.cvss);
  const module = textIf(shard, cursor, bits & has.module);
  const architectures = listIf(shard, cursor, bits & has.architectures);
  const pocket = textIf(shard, cursor, bits & has.pocket);
  const cpeTarget = textIf(shard, cursor, bits & has.cpeTarget);
  return {
    id,
    feed,
    aliases,
    upstream,
    ecosystem: shard.label,
    name,
    scheme,
    ranges,
    versions,
    status,
    statusReason,
    severity,
    cvss,
    module,
    architectures,
    pocket,
    cpeTarget,
  };
}

function textIf(shard: Shard, cursor: ByteCursor, isThere: number): string {
  return isThere === 0 ? "" : shard.text(readVarint(cursor));
}

function listIf(shard: Shard, cursor: ByteCursor, isThere: number): readonly string[] {
  return isThere === 0 ? none : shard.list(readVarint(cursor));
}

function decodeRanges(shard: Shard, cursor: ByteCursor): VersionRange[] {
  const count = readVarint(cursor);
  if (count * 3 > leftOf(cursor)) throw corrupt("a record claims more ranges than it can hold");
  const ranges: VersionRange[] = [];
  for (let index = 0; index < count; index += 1) {
    const introduced = shard.text(readVarint(cursor));
    const fixed = shard.text(readVarint(cursor));
    ranges.push({ introduced, fixed, lastAffected: shard.text(readVarint(cursor)) });
  }
  return ranges;
}

function choice<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw corrupt("a record has a word that is not known");
  return value;
}

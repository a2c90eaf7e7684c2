// Shards: what is written is what is read; whatever is broken is a Fault and never another record.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { advisoryStatuses, severities, versionSchemes, type AdvisoryRecord } from "../advisory.ts";
import { bucketOf, createByteCursor, createByteSink, crc32, decodeUtf8, encodeUtf8, readVarint } from "./bytes.ts";
import {
  epssOf,
  exploitedOf,
  factsOf,
  idEntryOf,
  writeEpssShard,
  writeExploitedShard,
  writeBriefsShard,
  writeFactsShard,
  writeIdShard,
  type PlainFacts,
} from "./facts-codec.ts";
import { everyRecord, recordsOf, writeRecordShard } from "./record-codec.ts";
import { headBytesOf, openShard, openShardBytes, shardFixedBytes } from "./table.ts";

const word = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.toWellFormed());
const words = fc.array(word, { maxLength: 4 });
const ecosystem = "Debian:12";
const record: fc.Arbitrary<AdvisoryRecord> = fc.record({
  id: word,
  feed: fc.constantFrom("osv-debian", "ghsa", "nvd"),
  aliases: words,
  upstream: words,
  ecosystem: fc.constant(ecosystem),
  name: fc.constantFrom("glibc", "openssl", "", "ä", "__proto__", "a".repeat(300)),
  scheme: fc.constantFrom(...versionSchemes),
  ranges: fc.array(fc.record({ introduced: word, fixed: word, lastAffected: word }), { maxLength: 3 }),
  versions: words,
  status: fc.constantFrom(...advisoryStatuses),
  statusReason: word,
  severity: fc.constantFrom(...severities),
  cvss: word,
  module: word,
  architectures: words,
  pocket: word,
  cpeTarget: word,
});

const same = (bytes: Uint8Array): Uint8Array => bytes;
const sorted = (records: readonly AdvisoryRecord[]): string[] =>
  records
    .map((one) => JSON.stringify(one, Object.keys(one).concat("introduced", "fixed", "lastAffected").sort()))
    .sort();

test("records come back as they were, key by key and all of them", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const shard = openShardBytes(writeRecordShard(ecosystem, records));
      assert.equal(shard.label, ecosystem);
      assert.deepEqual(sorted([...everyRecord(shard)]), sorted(records));
      for (const name of ["glibc", "openssl", "", "ä", "__proto__", "a".repeat(300), "absent", "glib", "glibcc"]) {
        assert.deepEqual(sorted(recordsOf(shard, name)), sorted(records.filter((one) => one.name === name)));
      }
    }),
  );
});

test("the same records in another order are the same bytes", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      assert.deepEqual(writeRecordShard(ecosystem, records.toReversed()), writeRecordShard(ecosystem, records));
    }),
  );
});

test("a byte changed, bytes cut or added: a Fault, or the same records", () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (records, where, change) => {
        const whole = writeRecordShard(ecosystem, records);
        const changed = Uint8Array.from(whole);
        changed[where % whole.length] = (changed[where % whole.length] ?? 0) ^ change;
        for (const bytes of [changed, whole.subarray(0, where % whole.length), Uint8Array.from([...whole, change])]) {
          const read = (): string[] => sorted([...everyRecord(openShardBytes(bytes))]);
          assert.throws(read, (error) => error instanceof Fault && error.code === "vuln/shard-damaged");
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("anything at all is a Fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.throws(() => openShardBytes(bytes), Fault);
    }),
  );
});

test("a head that says more than there is is refused before anything is read", () => {
  const whole = writeRecordShard(ecosystem, []);
  for (const index of [2, 3, 4, 5, 6, 7, 8, 9]) {
    const lying = Uint8Array.from(whole);
    new DataView(lying.buffer).setUint32(index * 4, 0xffff_fff0, true);
    assert.throws(() => openShardBytes(lying), Fault, `word ${index}`);
  }
});

test("only the pieces that are asked for are read", () => {
  const records = ["a", "b", "c"].map(
    (name) => fc.sample(record, { numRuns: 1, seed: 7 }).map((one) => ({ ...one, name }))[0],
  );
  const whole = writeRecordShard(
    ecosystem,
    records.filter((one) => one !== undefined),
  );
  const head = whole.slice(0, headBytesOf(whole.subarray(0, shardFixedBytes)));
  const read: [number, number][] = [];
  const shard = openShard(head, whole.length, (offset, length) => {
    read.push([offset, length]);
    return whole.subarray(offset, offset + length);
  });
  assert.equal(recordsOf(shard, "nothing").length, 0);
  assert.equal(read.length, 0);
  assert.equal(recordsOf(shard, "b").length, 1);
  assert.equal(read.length, 1);
  const short = openShard(head, whole.length, () => new Uint8Array(0));
  assert.throws(() => recordsOf(short, "b"), Fault);
});

const facts: PlainFacts = {
  id: "CVE-2026-1",
  title: "A title",
  description: "words ".repeat(100),
  references: ["https://example.org/1"],
  cwes: ["CWE-79"],
  publishedAt: "2026-01-02T00:00:00Z",
  modifiedAt: "",
  cvssScore: 9.8,
  cvss: "CVSS:3.1/AV:N",
};

test("facts: the brief alone is read until somebody asks for words, packed and not", () => {
  const kept = new Map([[facts.id, facts]]);
  const briefs = openShardBytes(writeBriefsShard(kept));
  const plain = openShardBytes(writeFactsShard(kept, same));
  assert.deepEqual({ ...factsOf(briefs, facts.id, { words: () => plain, inflate: same }) }, facts);
  assert.equal(factsOf(briefs, "CVE-2026-2", { words: () => plain, inflate: same }), undefined);
  const packs = new Map<string, Uint8Array>();
  const packed = openShardBytes(
    writeFactsShard(kept, (bytes) => {
      packs.set("1", bytes);
      return Uint8Array.of(1, 2, 3);
    }),
  );
  let asked = 0;
  const found = factsOf(briefs, facts.id, {
    words: () => packed,
    inflate: (bytes, length) => {
      asked += 1;
      assert.deepEqual([...bytes], [1, 2, 3]);
      const whole = packs.get("1") ?? new Uint8Array();
      assert.equal(length, whole.length);
      return whole;
    },
  });
  assert.deepEqual([found?.title, found?.cvss, found?.cvssScore, asked], [facts.title, facts.cvss, 9.8, 0]);
  assert.deepEqual({ ...found }, facts);
  assert.equal(asked, 1);
});

test("texts longer than one call takes, of every width", () => {
  for (const unit of ["a", "\u00e9", "\u4e2d", "\u{1f600}", "ab\u{1f600}c"]) {
    const text = unit.repeat(4097);
    const bytes = encodeUtf8(text);
    assert.ok(decodeUtf8(bytes, 0, bytes.length) === text, unit);
  }
});

test("ids, EPSS, known exploited", () => {
  const entry = {
    vulnerabilities: ["CVE-2026-1"],
    keys: [
      { ecosystem: "Go", name: "m" },
      { ecosystem: "npm", name: "n" },
    ],
  };
  const ids = openShardBytes(writeIdShard(new Map([["GHSA-1", entry]])));
  assert.deepEqual(idEntryOf(ids, "GHSA-1"), entry);
  assert.equal(idEntryOf(ids, "GHSA-2"), undefined);
  const many = Array.from({ length: 10_050 }, (_, index) => ({ ecosystem: "npm", name: `p${index}` }));
  assert.equal(
    idEntryOf(openShardBytes(writeIdShard(new Map([["X", { vulnerabilities: [], keys: many }]]))), "X")?.keys.length,
    10_000,
  );
  const epss = openShardBytes(
    writeEpssShard(
      "2026-08-07",
      new Map([
        ["CVE-2026-1", { score: 0.94321, percentile: 1 }],
        ["CVE-2026-2", { score: 0, percentile: 0.00012 }],
      ]),
    ),
  );
  assert.deepEqual(epssOf(epss, "CVE-2026-1"), { score: 0.94321, percentile: 1, date: "2026-08-07" });
  assert.deepEqual(epssOf(epss, "CVE-2026-2"), { score: 0, percentile: 0.00012, date: "2026-08-07" });
  const exploited = openShardBytes(
    writeExploitedShard(new Map([["CVE-1", { addedAt: "2026-01-01", dueAt: "", ransomware: true }]])),
  );
  assert.deepEqual(exploitedOf(exploited, "CVE-1"), { addedAt: "2026-01-01", dueAt: "", ransomware: true });
});

test("UTF-8, varints and checksums are the world's", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bytes = encodeUtf8(text);
      assert.deepEqual(Buffer.from(bytes), Buffer.from(text));
      assert.equal(decodeUtf8(bytes, 0, bytes.length), text.toWellFormed());
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      let text: string | undefined;
      try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        text = undefined;
      }
      // Stricter is fine, other texts are not; surrogates and overlong forms of three bytes are read as they stand.
      if (text !== undefined) assert.equal(decodeUtf8(bytes, 0, bytes.length), text);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const sink = createByteSink(1);
      sink.varint(value);
      assert.equal(readVarint(createByteCursor(sink.take())), value);
    }),
  );
  assert.equal(crc32(encodeUtf8("123456789")), 0xcbf43926);
});

test("a key's bucket is part of the format", () => {
  assert.deepEqual(
    ["CVE-2026-1", "GHSA-x", "", "glibc"].map((key) => bucketOf(key, 16)),
    [15, 5, 12, 13],
  );
  const counts = Array.from({ length: 16 }, () => 0);
  for (let index = 0; index < 16_000; index += 1)
    counts[bucketOf(`CVE-2026-${index}`, 16)] = (counts[bucketOf(`CVE-2026-${index}`, 16)] ?? 0) + 1;
  assert.ok(Math.max(...counts) < 1400 && Math.min(...counts) > 600, counts.join(" "));
});

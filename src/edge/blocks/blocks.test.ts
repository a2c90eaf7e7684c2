// The encoder against the real engine: what it writes is read back equal by chDB, for every table; what lies is refused by inspectBlock.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { Fault } from "../../base/fault.ts";
import { tableNames, type Column, type Row, type TableName } from "../../model/table.ts";
import { blockColumns, encodeBlock, timeRangeOf } from "./encode-block.ts";
import { inspectBlock } from "./inspect-block.ts";

type LooseRow = Record<string, unknown>;
const awkward = fc.constantFrom(
  "",
  "a",
  "checkout",
  "Ünïcode ✓",
  "x".repeat(300),
  "tab\tquote'",
  "\u{1f600}",
  "日本".repeat(40),
);
const textValue = fc.oneof(awkward, fc.string({ maxLength: 20, unit: "grapheme" }));
const valueByType: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "DateTime64(3, 'UTC')": fc.integer({ min: 0, max: 4_102_444_800_000 }),
  String: textValue,
  "LowCardinality(String)": textValue,
  "Array(String)": fc.array(textValue, { maxLength: 4 }),
  "Array(LowCardinality(String))": fc.array(textValue, { maxLength: 4 }),
  "Array(UInt32)": fc.array(fc.integer({ min: 0, max: 4_294_967_295 }), { maxLength: 4 }),
  "Map(Int16, UInt32)": fc.dictionary(
    fc.integer({ min: 0, max: 80 }).map(String),
    fc.integer({ min: 0, max: 4_294_967_295 }),
    {
      maxKeys: 4,
    },
  ),
  Bool: fc.boolean(),
  UInt8: fc.integer({ min: 0, max: 255 }),
  UInt16: fc.integer({ min: 0, max: 65_535 }),
  UInt32: fc.integer({ min: 0, max: 4_294_967_295 }),
  Int32: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  UInt64: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  IPv6: fc.oneof(fc.constantFrom("::", "::1", "2001:db8::5", "fe80::1:2"), fc.ipV4()),
};

function rowOf(columns: readonly Column[]): fc.Arbitrary<LooseRow> {
  return fc.record(
    Object.fromEntries(columns.map((column) => [column.name, valueByType[column.type] ?? fc.constant(0)])),
  );
}

function encodeLoose(table: TableName, rows: readonly LooseRow[]): Uint8Array {
  return encodeBlock(table, rows as unknown as readonly Row<TableName>[]);
}

/** What chDB shows for a value of ours. */
function shown(type: string, value: unknown): unknown {
  if (type === "IPv6") return /^\d+\.\d+\.\d+\.\d+$/.test(value as string) ? `::ffff:${value as string}` : value;
  if (type.startsWith("Map")) return { ...(value as object) };
  return value;
}

const reader = `
const { Session } = require(process.argv[1]);
const jobs = JSON.parse(process.argv[2]);
const session = new Session();
const answers = jobs.map(({ path, query }) => session.query(query.replace("{path}", path), "JSONEachRow"));
process.stdout.write(JSON.stringify(answers), () => { session.cleanup(); process.exit(0); });
`;

async function readBack(jobs: readonly { path: string; query: string }[]): Promise<readonly LooseRow[][]> {
  const chdb = join(import.meta.dirname, "../../../node_modules/chdb");
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", reader, chdb, JSON.stringify(jobs)], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return (JSON.parse(stdout) as string[]).map((text) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LooseRow),
  );
}

test("the real engine reads every table's blocks back as they were", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-blocks-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const cases = tableNames.map((table) => {
    const columns = blockColumns(table);
    const rows = fc.sample(fc.array(rowOf(columns), { minLength: 1, maxLength: 60 }), { numRuns: 1, seed: 7 })[0] ?? [];
    const path = join(folder, `${table}.native`);
    writeFileSync(path, encodeLoose(table, rows));
    const selected = columns.map(({ name, type }) =>
      type.startsWith("DateTime64") ? `toUnixTimestamp64Milli(${name}) AS ${name}_ms` : name,
    );
    const settings = "SETTINGS output_format_json_quote_64bit_integers = 0";
    return {
      table,
      columns,
      rows,
      job: { path, query: `SELECT ${selected.join(", ")} FROM file('{path}', 'Native') ${settings}` },
    };
  });
  const answers = await readBack(cases.map(({ job }) => job));
  for (const [index, { table, columns, rows }] of cases.entries()) {
    const expected = rows.map((row) =>
      Object.fromEntries(
        columns.map(({ name, type }) => [type.startsWith("DateTime64") ? `${name}_ms` : name, shown(type, row[name])]),
      ),
    );
    assert.deepEqual(answers[index], expected, table);
  }
});

test("dictionaries of more than 256 and 65,536 keys are read back", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-blocks-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const jobs = [300, 70_000].map((count) => {
    const path = join(folder, `${count}.native`);
    const rows = Array.from({ length: count }, (_, i) => ({ time: i, reason: "limit", table: `t${i}`, rows: i }));
    const bytes = encodeLoose("gaps", rows);
    assert.equal(inspectBlock("gaps", bytes).rows, count);
    writeFileSync(path, bytes);
    return {
      path,
      query:
        "SELECT uniqExact(table) AS keys, countIf(table = concat('t', toString(rows))) AS equal FROM file('{path}', 'Native')",
    };
  });
  const answers = await readBack(jobs);
  assert.deepEqual(
    answers.map((rows) => [Number(rows[0]?.["keys"]), Number(rows[0]?.["equal"])]),
    [
      [300, 300],
      [70_000, 70_000],
    ],
  );
});

test("inspectBlock accepts what encodeBlock writes and finds the true time range", () => {
  for (const table of tableNames) {
    fc.assert(
      fc.property(fc.array(rowOf(blockColumns(table)), { minLength: 1, maxLength: 12 }), (rows) => {
        const bytes = encodeLoose(table, rows);
        const range = timeRangeOf(rows as { time: number }[]);
        assert.deepEqual(inspectBlock(table, bytes), { rows: rows.length, bytesInflated: bytes.length, ...range });
      }),
      { numRuns: 20 },
    );
  }
});

test("a block cut anywhere, longer by a byte, or of another table is a fault", () => {
  const row = { time: 5, table: "flows", reason: "limit", detail: "some text", rows: 3, counted: "exact" };
  const bytes = encodeLoose("gaps", [row, { ...row, table: "*" }]);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => inspectBlock("gaps", bytes.subarray(0, length)), Fault, `cut at ${length}`);
  }
  assert.throws(() => inspectBlock("gaps", Buffer.concat([bytes, Buffer.of(0)])), { code: "blocks/malformed" });
  assert.throws(() => inspectBlock("gaps", Buffer.concat([bytes, bytes])), { code: "blocks/malformed" });
  assert.throws(() => inspectBlock("flows", bytes), { code: "blocks/columns" });
});

test("lying lengths and limits are named", () => {
  const block = encodeLoose("gaps", [{ time: 5, table: "flows", reason: "limit", counted: "exact" }]);
  const manyRows = Uint8Array.from(block);
  manyRows[1] = 99;
  assert.throws(() => inspectBlock("gaps", manyRows), { code: "blocks/malformed" });
  const limits = { rowsMax: 1, bytesInflatedMax: 10_000, stringBytesMax: 8, itemsMax: 2, keysMax: 3 };
  const two = encodeLoose("gaps", [{ time: 1 }, { time: 2 }]);
  assert.throws(() => inspectBlock("gaps", two, limits), { code: "blocks/too-large" });
  const long = encodeLoose("gaps", [{ time: 1, detail: "123456789" }]);
  assert.throws(() => inspectBlock("gaps", long, limits), /text of 9 bytes, at most 8/);
});

test("any change of one byte is either refused or leaves the structure whole", () => {
  const bytes = encodeLoose("flows", [{ time: 5, process: "curl", policies: [1, 2], rttUs: { 4: 1 } }]);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ flip;
      try {
        assert.equal(inspectBlock("flows", changed).rows, 1);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault, String(thrown));
      }
    }),
    { numRuns: 3000 },
  );
});

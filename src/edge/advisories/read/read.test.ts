// Readers of sources: the same as the whole, however the bytes are cut; what is broken is a fault, and never more than its bounds.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import * as fc from "fast-check";
import { gzipSync } from "node:zlib";
import { scratch, tarOf, writeFiles, zipOf } from "../../../../test/support/advisories.ts";
import { Fault } from "../../../base/fault.ts";
import { documentsOf } from "./documents.ts";
import { linesOf, peek, wholeText } from "./lines.ts";
import { jsonMembers } from "./stream-json.ts";
import { tarEntries } from "./tar.ts";

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test("JSON by members is JSON.parse, at any depth and cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 2),
      async (value, length, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, undefined, indent));
        const members = await all(jsonMembers(cut(bytes, length), 1));
        const read = members.map(({ path: keys, text }) => [keys[0], JSON.parse(text ?? "") as unknown] as const);
        assert.deepEqual(read, Object.entries(JSON.parse(JSON.stringify(value)) as object));
      },
    ),
  );
  const deep = await all(jsonMembers(cut(Buffer.from('{"format":"x","list":[{"a":1},[2],"s",3,{}],"n":null}'), 3), 2));
  assert.deepEqual(
    deep.map(({ path: keys, text }) => `${keys.join(".")}=${text}`),
    ['format="x"', 'list.0={"a":1}', "list.1=[2]", 'list.2="s"', "list.3=3", "list.4={}", "n=null"],
  );
  for (const bad of ['{"a":1', '{"a', "[[]", "{1:2}", "]"])
    await assert.rejects(all(jsonMembers(cut(Buffer.from(bad), 2), 1)), Fault, bad);
});

test("lines: ends of all kinds, none at the end, one too long", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme", maxLength: 8 }).map((text) =>
          text
            .replaceAll(/[\r\n]/g, "")
            .trim()
            .toWellFormed(),
        ),
      ),
      fc.integer({ min: 1, max: 7 }),
      async (texts, length) => {
        const lines = await all(linesOf(cut(Buffer.from(texts.join("\r\n")), length)));
        assert.deepEqual(
          lines.map(({ text }) => text),
          texts.filter((text) => text !== ""),
        );
      },
    ),
  );
  async function* huge(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a\n");
    for (let index = 0; index < 33; index += 1) yield Buffer.alloc(1 << 20, 0x62);
    yield Buffer.from("\nc");
  }
  assert.deepEqual(await all(linesOf(huge())), [
    { number: 1, text: "a" },
    { number: 2, text: undefined },
    { number: 3, text: "c" },
  ]);
  await assert.rejects(wholeText(huge(), 1 << 20), /larger than 1 MiB/);
});

test("peek gives the head, and the whole again", async () => {
  const { head, bytes } = await peek(cut(Buffer.from("hello world"), 4), 5);
  assert.equal(Buffer.from(head).toString(), "hello");
  assert.equal(await wholeText(bytes), "hello world");
});

test("tar: files, long names, cut off", async () => {
  const archive = tarOf([
    ["a", "1"],
    ["b/c", "x".repeat(1000)],
    ["empty", ""],
  ]);
  for (const length of [1, 511, 512, 513, 100_000]) {
    const read: string[] = [];
    for await (const entry of tarEntries(cut(archive, length)))
      read.push(`${entry.name}:${entry.sizeBytes}:${(await wholeText(entry.bytes)).length}`);
    assert.deepEqual(read, ["a:1:1", "b/c:1000:1000", "empty:0:0"]);
  }
  assert.deepEqual(
    (await all(tarEntries(cut(archive, 99)))).map(({ name }) => name),
    ["a", "b/c", "empty"],
    "bodies that nobody reads are passed over",
  );
  await assert.rejects(all(tarEntries(cut(archive.subarray(0, 1700), 512))), /too early/);
  await assert.rejects(all(tarEntries(cut(Buffer.alloc(512, 1), 512))), /not a tar/);
});

test("folders and archives: one that is broken does not stop the rest", async (context) => {
  const zip = zipOf({ "a.json": "{}", "b.json": '{"b":1}' });
  const damaged = Buffer.from(zip);
  damaged[zip.indexOf("b.json") + 8] = 0xff;
  const folder = writeFiles(scratch(context), {
    "1.zip": zip,
    "2.zip": zip.subarray(0, zip.length - 30),
    "3.json.gz": gzipSync("{}").subarray(0, 12),
    "4/5/6.json": "{}",
    "7.tar.gz": gzipSync(tarOf([["x.json.gz", gzipSync("[1]")]])),
  });
  const problems: string[] = [];
  const read: string[] = [];
  for await (const document of documentsOf(folder, (name, fault) =>
    problems.push(`${path.basename(name)}: ${fault.message}`),
  )) {
    read.push(
      `${document.name.replace(/^[^/]+\//, "")}=${await wholeText(document.bytes).catch((thrown: Error) => thrown.message.slice(0, 20))}`,
    );
  }
  assert.deepEqual(read, [
    "1.zip/a.json={}",
    '1.zip/b.json={"b":1}',
    "3.json.gz=it cannot be inflate",
    "4/5/6.json={}",
    "7.tar.gz/x.json.gz=[1]",
  ]);
  assert.deepEqual(problems.length, 1);
});

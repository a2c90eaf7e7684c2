import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { openBolt } from "./bolt.ts";
import { listContainerd } from "./containerd-store.ts";

const folder = mkdtempSync(path.join(tmpdir(), "garrison-bolt-"));
const store = path.join(folder, "io.containerd.metadata.v1.bolt");
mkdirSync(store);
after(() => rmSync(folder, { recursive: true }));
const pageBytes = 4096;

type Tree = Map<string, Tree | string>;

/** One page's body: a leaf with its items; buckets in line, as bolt keeps small ones. */
function leaf(id: number, tree: Tree): Buffer {
  const items = [...tree].sort(([left], [right]) => (left < right ? -1 : 1));
  const head = Buffer.alloc(16 + items.length * 16);
  head.writeBigUInt64LE(BigInt(id), 0);
  head.writeUInt16LE(2, 8);
  head.writeUInt16LE(items.length, 10);
  const parts: Buffer[] = [head];
  let at = head.length;
  for (const [index, [key, value]] of items.entries()) {
    const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.concat([Buffer.alloc(16), leaf(0, value)]);
    const element = 16 + index * 16;
    head.writeUInt32LE(typeof value === "string" ? 0 : 1, element);
    head.writeUInt32LE(at - element, element + 4);
    head.writeUInt32LE(key.length, element + 8);
    head.writeUInt32LE(bytes.length, element + 12);
    parts.push(Buffer.from(key), bytes);
    at += key.length + bytes.length;
  }
  return Buffer.concat(parts);
}

function meta(id: number, root: number, transaction: number): Buffer {
  const page = Buffer.alloc(pageBytes);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(4, 8);
  page.writeUInt32LE(0xed0cdaed, 16);
  page.writeUInt32LE(2, 20);
  page.writeUInt32LE(pageBytes, 24);
  page.writeBigUInt64LE(BigInt(root), 32);
  page.writeBigUInt64LE(4n, 56);
  page.writeBigUInt64LE(BigInt(transaction), 64);
  let hash = 0xcbf29ce484222325n;
  for (const byte of page.subarray(16, 72)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  page.writeBigUInt64LE(hash, 72);
  return page;
}

function padded(page: Buffer): Buffer {
  return Buffer.concat([page, Buffer.alloc(Math.ceil(page.length / pageBytes) * pageBytes - page.length)]);
}

function database(tree: Tree): Buffer {
  const body = padded(leaf(3, tree));
  body.writeUInt32LE(body.length / pageBytes - 1, 12);
  // The newer of both first pages counts; the older leads nowhere.
  return Buffer.concat([meta(0, 999, 1), meta(1, 3, 2), Buffer.alloc(pageBytes), body]);
}

const digest = `sha256:${"a".repeat(64)}`;
const tree = (entries: Record<string, Tree | string>): Tree => new Map(Object.entries(entries));
const target = tree({ digest, mediatype: "application/vnd.oci.image.index.v1+json" });
const images = tree({ "docker.io/library/nginx:1": tree({ target }), broken: tree({}), [digest]: tree({ target }) });
const sample = database(tree({ v1: tree({ "k8s.io": tree({ images }), empty: tree({}), version: "3" }) }));

function put(bytes: Uint8Array): void {
  writeFileSync(path.join(store, "meta.db"), bytes);
}

test("images are found by their path of buckets", () => {
  put(sample);
  const stored = { namespace: "k8s.io", digest, mediaType: "application/vnd.oci.image.index.v1+json" };
  assert.deepEqual(listContainerd(folder), [
    { ...stored, name: "docker.io/library/nginx:1" },
    { ...stored, name: digest },
  ]);
  using file = openBolt(path.join(store, "meta.db"));
  assert.equal(file.root.bucket("v1")?.value("version")?.toString(), "3");
  assert.equal(file.root.bucket("v2"), undefined);
  assert.equal(file.root.value("v1"), undefined);
});

test("large values go over several pages", () => {
  put(database(tree({ v1: tree({ big: "x".repeat(20_000) }) })));
  using file = openBolt(path.join(store, "meta.db"));
  assert.equal(file.root.bucket("v1")?.value("big")?.length, 20_000);
});

test("what is broken is a Fault, whatever byte it is", () => {
  const isFault = (thrown: unknown) => thrown instanceof Fault && thrown.code === "registry/bad-bolt";
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("SQLite format 3"),
    sample.subarray(0, pageBytes * 2),
    Buffer.alloc(20_000),
  ]) {
    put(bytes);
    assert.throws(() => listContainerd(folder), isFault);
  }
  fc.assert(
    fc.property(fc.nat(sample.length - 1), fc.nat(255), (at, value) => {
      const bytes = Buffer.from(sample);
      bytes[at] = value;
      put(bytes);
      try {
        assert.ok(listContainerd(folder).length <= 4);
      } catch (thrown) {
        assert.ok(isFault(thrown), String(thrown));
      }
    }),
    { numRuns: 300 },
  );
  rmSync(path.join(store, "meta.db"));
  assert.throws(
    () => listContainerd(folder),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/not-found",
  );
});

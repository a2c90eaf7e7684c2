import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { folderLayerCache } from "./layer-cache.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "garrison-layer-cache-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const key = (digit: string) => digit.repeat(64);

test("the longest unused goes first when bytes run out", async () => {
  let nowMs = 1_000_000;
  const cache = folderLayerCache(path.join(scratch, "a"), { bytesMax: 250, now: () => (nowMs += 10_000) });
  for (const digit of ["1", "2"]) await cache.put(key(digit), Buffer.alloc(100));
  await cache.get(key("2"));
  await cache.get(key("1"));
  await cache.put(key("3"), Buffer.alloc(100));
  assert.equal(await cache.get(key("2")), undefined);
  assert.equal((await cache.get(key("1")))?.length, 100);
  assert.equal((await cache.get(key("3")))?.length, 100);
  assert.deepEqual([cache.counts().evicted, cache.counts().misses], [1, 1]);
});

test("what is larger than the cache, or no key, is not kept", async () => {
  const folder = path.join(scratch, "b");
  const cache = folderLayerCache(folder, { bytesMax: 50 });
  await cache.put(key("1"), Buffer.alloc(51));
  await cache.put("../../etc/x", Buffer.alloc(5));
  assert.equal(await cache.get("../../etc/x"), undefined);
  assert.throws(() => readdirSync(folder));
});

test("a folder that cannot be made is counted, with its reason, and fails nothing", async () => {
  const file = path.join(scratch, "file");
  writeFileSync(file, "");
  const cache = folderLayerCache(path.join(file, "below"));
  await cache.put(key("1"), Buffer.alloc(5));
  assert.equal(cache.counts().failed, 1);
  assert.match(cache.counts().lastFailure, /ENOTDIR/);
  assert.equal(await cache.get(key("1")), undefined);
});

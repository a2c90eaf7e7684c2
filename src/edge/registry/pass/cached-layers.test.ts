import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { dockerArchive, sha256Of, tarOf } from "../../../../test/support/tar.ts";
import { openImage } from "../open-image.ts";
import { analyseImage } from "./analyse-image.ts";
import { base, names, node, scan, scratch } from "./image.fixture.ts";
import { folderLayerCache } from "./layer-cache.ts";

test("a cached layer gives the same analysis; a changed file is a miss and counted", async () => {
  const folder = path.join(scratch, "cache");
  const cache = folderLayerCache(folder);
  const layers = [
    base,
    [
      node("a"),
      { path: "b", kind: "hardlink", linkTarget: "app/node_modules/a/package.json" } as const,
      { path: "app/package.json", body: "{" },
    ],
  ];
  const first = await scan(layers, { cache });
  assert.deepEqual(await scan(layers, { cache }), first);
  assert.deepEqual([cache.counts().hits, cache.counts().misses], [2, 2]);
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(path.join(folder, name));
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(path.join(folder, name), bytes);
  }
  assert.deepEqual(await scan(layers, { cache }), first);
  assert.equal(cache.counts().corrupt, 2);
  assert.deepEqual(await scan(layers, { cache }), first);
  assert.equal(cache.counts().hits, 4);
});

test("a cached layer speaks for no image that only claims its diff id", async () => {
  const clean = tarOf([node("a", "2.0.0")]);
  const bad = tarOf([node("a", "1.0.0")]);
  const liar = { layers: [{ tar: bad, claimedDiffId: sha256Of(clean) }] };
  const folder = path.join(scratch, "cache-of-claims");
  const cache = folderLayerCache(folder);
  const isWrong = (error: unknown) => error instanceof Fault && error.code === "registry/layer-digest";
  await scan([{ tar: clean }], { cache });
  await assert.rejects(scan(liar.layers, { cache }), isWrong);
  // The same in docker's archives, whose layers have no digest of their own.
  const archived = async (image: Parameters<typeof dockerArchive>[0]) => {
    const file = path.join(scratch, "claims.tar");
    writeFileSync(file, dockerArchive(image));
    await using source = await openImage({ kind: "archive", path: file });
    return names(await analyseImage(source, { secrets: false, cache }));
  };
  assert.deepEqual(await archived({ layers: [clean] }), ["npm/a@2.0.0"]);
  assert.deepEqual(await archived({ layers: [clean] }), ["npm/a@2.0.0"]);
  assert.equal(cache.counts().hits, 1);
  await assert.rejects(archived(liar), isWrong);
});

test("what the secret search left out is counted over all layers, and kept with them", async () => {
  const cache = folderLayerCache(path.join(scratch, "cache-of-skips"));
  const large = { path: "srv/.env", body: "x".repeat(1024 * 1024 + 1) };
  const layers = [[large, { path: "srv/logo.png", body: "not looked at" }], [large]];
  const first = await scan(layers, { secrets: true, cache });
  const count = (reason: string) => first.secretsSkipped?.find((one) => one.reason === reason)?.count;
  assert.deepEqual([count("too-large"), count("binary-name")], [2, 1]);
  assert.deepEqual(await scan(layers, { secrets: true, cache }), first);
  assert.equal(cache.counts().hits, 2);
  assert.equal((await scan(layers)).secretsSkipped, undefined);
});

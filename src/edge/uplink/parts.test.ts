// The uplink's small parts by themselves: back-off, lines of a stream, the resource view.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLogger } from "../../base/logger.ts";
import type { Resource } from "../../model/resource.ts";
import { createBackoff } from "./backoff.ts";
import { linesOf } from "./control-stream.ts";
import { applyToView, emptyView, loadView, saveView } from "./resource-view.ts";

test("waits double up to the cap, between half and the whole, and begin anew after a success", () => {
  const least = createBackoff({ firstMs: 100, maxMs: 1000, random: () => 0 });
  const most = createBackoff({ firstMs: 100, maxMs: 1000, random: () => 1 });
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => least.nextMs()),
    [50, 100, 200, 400, 500, 500],
  );
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => most.nextMs()),
    [100, 200, 400, 800, 1000, 1000],
  );
  most.reset();
  assert.equal(most.nextMs(), 100);
});

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test("lines come out whole however the stream is cut", async () => {
  const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\n"));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (lines, sizes) => {
        const seen: string[] = [];
        for await (const one of linesOf(chunksOf(Buffer.from(lines.join("\n")), sizes))) seen.push(one);
        assert.deepEqual(
          seen,
          lines.filter((text) => text !== ""),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("a line without end is refused at its limit", async () => {
  const read = async () => {
    for await (const _ of linesOf(chunksOf(Buffer.alloc(1000, 97), [64]), 500)) assert.fail("no line is whole");
  };
  await assert.rejects(read(), { code: "uplink/bad-control" });
});

function resource(name: string, deleted = false): Resource {
  const time = new Date(0).toISOString();
  return {
    apiVersion: "garrison/v1",
    kind: "Visibility",
    scope: "global",
    name,
    spec: {},
    generation: 1,
    author: "me",
    time,
    deleted,
  };
}

test("snapshots replace, deltas follow, deletions leave, holes are told", () => {
  const snapshot = applyToView(emptyView, {
    type: "snapshot",
    number: 5,
    resources: [resource("a"), resource("b"), resource("x", true)],
  });
  assert.ok(snapshot !== "hole");
  assert.deepEqual(
    snapshot.resources.map(({ name }) => name),
    ["a", "b"],
  );
  const delta = applyToView(snapshot, {
    type: "delta",
    number: 6,
    put: [resource("a", true), resource("c")],
    remove: [resource("b")],
  });
  assert.ok(delta !== "hole");
  assert.deepEqual([delta.number, delta.resources.map(({ name }) => name)], [6, ["c"]]);
  for (const number of [5, 6, 8])
    assert.equal(applyToView(delta, { type: "delta", number, put: [], remove: [] }), "hole");
});

test("the view on disk is read back, a damaged one is an empty one", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-view-"));
  context.after(() => rmSync(folder, { recursive: true }));
  assert.deepEqual(await loadView(folder, silentLogger), emptyView);
  const view = { number: 3, epoch: "e", resources: [resource("a")] };
  await saveView(folder, view);
  assert.deepEqual(await loadView(folder, silentLogger), view);
  writeFileSync(join(folder, "resources.json"), '{"number":');
  assert.deepEqual(await loadView(folder, silentLogger), emptyView);
});

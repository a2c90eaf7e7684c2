import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { LargeFileWants } from "../../../core/sbom/cataloger.ts";
import { createWindowTaker } from "./windows.ts";

const wants: LargeFileWants = {
  headBytes: 16,
  tailBytes: 8,
  needles: () => ["NEEDLE", "zz"],
  beforeBytes: 5,
  afterBytes: 20,
  windowsMax: 2,
};

function taken(bytes: Buffer, pieces: readonly number[], given: LargeFileWants = wants) {
  const taker = createWindowTaker(given, "a/b", bytes.length);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, pieces[i % pieces.length]!);
    const piece = Buffer.from(bytes.subarray(at, at + size));
    taker.write(piece);
    piece.fill(0);
    at += size;
  }
  const { head, large } = taker.finish();
  return {
    head: head.toString("latin1"),
    size: large.sizeBytes,
    windows: large.windows.map((one) => [one.offset, Buffer.from(one.bytes).toString("latin1")]),
  };
}

test("head, tail, and what stands around a needle", () => {
  const bytes = Buffer.from(`${"a".repeat(30)}12345NEEDLE-version-1.2.3-and-more${"b".repeat(30)}the tail`);
  for (const pieces of [[bytes.length], [1], [33, 4], [7]]) {
    assert.deepEqual(taken(bytes, pieces), {
      head: "a".repeat(16),
      size: bytes.length,
      windows: [
        [30, "12345NEEDLE-version-1.2.3"],
        [bytes.length - 8, "the tail"],
      ],
    });
  }
});

test("no more windows than wanted, none over another's end", () => {
  const bytes = Buffer.from(`zz${".".repeat(50)}zz${".".repeat(50)}zz${".".repeat(50)}`);
  assert.deepEqual(
    taken(bytes, [10]).windows.map(([offset]) => offset),
    [0, 47, bytes.length - 8],
  );
});

test("windows that begin together come in one order, whichever needle was met first", () => {
  const bytes = Buffer.from(`zz${"NEEDLE".repeat(4)}`);
  assert.deepEqual(taken(bytes, [1]), taken(bytes, [bytes.length]));
});

test("pieces do not matter, and every window is what the file holds there", () => {
  const text = fc
    .array(fc.constantFrom("NEEDLE", "NEED", "zz", "z", "x", "1.2.3"), { minLength: 1, maxLength: 60 })
    .map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), (bytes, pieces) => {
      const result = taken(bytes, pieces);
      assert.deepEqual(result, taken(bytes, [bytes.length]));
      for (const [offset, held] of result.windows) {
        assert.equal(bytes.toString("latin1", Number(offset), Number(offset) + String(held).length), held);
      }
    }),
  );
});

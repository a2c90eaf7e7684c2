// A cursor comes back from outside: what was changed on the way is refused, and never an error of our own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOffset, decodePage, decodeStream, encodeCursor } from "./cursor.ts";

const position = { sinceMs: 1000, untilMs: 2000, timeMs: 1500, ingest: 7, tie: "9", skip: 1 };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a cursor comes back as it was", () => {
  assert.deepEqual(decodePage(encodeCursor(position)), position);
  assert.deepEqual(decodeStream(encodeCursor({ floor: 1, blocks: [2, 3] })), { floor: 1, blocks: [2, 3] });
});

test("a changed cursor is refused", () => {
  const pages: readonly unknown[] = [
    { ...position, sinceMs: -1 },
    { ...position, untilMs: Number.MAX_SAFE_INTEGER },
    { ...position, timeMs: 1.5 },
    { ...position, tie: "1 OR 1" },
    { ...position, skip: 100_001 },
    { ...position, more: 1 },
    [],
    null,
  ];
  for (const value of pages) assert.throws(() => decodePage(encode(value)), { code: "queries/bad-cursor" });
  for (const text of ["", "%%%", "e30", "x".repeat(5000)]) {
    for (const decode of [decodePage, decodeOffset, decodeStream]) {
      assert.throws(() => decode(text), { code: "queries/bad-cursor", kind: "usage" }, text.slice(0, 9));
    }
  }
});

// Address texts as RFC 5952 has them, start times as /proc has them, and a cache whose collisions are never visible.
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import * as fc from "fast-check";
import { createTextCache, startMsOf } from "./text-cache.ts";

function wordsOf(hex: string): Uint32Array {
  return new Uint32Array(new Uint8Array(Buffer.from(hex, "hex")).buffer);
}

const addresses: readonly [hex: string, text: string][] = [
  ["00000000000000000000ffff7f000001", "127.0.0.1"],
  ["00000000000000000000ffff00000000", "0.0.0.0"],
  ["00000000000000000000ffffffffffff", "255.255.255.255"],
  ["00000000000000000000000000000000", "::"],
  ["00000000000000000000000000000001", "::1"],
  ["20010db8000000000000000000000000", "2001:db8::"],
  ["20010db8000000010000000000000001", "2001:db8:0:1::1"],
  ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
  ["20010000000000010000000000000001", "2001:0:0:1::1"],
  ["20010db80000000000010000000000ab", "2001:db8::1:0:0:ab"],
  ["fe80000000000000abcdef0123456789", "fe80::abcd:ef01:2345:6789"],
];
for (const [hex, text] of addresses) {
  test(`address ${text}`, () => assert.equal(createTextCache().address(wordsOf(hex), 0), text));
}

test("any 16 bytes are an address, the same with a warm cache as with a fresh one", () => {
  const warm = createTextCache();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const words = new Uint32Array(Uint8Array.from(bytes).buffer);
      const text = warm.address(words, 0);
      assert.notEqual(isIP(text), 0);
      assert.equal(text, createTextCache().address(words, 0));
      assert.equal(text, warm.address(words, 0));
    }),
  );
});

test("a process that takes another one's slot, pid or name is told apart", () => {
  const cache = createTextCache();
  const at = { pid: 0, start: 1, comm: 3 } as const;
  const record = (pid: number, start: number, comm: string): Uint32Array => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt32LE(pid, 0);
    bytes.writeBigUInt64LE(BigInt(start), 4);
    bytes.write(comm, 12);
    return new Uint32Array(new Uint8Array(bytes).buffer);
  };
  const cases: readonly [pid: number, start: number, comm: string][] = [
    [5, 1e9, "one"],
    [5 + 4096, 1e9, "one"],
    [5, 2e9, "one"],
    [5, 2e9, "two"],
    [5, 2e9, "fifteen-letters"],
  ];
  for (const [pid, start, comm] of cases) {
    for (const round of [1, 2]) {
      const found = cache.process(record(pid, start, comm), at, 0);
      assert.deepEqual(
        [found.process.pid, found.process.startMs, found.comm],
        [pid, start / 1e6, comm],
        `round ${round}`,
      );
    }
  }
});

test("start times are whole ticks of 10 ms", () => {
  assert.deepEqual([0, 9_999_999, 10_000_000, 1_239_999_999].map(startMsOf), [0, 0, 10, 1230]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { writeAddress } from "./address-bytes.ts";

const cases: readonly (readonly [text: string, hex: string | undefined])[] = [
  ["", "00000000000000000000000000000000"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["10.0.0.1", "00000000000000000000ffff0a000001"],
  ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
  ["2001:db8::8a2e:370:7334", "20010db80000000000008a2e03707334"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["fe80::", "fe800000000000000000000000000000"],
  ["1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"],
  ["256.0.0.1", undefined],
  ["1.2.3", undefined],
  ["1.2.3.4.5", undefined],
  ["1..2.3", undefined],
  ["1:2:3", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["fe80::1%eth0", undefined],
  ["localhost", undefined],
  ["12345::", undefined],
];

test("addresses become 16 bytes, other texts are refused and leave zeros", () => {
  for (const [text, hex] of cases) {
    const bytes = new Uint8Array(18).fill(7);
    const known = writeAddress(bytes, 1, text);
    assert.equal(known, hex !== undefined, text);
    assert.equal(Buffer.from(bytes.subarray(1, 17)).toString("hex"), hex ?? "0".repeat(32), text);
    assert.deepEqual([bytes[0], bytes[17]], [7, 7], `${text} wrote outside`);
  }
});

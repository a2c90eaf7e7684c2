import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatAddress, inRange, parseAddress, parsePrefix } from "./ip.ts";

const canonical: readonly (readonly [string, string | undefined])[] = [
  ["10.0.0.1", "10.0.0.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["::FFFF:a00:1", "10.0.0.1"],
  ["::", "::"],
  ["::1", "::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
  ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
  ["", undefined],
  ["10.0.0", undefined],
  ["10.0.0.256", undefined],
  ["010.0.0.1", undefined],
  [":1", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7:8::", undefined],
  ["12345::", undefined],
  ["1.2.3.4::", undefined],
  ["db", undefined],
];

test("addresses parse to one canonical text", () => {
  for (const [text, expected] of canonical) {
    const address = parseAddress(text);
    assert.equal(address && formatAddress(address), expected, text);
  }
});

test("what Node takes for an address, we do too, and the text round-trips", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text);
      assert.ok(address, text);
      assert.ok(isIP(formatAddress(address)) > 0);
      assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => parseAddress(text) === undefined || isIP(text) > 0 || text.includes("%")),
  );
});

const prefixes: readonly (readonly [string, string, boolean])[] = [
  ["10.0.0.0/8", "10.255.1.2", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.1.2.3/8", "10.0.0.0", true],
  ["0.0.0.0/0", "255.1.1.1", true],
  ["0.0.0.0/0", "fe80::1", false],
  ["::/0", "10.0.0.1", true],
  ["fd00::/7", "fc00::1", true],
  ["fd00::/8", "fc00::1", false],
  ["192.168.1.7", "192.168.1.7", true],
  ["192.168.1.7/32", "192.168.1.8", false],
  ["2001:db8::/33", "2001:db8:8000::", false],
];

test("a prefix covers what it should", () => {
  for (const [prefix, address, expected] of prefixes) {
    const range = parsePrefix(prefix);
    const parsed = parseAddress(address);
    assert.ok(range && parsed);
    assert.equal(inRange(parsed, range), expected, `${prefix} ${address}`);
  }
  for (const text of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8", "a/8"]) {
    assert.equal(parsePrefix(text), undefined, text);
  }
});

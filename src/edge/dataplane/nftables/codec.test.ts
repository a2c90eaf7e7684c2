// The parts that need no kernel: keys, elements and netlink messages written and read again.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { KeyType } from "../../../core/policy/compile/nft/ruleset.ts";
import { addressBytes, addressText } from "./address-bytes.ts";
import { connectionOf } from "./conntrack.ts";
import { decodeKey, encodeKey, keyBytes, keyKinds, keyTypeId, nextKey, previousKey, typesOfId } from "./keys.ts";
import { attributeList, attributesOf, messagesOf, u16be, u32, u32be, u64be } from "./netlink/reader.ts";
import { createWriter } from "./netlink/writer.ts";

const valueOf: Readonly<Record<KeyType, fc.Arbitrary<string | number>>> = {
  ipv4_addr: fc.ipV4(),
  ipv6_addr: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
    // One that is not an IPv4 address in disguise.
    bytes[0] = 0xfd;
    return addressText(bytes, 0, 16);
  }),
  inet_proto: fc.nat(255),
  inet_service: fc.nat(65_535),
  mark: fc.integer({ min: 0, max: 0xffff_ffff }),
  ifname: fc.stringMatching(/^[a-z0-9.@_-]{1,15}$/),
};

const keyOf = fc
  .array(fc.constantFrom(...(Object.keys(keyKinds) as KeyType[])), { minLength: 1, maxLength: 4 })
  .chain((types) => fc.tuple(fc.constant(types), fc.tuple(...types.map((type) => valueOf[type]))));

test("keys of all types, alone and joined, are read as they were written", () => {
  fc.assert(
    fc.property(keyOf, ([types, key]) => {
      const bytes = encodeKey(types, key, "low");
      assert.equal(bytes.length, keyBytes(types));
      assert.deepEqual(decodeKey(types, bytes, bytes), key);
      assert.deepEqual(typesOfId(keyTypeId(types)), types);
      const next = nextKey(bytes);
      if (next !== undefined) assert.deepEqual(previousKey(next), bytes);
    }),
  );
  assert.equal(nextKey(Uint8Array.of(255, 255)), undefined);
});

test("values that are none of a key's type are refused", () => {
  const cases: readonly (readonly [KeyType, string | number])[] = [
    ["ipv4_addr", "fd00::1"],
    ["ipv4_addr", "10.0.0.0/8"],
    ["ipv4_addr", 1],
    ["ipv6_addr", "10.0.0.1"],
    ["inet_proto", 256],
    ["inet_proto", "tcp"],
    ["inet_service", 65_536],
    ["inet_service", 1.5],
    ["inet_service", -1],
    ["mark", 2 ** 32],
    ["ifname", ""],
    ["ifname", "an-interface-too-long"],
  ];
  for (const [type, value] of cases) {
    assert.throws(() => encodeKey([type], [value], "low"), { code: "dataplane/key" }, `${type} ${value}`);
  }
  assert.throws(() => encodeKey(["mark"], [1, 2], "low"), { code: "dataplane/key" });
});

test("addresses are the same bytes and text in both directions", () => {
  assert.deepEqual(addressBytes("10.1.2.3"), Uint8Array.of(10, 1, 2, 3));
  assert.equal(addressBytes("10.1.2"), undefined);
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const bytes = addressBytes(text);
      assert.ok(bytes);
      assert.equal(addressText(bytes, 0, 4), text);
    }),
  );
});

test("messages and nested attributes are read as they were written", () => {
  const writer = createWriter(8);
  writer.begin(100, 5, Uint8Array.of(1, 2, 3, 4));
  writer.u8(1, 200);
  writer.u16be(2, 4714);
  writer.u32(3, 0xfffffffe);
  writer.u32be(4, 0xfffffffe);
  writer.u64be(5, 2 ** 40 + 1);
  const nest = writer.open(6);
  writer.text(7, "name");
  writer.bytes(7, new Uint8Array(100).fill(9));
  writer.close(nest);
  writer.end();
  writer.begin(101, 0, Uint8Array.of());
  writer.end();
  const [first, second] = [...messagesOf(writer.take())];
  assert.ok(first && second);
  assert.deepEqual([first.type, first.flags, first.sequence, second.type, second.sequence], [100, 5, 1, 101, 2]);
  const attributes = attributesOf(first.payload.subarray(4));
  const at = (type: number): Uint8Array => attributes.get(type) ?? new Uint8Array(0);
  assert.deepEqual(
    [at(1)[0], u16be(at(2)), u32(at(3)), u32be(at(4)), u64be(at(5))],
    [200, 4714, 0xfffffffe, 0xfffffffe, 2 ** 40 + 1],
  );
  const inner = [...attributeList(at(6))];
  assert.deepEqual(
    inner.map(([type, value]) => [type, value.length]),
    [
      [7, 5],
      [7, 100],
    ],
  );
});

test("any bytes from the kernel are read without an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const message of messagesOf(bytes)) attributesOf(message.payload);
      attributesOf(bytes);
      connectionOf(bytes);
    }),
  );
});

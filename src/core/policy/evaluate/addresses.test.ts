import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { inRange, parseAddress, parsePrefix, type Address } from "../../../base/ip.ts";
import { createPrefixTable, createRangeSet, rangeFamily } from "./addresses.ts";
import { calico, clusterWith, flowOf, inWords } from "./test-cluster.ts";

const four = fc.tuple(fc.constantFrom(10, 192), fc.nat(2), fc.nat(3), fc.nat(255)).map((parts) => parts.join("."));
const six = fc.tuple(fc.constantFrom("fd00", "2001", "0"), fc.nat(3), fc.nat(9)).map(([a, b, c]) => `${a}:${b}::${c}`);
const prefix = fc.oneof(
  fc.tuple(four, fc.nat(32)).map(([address, length]) => `${address}/${length}`),
  fc.tuple(six, fc.nat(128)).map(([address, length]) => `${address}/${length}`),
);

test("property: tables and sets of prefixes hold what comparing one by one holds, and families never meet", () => {
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 20 }),
      fc.array(fc.oneof(four, six), { minLength: 1, maxLength: 20 }),
      (texts, asked) => {
        const table = createPrefixTable<string>();
        const ranges = texts.flatMap((text) => {
          const range = parsePrefix(text);
          assert.ok(range !== undefined);
          table.add(range, text);
          return [{ text, range }];
        });
        const set = createRangeSet(ranges.map(({ range }) => range));
        for (const text of asked) {
          const address = parseAddress(text) as Address;
          const isFour = !text.includes(":");
          const expected = ranges.filter(
            (each) => (rangeFamily(each.range) === 4) === isFour && inRange(address, each.range),
          );
          assert.deepEqual(table.find(address).sort(), [...new Set(expected.map((each) => each.text))].sort());
          assert.equal(set.has(address), expected.length > 0);
        }
      },
    ),
  );
});

test("a network set of all IPv6 addresses, whose range has a hole for IPv4", () => {
  const set = {
    ...calico("GlobalNetworkSet", "six", { nets: ["::/0"] }),
    metadata: { name: "six", labels: { all: "six" } },
  };
  const policy = calico("GlobalNetworkPolicy", "p", {
    selector: "app == 'b'",
    ingress: [{ action: "Allow", source: { selector: "all == 'six'" } }],
  });
  const { engine, problems } = clusterWith([set, policy]);
  assert.deepEqual(problems, []);
  const verdicts = ["2001:db8::1 > red/b@fd00::2", "::1 > red/b@fd00::2", "192.0.2.1 > red/b"].map((text) =>
    inWords(engine.evaluate(flowOf(`${text} tcp 80`))),
  );
  assert.deepEqual(verdicts, ["allow", "allow", "deny ingress"]);
});

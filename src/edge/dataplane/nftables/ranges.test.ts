// Sets of ranges are where kernels are delicate: any set of ranges becomes any other by its difference, whoever looks at what is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLogger } from "../../../base/logger.ts";
import type { KeyPart, NftElement, NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import { createNamespace, mayMakeNamespaces } from "../../../../test/support/netns/namespace.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { isAsItShould } from "./box.fixture.ts";
import { openNftables } from "./open-nftables.ts";
import { ruleset, set, table } from "./rulesets.fixture.ts";

const clock = { nowMs: () => Date.now() };

/** Ranges that do not overlap but may touch, over the whole space as well as close together. */
function rangesOf(bytesMax: number): fc.Arbitrary<readonly (readonly [number, number])[]> {
  const number = fc.oneof(fc.nat(40), fc.nat(bytesMax), fc.constantFrom(0, bytesMax, bytesMax - 1));
  return fc.uniqueArray(number, { maxLength: 14 }).chain((list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return fc.array(fc.boolean(), { minLength: sorted.length, maxLength: sorted.length }).map((isWide) => {
      const ranges: [number, number][] = [];
      for (const [index, low] of sorted.entries()) {
        const next = sorted[index + 1];
        const high = isWide[index] === true ? (next === undefined ? low : next - 1) : low;
        ranges.push([low, high]);
      }
      return ranges;
    });
  });
}

const address4 = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
const address6 = (value: number): string => `fd00::${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;

function part(range: readonly [number, number], text: (value: number) => string | number): KeyPart {
  return range[0] === range[1] ? text(range[0]) : { low: text(range[0]), high: text(range[1]) };
}

const elements4 = rangesOf(0xffff_ffff).map((list): NftElement[] =>
  list.map((range) => ({ key: [part(range, address4)] })),
);
const elements6 = rangesOf(0xffff_ffff).map((list): NftElement[] =>
  list.map((range) => ({ key: [part(range, address6)] })),
);
const ports = fc
  .tuple(rangesOf(0xffff), rangesOf(0xffff))
  .map(([tcp, udp]): NftElement[] => [
    ...tcp.map((range): NftElement => ({ key: [6, part(range, Number)] })),
    ...udp.map((range): NftElement => ({ key: [17, part(range, Number)] })),
  ]);
const map4 = rangesOf(0xffff_ffff).chain((list) =>
  fc.array(fc.constantFrom("accept", "drop"), { minLength: list.length, maxLength: list.length }).map((verdicts) =>
    list.map((range, index): NftElement => ({
      key: [part(range, address4)],
      data: { verdict: verdicts[index] ?? "drop" },
    })),
  ),
);

const step = fc.record({ v4: elements4, v6: elements6, ports, map: map4 });

test("any ranges become any other ones by their difference", (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), "root in a kernel with network namespaces and nf_tables")) return;
  const namespace = createNamespace("box");
  const options = { netns: namespace.path, table, clock, logger: silentLogger };
  const plane = openNftables(options);
  let version = 0;
  const chains = [{ name: "gr_c", rules: [] }];
  const rulesetOf = (given: Record<"v4" | "v6" | "ports" | "map", readonly NftElement[]>): NftRuleset => {
    version += 1;
    return ruleset({
      digest: `d${version}`,
      sets: [
        set("gr_v4", ["ipv4_addr"], given.v4, { interval: true, version }),
        set("gr_v6", ["ipv6_addr"], given.v6, { interval: true, version }),
        set("gr_ports", ["inet_proto", "inet_service"], given.ports, { interval: true, version }),
        set("gr_map", ["ipv4_addr"], given.map, { interval: true, isMap: true, version }),
      ],
      chains,
    });
  };
  plane.apply(rulesetOf({ v4: [], v6: [], ports: [], map: [] }));
  try {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
        for (const [index, one] of steps.entries()) {
          const wanted = rulesetOf(one);
          const writer = index % 2 === 0 ? plane : openNftables(options);
          assert.equal(writer.apply(wanted).how, "difference");
          isAsItShould(writer, wanted);
          if (writer !== plane) writer.close();
          assert.equal(plane.listElements("gr_v4").length, one.v4.length);
          assert.equal(plane.listElements("gr_ports").length, one.ports.length);
        }
      }),
      { numRuns: 40 },
    );
  } finally {
    plane.close();
    namespace.close();
  }
});

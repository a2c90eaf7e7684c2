import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "./format.ts";

function table<I, O>(name: string, run: (input: I) => O, cases: readonly (readonly [I, O])[]): void {
  test(name, () => {
    for (const [input, expected] of cases) assert.deepEqual(run(input), expected, JSON.stringify(input));
  });
}

table("bytes", format.formatBytes, [
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1_234_567, "1.2 MB"],
  [99_950, "100 kB"],
  [999_999, "1.0 MB"],
  [5e15, "5.0 PB"],
]);
table("counts", format.formatCount, [
  [0, "0"],
  [999, "999"],
  [1234, "1,234"],
  [12_345_678, "12,345,678"],
]);
table("microseconds", format.formatMicroseconds, [
  [85, "85 µs"],
  [1234, "1.2 ms"],
  [45_600, "46 ms"],
  [3_400_000, "3.4 s"],
]);
table("durations", format.formatDuration, [
  [0, "0 ms"],
  [250, "250 ms"],
  [3000, "3 s"],
  [250_000, "4 min 10 s"],
  [7_200_000, "2 h"],
  [273_600_000, "3 d 4 h"],
]);
table("addresses", ([address, port]: readonly [string, number]) => format.formatEndpoint(address, port), [
  [["::ffff:10.0.0.1", 443], "10.0.0.1:443"],
  [["10.0.0.1", 0], "10.0.0.1"],
  [["fd00::1", 53], "[fd00::1]:53"],
  [["::", 0], ""],
]);
table("shell words", format.shellQuote, [
  ["ns:shop", "ns:shop"],
  ["two words", "'two words'"],
  ["it's", `'it'\\''s'`],
]);
table("images", format.shortImage, [
  ["registry.example/shop/checkout:4.2.1", "checkout:4.2.1"],
  [`a/b@sha256:${"0123456789abcdef".repeat(4)}`, "b@sha256:0123456789ab"],
  ["redis", "redis"],
]);
table("titles", format.titleOf, [
  ["connectionsOpened", "Connections opened"],
  ["pid", "Pid"],
]);

test("median round trip from the histogram, none when nothing was measured", () => {
  assert.equal(format.rttMedianUs({}), undefined);
  assert.equal(format.rttMedianUs({ "40": 0 }), undefined);
  const median = format.rttMedianUs({ "40": 10, "44": 3, "-4": 2 })!;
  assert.ok(median >= 2 ** 10 && median < 2 ** 10.25);
});

test("ages", () => {
  assert.equal(format.formatAgo(1000, 2000), "just now");
  assert.equal(format.formatAgo(1000, 13_000), "12 s ago");
  assert.equal(format.formatAgo(0, 59_400), "59 s ago");
  assert.equal(format.formatAgo(0, 299_900), "4 min ago");
  assert.equal(format.formatAgo(0, 7_531_000), "2 h 5 min ago");
});

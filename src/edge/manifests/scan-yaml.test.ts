// Texts that would hold the composer for minutes are refused by name before it sees them; what looks alike and is harmless passes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readYaml } from "./read-yaml.ts";
import { overLimit, scanLimits } from "./scan-yaml.ts";

const refused: readonly [string, string, RegExp][] = [
  ["aliases", `a: &a [1, 2]\nb: [${"*a,".repeat(100_000)}]`, /aliasesMax = 1000/],
  ["anchors", Array.from({ length: 20_000 }, (_, index) => `- &a${index} x`).join("\n"), /anchorsMax = 1000/],
  ["brackets", "[".repeat(200_000), /depthMax = 100/],
  ["braces", "{a: ".repeat(50_000), /depthMax = 100/],
  ["items", `${"- ".repeat(5000)}a`, /depthMax = 100/],
];

test("what costs the composer its square is refused by name, with its line", () => {
  for (const [name, text, message] of refused) {
    const [document] = readYaml(`# first\n${text}`);
    assert.match(document?.errors[0]?.message ?? "", message, name);
    assert.ok((document?.errors[0]?.line ?? 0) >= 2, name);
  }
});

test("signs inside texts and comments are no structure, and lists side by side are not deep", () => {
  const quoted = `a: "${"[*&{".repeat(5000)}"\nb: |\n  ${"* & [ {".repeat(2000)}\n# ${"[".repeat(5000)}\n`;
  assert.equal(overLimit(quoted), undefined);
  assert.equal(overLimit("- [1, 2]\n".repeat(5000)), undefined);
  assert.equal(overLimit(`a: &a x\nb: [${"*a,".repeat(scanLimits.aliasesMax)}]`), undefined);
});

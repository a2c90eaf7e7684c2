// The orders of dpkg and rpm against Debian's own tools, on some thousand generated pairs each.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import test from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../support/skip.ts";
import { compareDeb } from "../../src/core/vuln/versions/deb.ts";
import { comparePart } from "../../src/core/vuln/versions/rpm.ts";

/** Each pair of dpkg's is a process. */
const pairsWanted = 4_000;

function has(tool: string): boolean {
  return spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0;
}

const debPiece = fc.stringMatching(/^[a-z0-9.+~]{0,5}$/);
const debVersion = fc
  .tuple(
    fc.constantFrom("", "", "0:", "1:", "10:"),
    fc.nat({ max: 30 }),
    debPiece,
    fc.constantFrom(
      "",
      "",
      "-1",
      "-0",
      "-2",
      "-1+deb12u1",
      "-1+deb12u10",
      "-0ubuntu0.1",
      "-1~bpo12+1",
      "-1+b1",
      "-2-3",
    ),
    fc.constantFrom("", "", "~", "+", "a"),
  )
  .map((parts) => parts.join(""));

/** dpkg answers for nothing else. */
const debShape = /^(?:[0-9]+:)?[0-9][a-z0-9.+~-]*(?<!-)$/;

/** A version and one that often differs from it by little. */
function pairOf(version: fc.Arbitrary<string>): fc.Arbitrary<readonly [string, string]> {
  const near = fc
    .tuple(version, fc.nat({ max: 8 }), fc.constantFrom("", "0", "1", "~", "a", "+", ".", "00"))
    .map(
      ([text, at, extra]) =>
        [text, text.slice(0, Math.max(1, text.length - at)) + extra + text.slice(text.length - at + 1)] as const,
    );
  return fc.oneof(fc.tuple(version, version), near);
}

const words = (sign: number): string => (sign < 0 ? "lt" : sign > 0 ? "gt" : "eq");

test("dpkg --compare-versions agrees on generated pairs", (context) => {
  if (!skipUnless(context, has("dpkg"), "dpkg (every Debian has it)")) return;
  const valid = pairOf(debVersion).filter((pair) => pair.every((version) => debShape.test(version)));
  const lines = fc.sample(valid, pairsWanted).map(([left, right]) => {
    const differs = compareDeb(left, right);
    assert.ok(differs !== undefined, `${left} ${right}`);
    return `${left} ${words(differs)} ${right}`;
  });
  const script =
    'while read -r left sign right; do dpkg --compare-versions "$left" "$sign" "$right" || echo "$left $sign $right"; done';
  const result = execFileSync("sh", ["-c", `${script} 2>/dev/null`], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
  });
  assert.deepEqual(result.trim().split("\n").filter(Boolean), []);
});

const rpmVersion = fc.stringMatching(/^[a-z0-9.+~^_]{1,10}$/);

test("rpm.vercmp agrees on generated pairs", (context) => {
  if (!skipUnless(context, has("rpm"), "rpm (Debian package rpm)")) return;
  const pairs = fc.sample(pairOf(rpmVersion), pairsWanted);
  const signs: number[] = [];
  const chunk = 1000;
  for (let from = 0; from < pairs.length; from += chunk) {
    // rpm's macros eat % and braces; the alphabet has none.
    const calls = pairs
      .slice(from, from + chunk)
      .map(([left, right]) => `io.write(rpm.vercmp("${left}","${right}"), " ")`)
      .join("\n");
    const result = execFileSync("rpm", ["--eval", `%{lua:\n${calls}\n}`], { encoding: "utf8", maxBuffer: 1 << 24 });
    signs.push(...result.trim().split(/\s+/).map(Number));
  }
  assert.equal(signs.length, pairs.length);
  const wrong = pairs.filter(([left, right], index) => Math.sign(comparePart(left, right)) !== signs[index]);
  assert.deepEqual(wrong, []);
});

// Scores that the specifications and NVD publish for these vectors.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { macroScore } from "./cvss-v4-scores.ts";
import { cvssScore, severityOfScore } from "./cvss.ts";

const cases: readonly (readonly [string, number | undefined])[] = [
  ["AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8],
  ["AV:N/AC:L/Au:N/C:C/I:C/A:C", 10],
  ["(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2],
  ["AV:N/AC:M/Au:N/C:P/I:N/A:N", 4.3],
  ["CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1],
  ["CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8],
  ["CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8],
  ["CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N", 5.9],
  ["CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3],
  ["CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 8.5],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", 8.7],
  ["CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:N", 5.3],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 6.9],
  ["CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:P/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L/E:A", 1],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 8.1],
  ["CVSS:4.0/AV:N/AC:L", undefined],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", undefined],
  ["CVSS:3.1/AV:__proto__/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", undefined],
  ["high", undefined],
  ["", undefined],
];

test("published scores", () => {
  for (const [vector, score] of cases) assert.equal(cvssScore(vector), score, vector);
});

test("CVSS 4.0: 270 macro vectors, no more", () => {
  let count = 0;
  for (let code = 0; code < 3 ** 6; code++) {
    const levels = [0, 1, 2, 3, 4, 5].map((at) => Math.floor(code / 3 ** at) % 3);
    const score = macroScore(levels);
    if (score === undefined) continue;
    assert.ok(score > 0 && score <= 10);
    count++;
  }
  assert.equal(count, 270);
});

const value = (letters: string): fc.Arbitrary<string> => fc.constantFrom(...letters.split(""));
const vectorV4 = fc
  .tuple(
    value("NALP"),
    value("LH"),
    value("NP"),
    value("NLH"),
    value("NPA"),
    ...Array.from({ length: 6 }, () => value("HLN")),
  )
  .map((letters) => {
    const names = ["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
    return `CVSS:4.0/${names.map((name, index) => `${name}:${letters[index]}`).join("/")}`;
  });

test("CVSS 4.0: every vector has a score of one decimal, and exploits that nobody reported lower it or leave it", () => {
  fc.assert(
    fc.property(vectorV4, (vector) => {
      const score = cvssScore(vector) ?? -1;
      assert.ok(score >= 0 && score <= 10 && Number((score * 10).toFixed(6)) % 1 === 0, `${vector} ${score}`);
      assert.ok((cvssScore(`${vector}/E:U`) ?? 11) <= score, vector);
    }),
  );
});

test("words of scores", () => {
  const words = [0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10].map(severityOfScore);
  assert.deepEqual(words, ["negligible", "low", "low", "medium", "medium", "high", "high", "critical", "critical"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetText, noiseSilence, type NoiseBudget } from "./noise-words.ts";

const cover = {
  nodes: 3,
  nodesDetecting: 3,
  notDetecting: [],
  rules: 90,
  rulesBlind: 0,
  rulesRefused: 0,
  suppressed: 0,
  unjudged: 0,
};
const quiet: NoiseBudget = { cluster: "home", perDay: [0, 2], last24h: 2, budget: 20, pods: 4, cover };
const nobody = { ...cover, nodesDetecting: 0, rules: 0, notDetecting: ["a: no rule is loaded"] };

const cases: readonly (readonly [string, Partial<NoiseBudget>, boolean, string])[] = [
  ["all look", {}, false, "within: Within budget"],
  ["too much", { last24h: 21 }, false, "over: Over budget"],
  ["nobody looks", { last24h: 0, cover: nobody }, false, "unknown: Nobody looks, none of its 3 nodes detects"],
  ["another sensor spoke", { cover: { ...nobody, nodes: 0 } }, false, "unknown: Not known, no agent detects in it"],
  ["one node, silent", { cover: { ...nobody, nodes: 1 } }, false, "unknown: Not known, its node does not detect"],
  ["some look", { cover: { ...cover, nodesDetecting: 2 } }, false, "within: Within budget, 2 of 3 nodes detect"],
  ["a filter shows a part", {}, true, "part: Of this filter"],
  ["a part is too much already", { last24h: 40 }, true, "over: Over budget"],
];

for (const [name, over, isPart, expected] of cases)
  test(`a budget: ${name}`, () => {
    const { word, tone, note } = budgetText({ ...quiet, ...over }, isPart);
    assert.equal(`${tone}: ${word}${note === "" ? "" : `, ${note}`}`, expected);
  });

test("an empty board is an all-clear only where all look", () => {
  assert.equal(noiseSilence(cover, false).title, "No detection within seven days");
  assert.equal(noiseSilence(cover, true).title, "Nothing matches this filter");
  assert.equal(noiseSilence(nobody, true).title, "Nobody looks");
  const some = noiseSilence({ ...cover, nodesDetecting: 2 }, false);
  assert.deepEqual(
    [some.isWhole, some.hint],
    [false, "Not all is looked at: 1 node of 3 does not detect. The Rules tab says why."],
  );
});

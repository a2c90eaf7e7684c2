import assert from "node:assert/strict";
import { test } from "node:test";
import {
  actionText,
  coverText,
  deedsOf,
  depthsOf,
  isChosen,
  processEnd,
  ruleSeverity,
  silenceOf,
  spokeText,
  toggleSeverity,
  treeOrder,
  type Cover,
  type TreeProcess,
} from "./detection-words.ts";

const cover: Cover = {
  nodes: 3,
  nodesDetecting: 3,
  notDetecting: [],
  rules: 100,
  rulesBlind: 0,
  rulesRefused: 0,
  suppressed: 0,
  unjudged: 0,
};

test("a rule that could not speak is not said to have been quiet", () => {
  for (const [detections, state, expected] of [
    [0, "loaded", "not in this window"],
    [0, "blind", "it cannot speak: it is blind here"],
    [0, "refused", "it cannot speak: it is refused"],
    [0, "disabled", "it is switched off"],
    [0, "unknown", "not known"],
    [1, "unknown", "once"],
    [1204, "loaded", "1,204 times"],
  ] as const)
    assert.equal(spokeText({ detections, state }), expected);
});

test("an empty list is an all-clear only when every node looks", () => {
  for (const [over, isFiltered, title, isWhole] of [
    [{}, false, /^Nothing was found$/, true],
    [{}, true, /matches/, false],
    [{ nodesDetecting: 2 }, false, /not all was looked at/, false],
    [{ rulesRefused: 1 }, false, /not all was looked at/, false],
    [{ nodesDetecting: 0, notDetecting: ["a: switched off"] }, false, /Nobody looks/, false],
    [{ nodes: 0, nodesDetecting: 0 }, true, /Nobody looks/, false],
  ] as const) {
    const said = silenceOf(
      { ...cover, ...over, notDetecting: [...("notDetecting" in over ? over.notDetecting : [])] },
      isFiltered,
    );
    assert.match(said.title, title);
    assert.equal(said.isWhole, isWhole);
  }
});

test("what is not looked at is one sentence, and nothing where all is", () => {
  assert.equal(coverText(cover), "");
  assert.equal(
    coverText({ ...cover, nodesDetecting: 2, rulesBlind: 4, suppressed: 1 }),
    "1 node of 3 does not detect, 4 rules are blind, 1 detection was kept back by a rate limit",
  );
});

test("nothing is called stopped without a receipt", () => {
  assert.equal(actionText({ action: "killed", receipt: "" }), "Killed, not proved");
  assert.equal(actionText({ action: "killed", receipt: "kernel: SIGKILL" }), "Killed");
  assert.equal(actionText({ action: "would-kill", receipt: "" }), "Would be killed");
});

function node(generation: number, processId: string, parentProcessId: string, startTime = "1"): TreeProcess {
  const process = { processId, parentProcessId, startTime } as TreeProcess["process"];
  return { process, generation, files: [], connections: [], names: [], deedsOmitted: 0 };
}

test("the tree is shown depth first; what has lost its parent stays", () => {
  const tree = [
    node(-1, "a", ""),
    node(0, "b", "a"),
    node(1, "d", "b", "2"),
    node(1, "c", "b", "1"),
    node(2, "e", "c"),
    node(2, "lost", "gone"),
  ];
  assert.deepEqual(
    treeOrder(tree).map(({ process }) => process.processId),
    ["a", "b", "c", "e", "d", "lost"],
  );
  assert.deepEqual(depthsOf(tree), [0, 1, 2, 2, 3, 3]);
  // A cycle has no beginning: nothing is lost.
  assert.equal(treeOrder([node(0, "x", "y"), node(1, "y", "x")]).length, 2);
});

test("deeds begin with what left the machine; ends are words", () => {
  const process = {
    ...node(0, "a", ""),
    files: [{ what: "open /x", count: 1 }],
    connections: [{ what: "h:1", count: 2 }],
  };
  assert.deepEqual(
    deedsOf(process).map(({ what }) => what),
    ["h:1", "open /x"],
  );
  assert.equal(processEnd(process).text, "running");
  assert.deepEqual(processEnd({ ...process, endedAt: "t", signal: 9, exitCode: 0 }), { text: "killed", isBad: true });
  assert.equal(processEnd({ ...process, endedAt: "t", exitCode: 2, signal: 0 }).text, "exit 2");
});

test("a severity is chosen in the filter, instead of another, and taken back", () => {
  assert.equal(toggleSeverity("", "high"), "severity:high");
  assert.equal(toggleSeverity("ns:shop severity:high", "critical"), "ns:shop severity:critical");
  assert.equal(toggleSeverity("severity:high ns:shop", "high"), "ns:shop");
  assert.equal(isChosen("ns:shop severity:high", "high"), true);
  assert.equal(isChosen("severity:highest", "high"), false);
});

test("a rule's priority is said as the severity of its detections", () => {
  for (const [severity, expected] of [
    ["high", "high"],
    ["Emergency", "critical"],
    ["error", "high"],
    ["notice", "low"],
    ["informational", "info"],
    ["urgent", undefined],
  ] as const)
    assert.equal(ruleSeverity({ severity }), expected);
});

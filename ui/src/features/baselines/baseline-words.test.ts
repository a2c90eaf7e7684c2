import assert from "node:assert/strict";
import { test } from "node:test";
import {
  baselineParams,
  driftNotKnown,
  evidenceText,
  imageText,
  inSentence,
  itemState,
  keyOfParams,
  matching,
  orderedItems,
  stepProblem,
  stepText,
  type BaselineItem,
  type Ladder,
} from "./baseline-words.ts";

const held = { scope: "cluster/c", name: "web", generation: 1, dryRun: true };
const item: BaselineItem = {
  kind: "executables",
  item: "/b",
  count: 1,
  replicas: 1,
  inBaseline: true,
  isNew: false,
  firstSeen: "2026-11-26T10:00:00.000Z",
};

test("no drift is a fact only where a node judges", () => {
  const cases = [
    [{ step: "learning", drift: 0, nodesJudging: 0 }, "no drift is told while it learns"],
    [{ step: "monitoring", drift: 0, nodesJudging: 0 }, "no node has taken its baseline"],
    [{ step: "monitoring", drift: 0, nodesJudging: 1 }, ""],
    [{ step: "protecting", drift: 3, nodesJudging: 0 }, ""],
  ] as const;
  for (const [row, expected] of cases) assert.equal(driftNotKnown(row), expected, JSON.stringify(row));
});

test("the moment of evidence is told by the reader's clock", () => {
  assert.match(
    evidenceText("2026-11-26T19:36:44.188Z exec: /usr/bin/nc"),
    /^2026-11-2\d \d\d:\d\d:44 exec: \/usr\/bin\/nc$/,
  );
  assert.equal(evidenceText("exec: /usr/bin/nc"), "exec: /usr/bin/nc");
});

test("addresses keep every part, empty ones too", () => {
  for (const imageDigest of ["", "sha256:abc"]) {
    const key = { cluster: "c", namespace: "", kind: "SystemdUnit", workload: "a/b (1000)", imageDigest } as const;
    assert.deepEqual(keyOfParams(baselineParams(key)), key);
    assert.ok(Object.values(baselineParams(key)).every((part) => part !== ""));
  }
});

test("one step up, any down; a dry run may be ended", () => {
  const cases = [
    ["learning", "monitoring", true],
    ["learning", "protecting", false],
    ["monitoring", "monitoring", false],
    ["monitoring", "protecting", true],
    ["protecting", "learning", true],
    ["protecting", "protecting", true],
  ] as const;
  for (const [step, to, isFree] of cases)
    assert.equal(stepProblem({ step, baseline: held }, to) === "", isFree, `${step} -> ${to}`);
  assert.notEqual(stepProblem({ step: "protecting", baseline: { ...held, dryRun: false } }, "protecting"), "");
});

test("what is outside comes first, then what is new; a search narrows", () => {
  const items = [
    item,
    { ...item, item: "/a" },
    { ...item, item: "/new", isNew: true },
    { ...item, item: "/x", inBaseline: false },
  ];
  assert.deepEqual(
    orderedItems(items, "").map((each) => each.item),
    ["/x", "/new", "/a", "/b"],
  );
  assert.deepEqual(
    orderedItems(items, " NEW ").map((each) => each.item),
    ["/new"],
  );
  assert.equal(itemState({ ...item, inBaseline: false }), "not in the baseline");
  const { firstSeen: _, ...unseen } = item;
  assert.equal(itemState(unseen), "not seen in 7 days");
});

test("words of a row", () => {
  assert.deepEqual([inSentence("DNS names"), inSentence("Ports served")], ["DNS names", "ports served"]);
  assert.equal(stepText({ step: "protecting", baseline: held }), "Protecting, dry run");
  assert.equal(stepText({ step: "monitoring", baseline: held }), "Monitoring");
  assert.equal(imageText({ image: "web:1", imageDigest: "sha256:0123456789abcdef" }), "web:1 · 0123456789ab");
  assert.equal(imageText({ image: "", imageDigest: "" }), "no image");
  const row = {
    cluster: "c",
    namespace: "shop",
    workload: "web",
    kind: "Deployment",
    image: "",
    step: "learning",
  } as Ladder;
  assert.equal(matching([row], "shop learn").length, 1);
  assert.equal(matching([row], "shop db").length, 0);
});

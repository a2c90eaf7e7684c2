import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessEvent } from "../../../../model/process-event.ts";
import { paint } from "../../output/paint.ts";
import { textWidth } from "../../output/table.ts";
import { detectionText } from "./show.ts";
import { checkedId } from "./words.ts";

type Found = Parameters<typeof detectionText>[0];

const at = "2026-11-26T10:05:00.000Z";
const long = `node --env ${JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`NAME_${index}`, "x".repeat(20)])))}`;

function found(more: Partial<Found["detection"]> = {}, rule: Partial<Found["rule"]> = {}): Found {
  const node = (generation: number, words: readonly string[], files: readonly string[] = []) => ({
    process: ProcessEvent.parse({
      time: at,
      action: "exec",
      processId: String(generation),
      name: "node",
      executable: "/usr/bin/node",
      pid: 7,
      arguments: words,
      startTime: at,
    }),
    generation,
    files: files.map((what) => ({ what, count: 2 })),
    connections: [],
    names: [],
    deedsOmitted: 0,
    signal: generation === 0 ? 9 : undefined,
    endedAt: generation === 0 ? at : undefined,
  });
  return {
    detection: {
      title: "T",
      rule: "R",
      severity: "high",
      action: "killed",
      receipt: "kernel: killed",
      policy: "",
      cluster: "c",
      namespace: "n",
      workload: "w",
      pod: "",
      identityReason: "",
      process: "node",
      ancestors: [],
      executable: "/usr/bin/node",
      count: 1,
      firstAt: at,
      lastAt: at,
      source: "garrison",
      message: "m",
      ...more,
    },
    techniques: [],
    evidence: [{ at, kind: "exec", text: long }],
    evidenceOmitted: 0,
    tree: [
      node(-1, [long], [`create /tmp/${"a".repeat(300)}/first`, `create /tmp/${"a".repeat(300)}/second`]),
      node(0, ["node", long]),
    ],
    treeOmitted: 0,
    treeBecause: "",
    controls: [],
    rule: { state: "loaded", because: "", from: "built-in", detections: 3, ...rule },
    related: [],
    relatedOmitted: 0,
  } as unknown as Found;
}

const context = (width: number) => ({ paint: paint(false), nowMs: () => Date.parse(at), width });

test("a command line of pages is cut with a mark, in a terminal and in a pipe; ends of paths and of processes stay", () => {
  for (const [width, most] of [
    [80, 80],
    [Number.POSITIVE_INFINITY, 240],
  ] as const) {
    const text = detectionText(found({ message: long }), context(width));
    const tree = /\nprocess tree\n([^]*?)\n\n/.exec(text)?.[1]?.split("\n") ?? [];
    assert.equal(tree.length, 5);
    assert.deepEqual(
      tree.filter((line) => textWidth(line) > most),
      [],
    );
    assert.equal(text.match(/…\s+\(\d+ characters more: -o json\)/g)?.length, 2);
    assert.match(text, /> node 7 \[signal 9\] {2}node node --env/);
    assert.match(text, /create \/tmp\/a+…a+\/first x2/);
    assert.match(text, /create \/tmp\/a+…a+\/second x2/);
    assert.match(text, /…: cut to the line's length; -o json has all of it/);
    assert.ok(text.length < 4000, String(text.length));
  }
});

test("what is short is whole and not marked", () => {
  const short = { ...found(), tree: [], evidence: [] };
  assert.doesNotMatch(detectionText(short, context(80)), /…/);
});

test("the line of the rule: how it is loaded, or who told it", () => {
  for (const [rule, line] of [
    [{}, "loaded; from built-in; spoke 3 times in 7 days"],
    [{ state: "blind", because: "no sensor" }, "blind: no sensor; from built-in; spoke 3 times in 7 days"],
    [
      { because: "told by the guard", from: "baseline b", detections: 1 },
      "told by the guard; from baseline b; spoke once in 7 days",
    ],
  ] as const)
    assert.ok(detectionText(found({}, rule), context(200)).includes(`\nrule\n  ${line}\n`));
});

test("a dry run did nothing that wants a proof; what was done without one says so", () => {
  const action = (more: Partial<Found["detection"]>) =>
    /^ {2}action +(.*)$/m.exec(detectionText(found({ receipt: "", ...more }), context(200)))?.[1];
  assert.equal(action({ action: "would-kill" }), "would-kill, a dry run: nothing was stopped");
  assert.equal(action({ action: "killed" }), "killed, not proved");
  assert.equal(action({ action: "detected" }), "detected");
});

test("what is no id is told which form one has", () => {
  assert.equal(checkedId("16rik-a1f00c41d3b2e001"), "16rik-a1f00c41d3b2e001");
  assert.throws(() => checkedId("16rke-nope"), /"16rke-nope" is no id of a detection/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { postureLayers } from "../../../../src/model/posture.ts";
import {
  grouped,
  itemsText,
  layerGroups,
  lookText,
  noLayersText,
  verdictCounts,
  type PostureLayer,
} from "./layer-words.ts";

const nothing = { text: "", items: [], source: "", because: "" };
function layer(name: PostureLayer["layer"], verdict: PostureLayer["verdict"] = "good"): PostureLayer {
  return {
    layer: name,
    title: name,
    declared: nothing,
    effective: nothing,
    used: nothing,
    verdict,
    note: "",
    advice: "",
  };
}

test("every layer of the model has its group, once", () => {
  const named = layerGroups.flatMap(({ layers }) => layers);
  assert.deepEqual(named.toSorted(), [...postureLayers].toSorted());
});

test("layers stand in the order of the groups, empty groups are left out, an unknown layer is not lost", () => {
  const groups = grouped([layer("seccomp"), layer("capabilities"), layer("future" as PostureLayer["layer"])]);
  assert.deepEqual(
    groups.map(({ title, layers }) => [title, layers.map((each) => each.layer)]),
    [
      ["Kernel permissions", ["capabilities"]],
      ["System calls", ["seccomp"]],
      ["Other", ["future"]],
    ],
  );
});

test("the worst verdict first; long lists are cut and say so; no look says why", () => {
  assert.deepEqual(verdictCounts([layer("user"), layer("seccomp", "differs"), layer("groups")]), [
    ["differs", 1],
    ["good", 2],
  ]);
  assert.equal(itemsText({ items: ["a", "b"] }), "a, b");
  assert.equal(itemsText({ items: ["1", "2", "3", "4", "5", "6", "7", "8"] }), "1, 2, 3, 4, 5, 6 and 2 more");
  assert.equal(lookText({ because: "no agent", replicas: 0, at: undefined }), "no agent");
  assert.equal(lookText({ because: "", replicas: 1, at: "2026-11-26T10:00:00Z" }), "1 replica looked at");
});

test("what is no container is not said to have one that nobody looked at", () => {
  const unit = noLayersText("SystemdUnit", "ssh.service");
  assert.match(unit.hint, /^This is a systemd unit: agents tell the layers of containers/);
  assert.equal(unit.command, 'garrison posture --pid "$(systemctl show -P MainPID ssh.service)"');
  assert.match(
    noLayersText("SystemdUnit", String.raw`dev\x2dvda.service`).command,
    /MainPID 'dev\\+x2dvda\.service'\)/,
    "a backslash stays one",
  );
  for (const [kind, name] of [
    ["SystemdUnit", "app.service (1000)"],
    ["Session", "session-3"],
    ["Host", "host"],
  ] as const) {
    const { hint, command } = noLayersText(kind, name);
    assert.equal(command, "garrison posture --pid PID");
    assert.match(hint, /the Processes tab has the PIDs/);
  }
  for (const kind of ["Deployment", "Container"] as const)
    assert.deepEqual([noLayersText(kind, "web").title, noLayersText(kind, "web").command], ["Not looked at", ""]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { advisedFor, placeOf } from "./unit-advice.ts";

test("where a process lives, by its cgroup", () => {
  assert.equal(placeOf("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n"), "pod");
  assert.equal(placeOf("1:name=systemd:/\n0::/system.slice/nginx.service\n"), "unit");
  assert.equal(placeOf("0::/garrison-drill.service\n"), "unit");
  assert.equal(placeOf("0::/system.slice/docker-0123.scope\n"), "elsewhere");
  assert.equal(placeOf("0::/user.slice/user-0.slice/session-1.scope\n"), "elsewhere");
});

test("a unit is advised by its own options, other processes not at all, a pod as ever", () => {
  const layers = [
    { layer: "user-namespace", advice: "hostUsers: false" },
    { layer: "limits", advice: "podPidsLimit" },
    { layer: "seccomp", advice: "" },
  ] as const;
  assert.deepEqual(
    advisedFor(layers, "unit").map(({ advice }) => advice.split(" ")[0]),
    ["PrivateUsers=yes", "MemoryMax=", ""],
  );
  assert.deepEqual(
    advisedFor(layers, "elsewhere").map(({ advice }) => advice),
    ["", "", ""],
  );
  assert.deepEqual(advisedFor(layers, "pod"), layers);
});

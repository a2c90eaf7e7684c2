import assert from "node:assert/strict";
import { test } from "node:test";
import { supplyOfNode } from "./supply-of-node.ts";
import { namesOfText, readUserNames } from "./users.ts";

const all = ["exec", "files", "calls", "packets"].map((name) => ({ name, available: true, because: "" }));

test("what the sensor tells, and what it does not, in the words of rules", () => {
  const kernel = supplyOfNode({ fidelity: "kernel", capabilities: all }, true);
  for (const type of ["execve", "openat", "ptrace", "dup2", "sendto"]) assert.ok(kernel.eventTypes.has(type), type);
  for (const group of ["exec-facts", "user", "dns"]) assert.ok(kernel.groups.has(group), group);
  assert.ok(kernel.groups.has("container-runtime"));
  const withoutFiles = supplyOfNode(
    { fidelity: "kernel", capabilities: all.filter(({ name }) => name !== "files") },
    false,
  );
  assert.deepEqual([withoutFiles.eventTypes.has("openat"), withoutFiles.eventTypes.has("ptrace")], [false, true]);
  assert.ok(!withoutFiles.groups.has("user"));
  const polled = supplyOfNode({ fidelity: "polled", capabilities: [] }, true);
  assert.deepEqual([polled.eventTypes.has("execve"), polled.eventTypes.has("openat")], [true, false]);
  const notified = supplyOfNode({ fidelity: "notified", capabilities: all }, true);
  assert.deepEqual(
    ["ptrace", "setresuid", "bpf", "dup2"].map((type) => notified.eventTypes.has(type)),
    [true, true, false, false],
  );
  assert.ok(supplyOfNode({ fidelity: "simulated", capabilities: [] }, false).eventTypes.has("openat"));
});

test("environments are supplied by sensors that say so", () => {
  const environment = { name: "environment", available: true, because: "" };
  const has = (fidelity: "kernel" | "notified" | "polled", available: boolean): boolean =>
    supplyOfNode({ fidelity, capabilities: [...all, { ...environment, available }] }, true).groups.has("environment");
  assert.deepEqual(
    [has("kernel", true), has("kernel", false), has("notified", false), has("polled", false)],
    [true, false, false, false],
  );
  const { because } = supplyOfNode({ fidelity: "kernel", capabilities: all }, true);
  assert.match(because?.get("environment") ?? "", /by the kernel's programs alone/);
});

test("names of users: the first of each number; lines that are none are left out", () => {
  const names = namesOfText("root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\napp:x:1000:\n:x:7:\nodd:x:seven:\n");
  assert.deepEqual(
    [...names],
    [
      [0, "root"],
      [1000, "app"],
    ],
  );
  assert.equal(readUserNames("/does/not/exist").isKnown, false);
});

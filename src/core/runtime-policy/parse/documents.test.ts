// Files of several documents, resources that hold another's object, holds, and allow-lists that lost an entry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRuntimeSpec, parseRuntimeText } from "./parse-policy.ts";
import { readJsonLines } from "../policies.fixture.ts";

const armor = (spec: object): object => ({
  apiVersion: "security.kubearmor.com/v1",
  kind: "KubeArmorPolicy",
  metadata: { name: "p", namespace: "shop" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});
const ours = (spec: object): object => ({ kind: "RuntimePolicy", name: "p", spec });

test("documents of a file are taken one by one, and a broken one touches no other", () => {
  const text = [JSON.stringify(ours({ calls: [{ call: "mount" }] })), "{", JSON.stringify(ours({ nothing: 1 }))].join(
    "\n",
  );
  const all = parseRuntimeText("p.yaml", text, readJsonLines);
  assert.deepEqual(
    all.map(({ policy, problems }) => [policy?.name, problems[0]?.where]),
    [
      ["p", undefined],
      [undefined, "p.yaml:2"],
      [undefined, "p.yaml:3"],
    ],
  );
});

test("a resource may hold somebody else's object: its rules and target, our name and mode", () => {
  const { policy } = parseRuntimeSpec("mine", {
    mode: "enforce",
    manifest: armor({ process: { matchPaths: [{ path: "/bin/ls" }] }, action: "Block" }),
  });
  assert.deepEqual(
    [policy?.name, policy?.mode, policy?.dialect, policy?.target.namespace],
    ["mine", "enforce", "kubearmor", "shop"],
  );
});

test("a hold is an action, an instant and a reason", () => {
  const hold = { action: "freeze", until: "2026-11-26T12:00:00Z", reason: "incident 7" };
  const { policy } = parseRuntimeSpec("h", { target: { workload: "web" }, mode: "enforce", hold });
  assert.deepEqual(policy?.hold, { action: "freeze", untilMs: 1_795_694_400_000, reason: "incident 7" });
});

test("an allow-list with a pattern that the kernel cannot look up is refused: it would block what it allows", () => {
  const exec = [{ pattern: "/opt/*/bin", action: "Allow" }];
  const { policy, problems } = parseRuntimeSpec("p", { exec, only: { exec: true } });
  assert.equal(policy, undefined);
  assert.match(problems[0]?.message ?? "", /spec\.exec\[0\]: the kernel cannot look up/);
});

test("pin is taken; what is not pinned is said: a hold", () => {
  const plain = parseRuntimeSpec("p", { exec: [{ path: "/x" }], pin: true });
  assert.deepEqual([plain.policy?.isPinned, plain.problems], [true, []]);
  const hold = { action: "freeze", until: "2026-11-26T10:00:00Z", reason: "incident" };
  const { policy, problems } = parseRuntimeSpec("p", { hold, pin: true });
  assert.equal(policy?.isPinned, true);
  assert.deepEqual(
    problems.map(({ severity, path }) => [severity, path]),
    [["warning", "spec.pin"]],
  );
});

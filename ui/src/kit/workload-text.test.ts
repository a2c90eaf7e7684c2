import assert from "node:assert/strict";
import { test } from "node:test";
import { kindWord } from "./workload-text.ts";

test("a cgroup is called a systemd unit only where its name is one's", () => {
  for (const [name, word] of [
    ["ssh.service", "systemd unit"],
    ["run-r1.scope (1000)", "systemd unit"],
    ["build/job-7", "cgroup"],
    ["services", "cgroup"],
    [undefined, "systemd unit"],
  ] as const)
    assert.equal(kindWord("SystemdUnit", name), word, String(name));
  assert.equal(kindWord("Deployment", "web"), "Deployment");
});

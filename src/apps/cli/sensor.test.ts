// garrison sensor probe as a user meets it: with what this machine allows, and without rights.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import type { ProbeReport } from "../../edge/sensor/probe.ts";
import { guaranteesOf } from "./commands/sensor/run-probe.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");
const nobody = 65_534;

function probe(options: readonly string[], uid?: number): { readonly status: number | null; readonly stdout: string } {
  const rights = uid === undefined ? {} : { uid, gid: uid };
  return spawnSync(process.execPath, [entry, "sensor", "probe", ...options], { encoding: "utf8", ...rights });
}

test("the table names every family and what its absence costs", () => {
  const { status, stdout } = probe(["--width", "400"]);
  assert.equal(status, 0);
  for (const family of ["tp_btf", "fentry", "lsm", "kprobe", "iterator", "fanotify", "seccomp-notify"])
    assert.match(stdout, new RegExp(`^${family}\\s+(yes|no|unknown)`, "m"));
  assert.match(stdout, /^connections: (prevented|detected only|unknown)$/m);
});

test("--json is the same, for machines", () => {
  const { status, stdout } = probe(["--json"]);
  assert.equal(status, 0);
  const document = JSON.parse(stdout) as { families: { family: string; state: string; cost: string }[] };
  for (const { state, cost } of document.families) assert.equal(cost === "", state === "yes");
});

test("without rights it says that it does not know, and why", { skip: process.getuid?.() !== 0 }, () => {
  const { status, stdout } = probe(["--json"], nobody);
  assert.equal(status, 0);
  const { families } = JSON.parse(stdout) as { families: { family: string; state: string; because: string }[] };
  const lsm = families.find(({ family }) => family === "lsm");
  assert.equal(lsm?.state, "unknown");
  assert.match(lsm.because, /CAP_BPF/);
});

const guarantees: readonly [name: string, states: Record<string, string>, expected: readonly string[]][] = [
  [
    "everything",
    {
      tp_btf: "yes",
      loop: "yes",
      tracepoint: "yes",
      signal: "yes",
      lsm: "yes",
      "cgroup-address": "yes",
      "cgroup-sock": "yes",
    },
    ["by the kernel, as it happens", "prevented", "prevented"],
  ],
  [
    "a hardened node",
    {
      tp_btf: "yes",
      loop: "yes",
      tracepoint: "yes",
      signal: "yes",
      lsm: "no",
      "cgroup-address": "yes",
      "cgroup-sock": "yes",
    },
    ["by the kernel, as it happens", "killed at exec, else detected", "prevented"],
  ],
  [
    "an old kernel",
    {
      tp_btf: "no",
      loop: "no",
      tracepoint: "yes",
      signal: "no",
      lsm: "no",
      "cgroup-address": "no",
      "cgroup-sock": "yes",
    },
    ["by looking at /proc", "detected only", "detected only"],
  ],
  ["no rights", {}, ["unknown", "unknown", "unknown"]],
];
for (const [name, states, expected] of guarantees) {
  test(`guarantees of ${name}`, () => {
    const families = Object.entries(states).map(([family, state]) => ({ family, state, because: "" }));
    assert.deepEqual(Object.values(guaranteesOf({ kernel: "6.1", families } as ProbeReport)), expected);
  });
}

// Inside the guest, booted without `bpf` among its security modules: LSM programs attach and are never called, so the guard must kill instead, and say so.
import { chmodSync, copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import type { CompiledPolicy } from "../../src/core/runtime-policy/guard-port.ts";
import { probeGuard } from "../../src/edge/sensor/guard/load-guard.ts";
import { openGuard } from "../../src/edge/sensor/guard/open-guard.ts";
import { probeKernel } from "../../src/edge/sensor/probe.ts";
import { cgroup, check, runIn, say } from "./guest-checks.ts";

const why = /never calls them: bpf is not in lsm= \(active: [a-z,]*apparmor[a-z,]*\)/;
const probed = probeGuard();
check("the plan's probe names why LSM is not there", why.test(probed.lsm), probed);
check("the plan's probe has kill instead", probed.kill === "" && probed.killAtOpen === "", probed);
const { families } = await probeKernel();
const lsm = families.find(({ family }) => family === "lsm");
check("`sensor probe` says the same", lsm?.state === "no" && why.test(lsm.because), lsm);
const fentry = families.find(({ family }) => family === "fentry");
check("only LSM is concerned", fentry?.state === "yes", fentry);

const a = cgroup("a");
const b = cgroup("b");
mkdirSync("/tmp/victim");
copyFileSync("/bin/busybox", "/tmp/victim/true");
chmodSync("/tmp/victim/true", 0o755);
writeFileSync("/tmp/victim/e", "echo ran\n");
const choices = [
  { rule: 1, action: "block", isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0 },
] as const;
const rules: CompiledPolicy = {
  paths: [{ class: "exec", text: "/tmp/victim/", isExact: false, choices }],
  files: [],
  addresses: [],
  points: [{ class: "call", call: "mount", choices }],
  sources: [],
};
const guard = await openGuard({ cgroupPath: "/sys/fs/cgroup", agentPid: process.pid });
say(`PLANES ${JSON.stringify(guard.planes)}`);
check("the guard names why LSM is not there", why.test(guard.planes.lsm), guard.planes);
check(
  "the guard kills instead",
  guard.planes.kill === "" && guard.planes.killAtCall === "" && guard.planes.killAtOpen === "",
  guard.planes,
);
guard.setScopes([
  { kind: "cgroup", id: statSync(a).ino, policy: guard.addPolicy(rules), dryPolicy: 0, isContainer: false },
]);
const [inA, inB] = [a, b].map((folder) => runIn(folder, "/tmp/victim/true; echo rc $?").output);
check("exec: killed in scope a only", /rc 137/.test(inA ?? "") && inB === "rc 0", { inA, inB });
const scripts = [a, b].map((folder) => runIn(folder, "cd /tmp/victim; sh e; echo rc $?").output);
check(
  "script: killed in scope a only",
  /rc 137/.test(scripts[0] ?? "") && /^ran\s+rc 0$/.test(scripts[1] ?? ""),
  scripts,
);
const data = runIn(a, "sh -c 'read x < $0; echo $x' /tmp/victim/e").output;
check("data of that folder may be read", data === "echo ran", data);
const mounts = [a, b].map((folder) => runIn(folder, "mkdir -p /tmp/m; mount -t tmpfs none /tmp/m; echo rc $?").output);
check("mount: killed in scope a only", /rc 137/.test(mounts[0] ?? "") && mounts[1] === "rc 0", mounts);
const told = guard.drain().map(({ hook, outcome, plane }) => `${hook} ${outcome} ${plane}`);
check(
  "each is a record of the kill plane",
  told.includes("exec killed kill") && told.includes("mount killed kill"),
  told,
);
guard.close();

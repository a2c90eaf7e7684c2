// Inside the guest, one instruction a nanosecond: what the guard costs a process that no policy selects, one that a policy selects, and after it is gone.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, openSync, closeSync, statSync } from "node:fs";
import { openGuard } from "../../src/edge/sensor/guard/open-guard.ts";
import { cgroup, check, figure, say } from "./guest-checks.ts";

const a = cgroup("a");
const b = cgroup("b");
copyFileSync("/bin/busybox", "/tmp/true");
chmodSync("/tmp/true", 0o755);
const rounds = 150;
const batches = 7;

/**
 * Nanoseconds, which are instructions here, of one open and close in a process of that cgroup; and of a spawn of a small program. Of the batch with the
 * fewest: collections of garbage and the guest's own timers fall into some.
 */
function measure(name: string, folder: string): readonly [open: number, exec: number] {
  const script = `
    const fs = require("node:fs"); const { spawnSync } = require("node:child_process");
    fs.writeFileSync("${folder}/cgroup.procs", String(process.pid));
    const open = () => fs.closeSync(fs.openSync("/tmp/true"));
    for (let i = 0; i < 200; i++) open();
    const least = (many, act) => {
      let best = Infinity;
      for (let batch = 0; batch < ${batches}; batch++) {
        const from = process.hrtime.bigint();
        for (let i = 0; i < many; i++) act();
        best = Math.min(best, Number(process.hrtime.bigint() - from) / many);
      }
      return best;
    };
    for (let i = 0; i < 3; i++) spawnSync("/tmp/true");
    console.log(least(${rounds}, open), least(3, () => spawnSync("/tmp/true")));`;
  const { stdout, stderr } = spawnSync("/work/node", ["-e", script], { encoding: "utf8" });
  const [open = Number.NaN, exec = Number.NaN] = stdout.trim().split(" ").map(Number);
  if (!Number.isFinite(open)) say(stderr);
  figure(`${name} open`, Math.round(open));
  figure(`${name} exec`, Math.round(exec));
  return [open, exec];
}

closeSync(openSync("/tmp/true", "r"));
measure("warm-up", b);
measure("nothing", b);
const guard = await openGuard({ cgroupPath: "/sys/fs/cgroup", agentPid: process.pid });
check("LSM is attached", guard.planes.lsm === "", guard.planes);
const choices = [
  { rule: 1, action: "block", isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0 } as const,
];
const policy = guard.addPolicy({
  paths: [
    { class: "file", text: "/etc/shadow", isExact: true, choices },
    { class: "exec", text: "/usr/bin/nc", isExact: true, choices },
  ],
  files: [],
  addresses: [],
  points: [],
  sources: [],
});
guard.setScopes([{ kind: "cgroup", id: statSync(a).ino, policy, dryPolicy: 0, isContainer: false }]);
measure("out of scope", b);
measure("in scope", a);
guard.close();
measure("after", b);

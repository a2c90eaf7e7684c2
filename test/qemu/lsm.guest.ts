// Inside the guest: the guard on a kernel that allows LSM programs. Denied in scope a, untouched in scope b and outside.
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import type { CompiledChoice, CompiledPolicy } from "../../src/core/runtime-policy/guard-port.ts";
import { openGuard } from "../../src/edge/sensor/guard/open-guard.ts";
import { cgroup, check, runIn, say } from "./guest-checks.ts";

const a = cgroup("a");
const b = cgroup("b");
mkdirSync("/tmp/secret/deep", { recursive: true });
writeFileSync("/tmp/secret/key", "s3cret");
writeFileSync("/tmp/secret/deep/key", "deeper");
writeFileSync("/tmp/kept", "kept");
// One program by the names of its applets: which file it is decides.
for (const name of ["victim/true", "other/true", "other/nc", "other/arping"]) {
  mkdirSync(`/tmp/${name.split("/")[0]}`, { recursive: true });
  copyFileSync("/bin/busybox", `/tmp/${name}`);
  chmodSync(`/tmp/${name}`, 0o755);
}
const choice = (rule: number, action: CompiledChoice["action"] = "block", more: Partial<CompiledChoice> = {}) => [
  { rule, action, isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0, ...more },
];
const rules: CompiledPolicy = {
  paths: [
    { class: "exec", text: "/tmp/victim/true", isExact: true, choices: choice(1) },
    { class: "exec", text: "/tmp/other/true", isExact: true, choices: choice(2, "dry") },
    { class: "file", text: "/tmp/secret/", isExact: false, choices: choice(3, "block", { directBytes: 12 }) },
    { class: "file", text: "/tmp/kept", isExact: true, choices: choice(4, "block", { isWriteOnly: true }) },
    { class: "file", text: "/tmp/forbidden/", isExact: false, choices: choice(5) },
  ],
  files: [],
  addresses: [{ operation: "connect", protocol: "tcp", port: 4444, address: "", prefixBits: 0, choices: choice(6) }],
  points: [
    { class: "socket", socket: "packet", choices: choice(7) },
    { class: "socket", socket: "unix", choices: choice(7, "audit") },
    { class: "call", call: "mount", choices: choice(8) },
    { class: "call", call: "bpf", choices: choice(9) },
    { class: "call", call: "fileless-exec", choices: choice(10) },
    { class: "capability", number: 18, choices: choice(11) },
  ],
  sources: [],
};

const guard = await openGuard({ cgroupPath: "/sys/fs/cgroup", agentPid: process.pid });
say(`PLANES ${JSON.stringify(guard.planes)}`);
check("guard.bpf.o and lsm.bpf.o load and attach", guard.planes.lsm === "" && guard.planes.cgroup === "", guard.planes);
check("every LSM hook is there", Object.keys(guard.planes.lsmMissing).length === 0, guard.planes.lsmMissing);
check("tracepoints of system calls attach", guard.planes.killAtCall === "", guard.planes);
mkdirSync("/tmp/forbidden");
guard.setScopes([
  { kind: "cgroup", id: statSync(a).ino, policy: guard.addPolicy(rules), dryPolicy: 0, isContainer: false },
]);

const raw = "/tmp/other/nc -w 1";
const cases: readonly [name: string, command: string, inScope: RegExp, elsewhere: RegExp][] = [
  ["exec", "/tmp/victim/true; echo rc $?", /not permitted.*rc 126/s, /^rc 0$/],
  ["exec in a dry run", "/tmp/other/true; echo rc $?", /^rc 0$/, /^rc 0$/],
  ["read a file of a folder", "cat /tmp/secret/key; echo rc $?", /not permitted.*rc 1/s, /s3cret/],
  ["read below a folder that is not recursive", "cat /tmp/secret/deep/key", /deeper/, /deeper/],
  [
    "a symbolic link does not lead around it",
    "ln -sf /tmp/secret/key /tmp/link; cat /tmp/link",
    /not permitted/,
    /s3cret/,
  ],
  [
    "a hard link does not lead around it",
    "ln /tmp/secret/key /tmp/hard$$ && cat /tmp/hard$$",
    /not permitted/,
    /s3cret/,
  ],
  ["write to a file that is read-only", "echo more >> /tmp/kept; echo rc $?", /not permitted.*rc [12]/s, /^rc 0$/],
  ["read a file that is read-only", "cat /tmp/kept", /kept/, /kept/],
  ["create in a folder", "touch /tmp/forbidden/$$; echo rc $?", /not permitted.*rc 1/s, /^rc 0$/],
  ["make a folder in a folder", "mkdir /tmp/forbidden/d$$; echo rc $?", /not permitted.*rc 1/s, /^rc 0$/],
  [
    "rename into a folder",
    "touch /tmp/r$$; mv /tmp/r$$ /tmp/forbidden/r$$; echo rc $?",
    /not permitted.*rc 1/s,
    /^rc 0$/,
  ],
  ["connect", `${raw} 127.0.0.1 4444 </dev/null; echo rc $?`, /not permitted/, /refused/i],
  ["connect to another port", `${raw} 127.0.0.1 4445 </dev/null; echo rc $?`, /refused/i, /refused/i],
  [
    "a packet socket",
    "/tmp/other/arping -c 1 -w 1 -I lo 127.0.0.1; echo rc $?",
    /not permitted/,
    /^(?!.*not permitted)/s,
  ],
  ["mount", "mkdir -p /tmp/m; mount -t tmpfs none /tmp/m; echo rc $?", /denied|not permitted/, /rc 0$/],
  ["a capability (SYS_CHROOT)", "chroot / /bin/true; echo rc $?", /not permitted/, /rc 0$/],
];
for (const [name, command, inScope, elsewhere] of cases) {
  const [inA, inB] = [runIn(a, command).output, runIn(b, command).output];
  check(`${name}: stopped in scope a only`, inScope.test(inA) && elsewhere.test(inB), { inA, inB });
}
check("nothing was made in the forbidden folder by scope a", existsSync("/tmp/forbidden"));
const root = runIn("/sys/fs/cgroup", "/tmp/victim/true; echo rc $?").output;
check("outside every scope it runs", root === "rc 0", root);

// What was free is remembered by the kernel's guard; it must be looked at again when its path changes under it.
for (const folder of ["/tmp/open/deep", "/tmp/volume"]) mkdirSync(folder, { recursive: true });
const moves: readonly [name: string, make: string, before: string, move: string, after: string, back: string][] = [
  [
    "a file that was free and is renamed into a forbidden folder",
    "echo content > /tmp/fresh",
    "/tmp/fresh",
    "mv /tmp/fresh /tmp/secret/fresh",
    "/tmp/secret/fresh",
    "mv /tmp/secret/fresh /tmp/fresh",
  ],
  [
    "a file in a folder that is renamed into a forbidden one",
    "echo content > /tmp/open/deep/file",
    "/tmp/open/deep/file",
    "mv /tmp/open /tmp/forbidden/open",
    "/tmp/forbidden/open/deep/file",
    "mv /tmp/forbidden/open /tmp/open",
  ],
  [
    "a file of a mount that is moved into a forbidden folder",
    "mount -t tmpfs none /tmp/volume; mount --make-private /tmp/volume; mkdir -p /tmp/forbidden/volume; echo content > /tmp/volume/file",
    "/tmp/volume/file",
    "mount -o move /tmp/volume /tmp/forbidden/volume",
    "/tmp/forbidden/volume/file",
    "mount -o move /tmp/forbidden/volume /tmp/volume",
  ],
];
for (const [name, make, path, move, moved, back] of moves) {
  const made = runIn(b, make).output;
  const free = runIn(a, `cat ${path}; cat ${path}; exec cat ${path}`).output;
  const there = runIn(b, move).output;
  const denied = runIn(a, `cat ${moved}; echo rc $?`).output;
  const returned = runIn(b, back).output;
  const again = runIn(a, `cat ${path}`).output;
  const isRight =
    free === "content\ncontent\ncontent" &&
    /not permitted.*rc 1/s.test(denied) &&
    !denied.includes("content") &&
    again === "content";
  check(name, isRight, { made, free, there, denied, returned, again });
}

const events = guard.drain();
const heard = new Map(events.toReversed().map((event) => [event.rule, event]));
const record = (rule: number): string => {
  const event = heard.get(rule);
  return event === undefined ? "none" : `${event.hook} ${event.outcome} ${event.plane} ${event.path}`;
};
const expected: readonly [number, string][] = [
  [1, "exec denied lsm /tmp/victim/true"],
  [2, "exec would-deny lsm /tmp/other/true"],
  [3, "open denied lsm /tmp/secret/key"],
  [4, "open denied lsm /tmp/kept"],
  [6, "connect denied cgroup "],
  [7, "socket denied lsm "],
  [8, "mount denied lsm "],
  [11, "capability denied lsm "],
];
for (const [rule, words] of expected) check(`record of rule ${rule}: ${words}`, record(rule) === words, record(rule));
check(
  "all records are of scope a",
  events.every(({ cgroupId }) => cgroupId === statSync(a).ino),
);

const scopeOfNamespace = runIn(b, "readlink /proc/self/ns/mnt").output;
check("no record was lost", Object.keys(guard.stats().lossesByKind).length === 0, [guard.stats(), scopeOfNamespace]);
guard.close();
const after = runIn(a, "/tmp/victim/true; cat /tmp/secret/key; echo rc $?").output;
check("after close nothing is stopped", /s3cret.*rc 0/s.test(after), after);

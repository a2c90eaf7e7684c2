// Postures from captured trees, and live ones of processes with other users, namespaces and rights.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { limitsOf } from "./limits.ts";
import { kindOf, maskedOf, parseMountInfo } from "./mounts.ts";
import { hasFixedNumbers } from "./namespaces.ts";
import { liveRoots, readPosture } from "./read-posture.ts";
import { parseIdMap, parseStatus } from "./status.ts";

const status = `Name:	nginx
Uid:	101	101	101	101
Gid:	101	101	101	101
Groups:	101 2000
CapInh:	0000000000000000
CapPrm:	0000000000000400
CapEff:	0000000000000400
CapBnd:	00000000a80425fb
CapAmb:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
`;

const mountInfo = `600 500 0:50 / / ro,relatime master:1 - overlay overlay rw,lowerdir=/l
601 600 0:51 / /proc rw,nosuid,nodev,noexec - proc proc rw
602 601 0:51 /sys /proc/sys ro,nosuid - proc proc rw
603 601 0:52 / /proc/kcore rw,nosuid - tmpfs tmpfs rw
604 600 0:53 / /sys ro,nosuid - sysfs sysfs rw
605 600 8:1 /etc /host/etc ro,relatime - ext4 /dev/sda1 rw
606 600 0:20 /containerd/containerd.sock /run/c.sock rw - tmpfs tmpfs rw
607 600 8:1 /var/lib/kubelet/pods/u/volumes/kubernetes.io~configmap/c /etc/with\\040blank rw - ext4 /dev/sda1 rw
608 600 0:54 / /dev/shm rw - tmpfs shm rw
609 600 8:2 / /data rw,relatime shared:9 - ext4 /dev/sdb rw
`;

/** Files and links ("-> target") below a new folder. */
function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "garrison-posture-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), join(folder, name));
    else writeFileSync(join(folder, name), content);
  }
  return folder;
}

const spaces = (numbers: Readonly<Record<string, number>>, pid: number) =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [`proc/${pid}/ns/${name}`, `-> ${name}:[${number}]`]),
  );

test("a captured tree: every part, from the files that a node has", (t) => {
  const own = { cgroup: 11, ipc: 12, mnt: 13, net: 4_026_531_840, pid: 15, user: 4_026_531_837, uts: 17 };
  const host = { cgroup: 1, ipc: 2, mnt: 3, net: 4_026_531_840, pid: 5, user: 4_026_531_837, uts: 7 };
  const folder = tree(t, {
    "proc/7/status": status,
    "proc/7/uid_map": "         0          0 4294967295\n",
    "proc/7/mountinfo": mountInfo,
    "proc/7/exe": "-> /usr/sbin/nginx",
    "proc/7/cgroup": "0::/kubepods/pod1/c1\n",
    "proc/7/attr/apparmor/current": "cri-containerd.apparmor.d (enforce)\n",
    [["proc/7", "root", "dev/null"].join("/")]: "",
    ...spaces(own, 7),
    ...spaces(host, 1),
    "proc/1/mountinfo": "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
    "proc/kcore": "",
    "proc/sys/kernel/osrelease": "6.1.0-28-amd64\n",
    "proc/sys/kernel/core_pattern": "|/usr/lib/handler %p\n",
    "proc/sys/kernel/yama/ptrace_scope": "1\n",
    "proc/acpi/x": "",
    "sys/firmware/x": "",
    "sys/kernel/security/lsm": "lockdown,capability,yama,apparmor,bpf\n",
    "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "cgroup/kubepods/pod1/c1/memory.max": "268435456\n",
    "cgroup/kubepods/pod1/c1/pids.max": "max\n",
    "cgroup/kubepods/pod1/c1/cpu.max": "50000 100000\n",
  });
  const roots = { proc: join(folder, "proc"), sys: join(folder, "sys"), cgroup: join(folder, "cgroup") };
  const facts = readPosture({ ...roots, sysctls: () => ({ values: { "net.core.somaxconn": "4096" } }) }, 7);
  assert.ok(facts);
  assert.deepEqual(facts.unread, {});
  assert.deepEqual(
    [facts.name, facts.executable, facts.uid.effective, facts.groups, facts.noNewPrivileges, facts.seccompMode],
    ["nginx", "/usr/sbin/nginx", 101, [101, 2000], true, 2],
  );
  assert.deepEqual(facts.capabilities.effective, ["net_bind_service"]);
  assert.deepEqual([facts.appArmor, facts.seLinux], ["cri-containerd.apparmor.d (enforce)", ""]);
  assert.deepEqual(
    facts.mounts.map(({ path, kind }) => [path, kind]),
    [
      ["/", "root"],
      ["/host/etc", "host"],
      ["/run/c.sock", "socket"],
      ["/data", "other"],
    ],
  );
  assert.deepEqual(facts.procPathsMasked, ["/proc/kcore", "/proc/sys", "/sys/firmware"]);
  assert.deepEqual(facts.procPathsOpen, ["/proc/acpi"]);
  assert.deepEqual(facts.namespacesShared, ["net", "user"]);
  assert.deepEqual(facts.limits, { memoryBytes: "268435456", pids: "max", cpu: "0.5" });
  assert.deepEqual(facts.kernel, {
    release: "6.1.0-28-amd64",
    lockdown: "integrity",
    ptraceScope: "1",
    corePattern: "|/usr/lib/handler %p",
    unprivilegedBpf: "",
  });
  assert.equal(readPosture(roots, 8), undefined);
});

test("what is missing is unread with its reason, and the rest is told", (t) => {
  const folder = tree(t, { "proc/7/status": "nonsense\n", "proc/7/uid_map": "0 0 1\n", "proc/7/mountinfo": mountInfo });
  const facts = readPosture({ proc: join(folder, "proc"), sys: join(folder, "sys"), cgroup: folder }, 7);
  assert.ok(facts);
  assert.deepEqual(Object.keys(facts.unread).toSorted(), [
    "devices",
    "limits",
    "namespaces",
    "securityModules",
    "status",
    "sysctls",
  ]);
  assert.equal(facts.unread["status"], "status is not as expected");
  assert.match(facts.unread["limits"] ?? "", /cgroup is not there$/);
  assert.equal(facts.mounts.length, 4);
});

test("status and id maps; a text that is none is none", () => {
  assert.deepEqual(parseStatus(status)?.uid, { real: 101, effective: 101, saved: 101, filesystem: 101 });
  for (const text of ["", "Name:\tx\n", status.replace("CapBnd:\t00000000a80425fb", "CapBnd:\tzz")])
    assert.equal(parseStatus(text), undefined);
  assert.deepEqual(parseIdMap("0 100000 65536\n\n x"), [{ inside: 0, outside: 100_000, count: 65_536 }]);
});

test("mounts: kinds, propagation, escapes; the topmost mount of a path decides what is masked", () => {
  const lines = parseMountInfo(mountInfo);
  assert.equal(lines.length, 10);
  assert.deepEqual(
    lines.map((line) => kindOf(line, new Set(["8:1"]))),
    ["root", "kernel", "kernel", "kernel", "kernel", "host", "socket", "other", "memory", "other"],
  );
  assert.deepEqual(
    [lines[0]?.propagation, lines[9]?.propagation, lines[7]?.path],
    ["slave", "shared", "/etc/with blank"],
  );
  const over = parseMountInfo(`${mountInfo}610 601 0:51 /sys /proc/sys rw - proc proc rw\n`);
  assert.deepEqual(maskedOf(over, (path) => path === "/proc/sys").open, ["/proc/sys"]);
  assert.deepEqual(parseMountInfo("rubbish\n1 2 3\n"), []);
});

test("limits of both versions of cgroups, and none", (t) => {
  const folder = tree(t, {
    "memory/a/memory.limit_in_bytes": "9223372036854771712\n",
    "pids/a/pids.max": "64\n",
    "cpu,cpuacct/a/cpu.cfs_quota_us": "-1\n",
    "unified/a/memory.max": "1024\n",
  });
  assert.deepEqual(limitsOf(folder, "4:memory:/a\n3:pids:/a\n0::/\n"), { memoryBytes: "max", pids: "64", cpu: "max" });
  assert.deepEqual(limitsOf(folder, "0::/a\n"), { memoryBytes: "1024", pids: "max", cpu: "max" });
  assert.deepEqual(limitsOf(folder, ""), { memoryBytes: "max", pids: "max", cpu: "max" });
  for (const [release, fixed] of [
    ["6.18.44-x", true],
    ["6.17.9", false],
    ["7.0", true],
    ["5.15.0-1-generic", false],
  ] as const)
    assert.equal(hasFixedNumbers(release), fixed, release);
});

/** Its process once it runs what it shall: the one that `exec`s keeps the number. */
async function started(
  t: TestContext,
  command: readonly [string, ...string[]],
  ready: (pid: number) => boolean,
): Promise<number> {
  const child: ChildProcess = spawn(command[0], command.slice(1), { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  const { pid } = child;
  assert.ok(pid);
  for (let wait = 0; wait < 3000 && !ready(pid); wait += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(ready(pid));
  return pid;
}

const isSleep = (pid: number) => readPosture(liveRoots, pid)?.name === "sleep";

test("live: another user without rights, and namespaces of its own", async (t) => {
  if (!skipUnless(t, process.geteuid?.() === 0, "root, for other users and namespaces")) return;
  const bare = [
    "--reuid=1000",
    "--regid=1000",
    "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all",
    "sleep",
    "60",
  ];
  const poor = await started(t, ["setpriv", ...bare], isSleep);
  const facts = readPosture(liveRoots, poor);
  assert.deepEqual(
    [facts?.uid.effective, facts?.groups, facts?.noNewPrivileges, facts?.capabilities.bounding, facts?.seccompMode],
    [1000, [], true, [], 0],
  );
  assert.ok(facts?.namespacesShared.includes("net") && facts.namespacesShared.includes("mnt"));
  const apart = await started(t, ["unshare", "--net", "--ipc", "--uts", "sleep", "60"], isSleep);
  const other = readPosture(liveRoots, apart);
  assert.deepEqual(other?.namespacesOwn, ["ipc", "net", "uts"]);
});

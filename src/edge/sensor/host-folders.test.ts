// Files of a container that lie on the host: by the mount tables of a small /proc, whatever the folder is called inside.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createHostFolders, hostFolderLimits } from "./host-folders.ts";

const folder = mkdtempSync(join(tmpdir(), "garrison-host-folders-"));
after(() => rmSync(folder, { recursive: true }));

const hostMounts = [
  "20 1 8:1 / / rw - ext4 /dev/sda1 rw",
  "21 20 8:2 / /data rw - xfs /dev/sda2 rw",
  "22 20 0:25 / /run rw - tmpfs tmpfs rw",
  "23 20 0:21 / /sys rw - sysfs sysfs rw",
  "24 20 0:99 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs rw - overlay overlay rw",
];
const containerMounts = [
  "50 40 0:99 / / rw - overlay overlay rw",
  "51 50 0:60 / /proc rw - proc proc rw",
  "52 50 0:21 / /sys ro - sysfs sysfs rw",
  "53 50 8:1 /etc /srv/strange\\040name rw - ext4 /dev/sda1 rw",
  "54 53 0:61 / /srv/strange\\040name/own rw - tmpfs tmpfs rw",
  "55 50 8:1 /var/lib/kubelet/pods/1/volumes/data /volume rw - ext4 /dev/sda1 rw",
  "56 50 8:2 /deep /d rw - xfs /dev/sda2 rw",
  "57 50 0:25 /user /u rw - tmpfs tmpfs rw",
  "58 50 8:1 /etc/hostname /one rw - ext4 /dev/sda1 rw",
];

function proc(pid: number | "self", namespace: number, mounts: readonly string[]): void {
  mkdirSync(join(folder, `${pid}/ns`), { recursive: true });
  rmSync(join(folder, `${pid}/ns/mnt`), { force: true });
  symlinkSync(`mnt:[${namespace}]`, join(folder, `${pid}/ns/mnt`));
  writeFileSync(join(folder, `${pid}/mountinfo`), `${mounts.join("\n")}\n`);
}
proc(1, 100, hostMounts);
proc("self", 100, hostMounts);
proc(7, 200, containerMounts);

const ask = (path: string, pid = 7, mountNamespace = 200) => ({ pid, parentPid: 0, mountNamespace, path });

const cases: readonly [path: string, expected: string | undefined][] = [
  ["/srv/strange name/shadow", "/etc/shadow"],
  ["/srv/strange name", "/etc"],
  ["/srv/strange names/shadow", undefined],
  ["/srv/strange name/own/file", undefined],
  ["/etc/shadow", undefined],
  ["/sys/kernel/x", undefined],
  ["/volume/shadow", undefined],
  ["/d/x", "/data/deep/x"],
  ["/u/1000/bus", "/run/user/1000/bus"],
  ["/one", "/etc/hostname"],
];
for (const [path, expected] of cases) {
  test(`${path} is ${expected ?? "the container's own"}`, () => {
    assert.equal(createHostFolders(folder).pathOf(ask(path)), expected);
  });
}

test("the host's own processes are not asked about, and a process of another namespace is not looked through", () => {
  const hosts = createHostFolders(folder);
  assert.equal(hosts.pathOf(ask("/etc/shadow", 1, 100)), undefined);
  assert.equal(hosts.unread(), 0);
  assert.equal(hosts.pathOf(ask("/srv/strange name/shadow", 7, 201)), undefined);
  assert.equal(hosts.unread(), 1);
});

test("what was read once serves when nobody is left, until its mounts change or it is too old", () => {
  let nowMs = 0;
  const hosts = createHostFolders(folder, () => nowMs);
  assert.equal(hosts.pathOf(ask("/d/x")), "/data/deep/x");
  assert.equal(hosts.pathOf(ask("/d/x", 8)), "/data/deep/x");
  proc(7, 200, [...containerMounts, "60 50 8:1 /opt /new rw - ext4 /dev/sda1 rw"]);
  assert.equal(hosts.pathOf(ask("/new/x")), undefined);
  hosts.changed(200);
  assert.equal(hosts.pathOf(ask("/new/x", 8)), undefined);
  assert.equal(hosts.pathOf(ask("/new/x")), "/opt/x");
  proc(7, 200, containerMounts);
  nowMs = hostFolderLimits.readAgainMs + 1;
  assert.equal(hosts.pathOf(ask("/new/x")), undefined);
});

const overlay = "50 40 0:99 / / rw - overlay overlay rw";
const wholeHost = "51 50 8:1 / /host rw - ext4 /dev/sda1 rw";
const hidden: readonly (readonly [
  what: string,
  mounts: readonly string[],
  path: string,
  expected: string | undefined,
])[] = [
  [
    "a mount below a later one does not cover it",
    [overlay, "52 50 0:61 / /y/etc rw - tmpfs none rw", "53 50 8:1 / /y rw - ext4 /dev/sda1 rw"],
    "/y/etc/shadow",
    "/etc/shadow",
  ],
  [
    "a folder of the host below a later mount is not reached",
    [overlay, wholeHost, "52 50 0:61 / /host rw - tmpfs none rw"],
    "/host/etc/shadow",
    undefined,
  ],
  [
    "of mounts on one place the last one counts",
    [overlay, "51 50 0:61 / /host rw - tmpfs none rw", "52 51 8:1 / /host rw - ext4 /dev/sda1 rw"],
    "/host/etc/shadow",
    "/etc/shadow",
  ],
  ["a root that is the host's own", ["53 40 8:1 / / rw - ext4 /dev/sda1 rw"], "/etc/shadow", "/etc/shadow"],
  ["a root that is a folder of the host", ["53 40 8:1 /image / rw - ext4 /dev/sda1 rw"], "/etc/shadow", undefined],
  [
    "the host's root on the container's",
    [overlay, "51 50 8:1 / / rw - ext4 /dev/sda1 rw", "52 51 0:61 / /etc rw - tmpfs none rw"],
    "/etc/shadow",
    "/etc/shadow",
  ],
];
for (const [what, mounts, path, expected] of hidden) {
  test(what, () => {
    proc(9, 500, mounts);
    assert.equal(createHostFolders(folder).pathOf(ask(path, 9, 500)), expected);
  });
}

test("whoever is in a chroot sees places from there, and others are asked first", () => {
  proc(10, 501, ["51 50 8:1 / / rw - ext4 /dev/sda1 rw"]);
  symlinkSync("/host", join(folder, "10/root"));
  assert.equal(createHostFolders(folder).pathOf(ask("/host/etc/shadow", 10, 501)), "/etc/shadow");
  proc(11, 501, [overlay, wholeHost, "52 50 8:2 /deep /d rw - xfs /dev/sda2 rw"]);
  assert.equal(createHostFolders(folder).pathOf({ ...ask("/d/x", 10, 501), parentPid: 11 }), "/data/deep/x");
});

const filler = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${1000 + index} 50 0:61 / /m/${index} rw - tmpfs none rw`);

test("a namespace with too many mounts has no places on the host, and that is counted", () => {
  const hosts = createHostFolders(folder);
  proc(12, 502, [overlay, wholeHost, ...filler(hostFolderLimits.mountsMax - 2)]);
  assert.equal(hosts.pathOf(ask("/host/etc/shadow", 12, 502)), "/etc/shadow");
  assert.equal(hosts.unread(), 0);
  proc(13, 503, [overlay, wholeHost, ...filler(hostFolderLimits.mountsMax - 1)]);
  assert.equal(hosts.pathOf(ask("/host/etc/shadow", 13, 503)), undefined);
  assert.equal(hosts.unread(), 1);
});

test("a namespace whose many mounts change all the time is read once a second; what is not known is counted, and others are served", () => {
  let nowMs = 0;
  const hosts = createHostFolders(folder, () => nowMs);
  const many = [overlay, wholeHost, ...filler(hostFolderLimits.mountsPerSecondMax - 2)];
  proc(14, 504, many);
  assert.equal(hosts.pathOf(ask("/host/x", 14, 504)), "/x");
  hosts.changed(504);
  proc(14, 504, many.with(1, "51 50 8:2 / /host rw - xfs /dev/sda2 rw"));
  nowMs = 999;
  assert.equal(hosts.pathOf(ask("/host/x", 14, 504)), undefined);
  assert.equal(hosts.unread(), 1);
  assert.equal(hosts.pathOf(ask("/d/x")), "/data/deep/x");
  nowMs = 1000;
  assert.equal(hosts.pathOf(ask("/host/x", 14, 504)), "/data/x");
});

test("all namespaces together are read only so much in a second", () => {
  let nowMs = 0;
  const hosts = createHostFolders(folder, () => nowMs);
  const namespaces = hostFolderLimits.mountsOfAllPerSecondMax / hostFolderLimits.mountsMax;
  proc(15, 600, [overlay, wholeHost, ...filler(hostFolderLimits.mountsMax - 2)]);
  for (let index = 0; index < namespaces; index += 1) {
    rmSync(join(folder, "15/ns/mnt"));
    symlinkSync(`mnt:[${600 + index}]`, join(folder, "15/ns/mnt"));
    assert.equal(hosts.pathOf(ask("/host/x", 15, 600 + index)), "/x");
  }
  assert.equal(hosts.pathOf(ask("/d/x")), undefined);
  assert.equal(hosts.unread(), 1);
  nowMs = 1000;
  assert.equal(hosts.pathOf(ask("/d/x")), "/data/deep/x");
});

test("a namespace that nobody is left of takes no looks of others, however much it did", () => {
  const hosts = createHostFolders(folder);
  for (let count = 0; count < hostFolderLimits.looksPerTurnMax; count += 1) hosts.pathOf(ask("/x", 99, 299));
  assert.equal(hosts.unread(), hostFolderLimits.looksPerTurnMax);
  assert.equal(hosts.pathOf(ask("/d/x")), "/data/deep/x");
});

test("only so many are read in one turn", () => {
  const hosts = createHostFolders(folder);
  for (let index = 0; index < hostFolderLimits.looksPerTurnMax; index += 1) hosts.pathOf(ask("/x", 9, 300 + index));
  assert.equal(hosts.pathOf(ask("/d/x")), undefined);
  hosts.newTurn();
  assert.equal(hosts.pathOf(ask("/d/x")), "/data/deep/x");
});

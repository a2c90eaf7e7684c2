// Deeds on files against the real kernel: what each call is told as, with the path that really was touched.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { Sensor, SensorEvent } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { memory, rawCall } from "./raw-calls.fixture.ts";
import { createRecorder, kernelSensorMissing, run } from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const AT_FDCWD = -100;
const O_APPEND = 0o2000;
const O_TRUNC = 0o1000;

describe("deeds on files seen by the kernel", () => {
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  /** real/ is a folder, link -> real: everything is asked for through the link and must be told of the folder. */
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-files-")));
  const real = join(folder, "real");
  const link = join(folder, "link");
  let sensor: Sensor | undefined;

  before(async () => {
    mkdirSync(real);
    symlinkSync("real", link);
    for (const name of ["old", "mode", "owner", "gone", "first"]) writeFileSync(join(real, name), "");
    mkdirSync(join(real, "empty"));
    if (missing !== "") return;
    sensor = await createKernelSensor({ repeatsEveryMs: 1000 });
    await sensor.start(recorder.onBatch);
  });
  after(async () => {
    await sensor?.close();
    rmSync(folder, { recursive: true });
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel sensor: ${missing}`);

  const openAndClose = (path: string, flags: string | number, mode?: number): void =>
    closeSync(openSync(path, flags, mode));
  const deeds: readonly [name: string, act: () => void, expected: Partial<FileDeedEvent>][] = [
    [
      "an open through a link shows the real path and the one that was asked for",
      () => openAndClose(join(link, "first"), "r"),
      { deed: "open", path: join(real, "first"), requestedPath: join(link, "first"), kind: "file", mode: 0, error: 0 },
    ],
    [
      "an open that makes the file",
      () => openAndClose(join(link, "made"), "w", 0o640),
      { deed: "create", path: join(real, "made"), mode: 0o640, flags: 0o1101 | 0o2000000, kind: "file" },
    ],
    [
      "a folder",
      () => openAndClose(link, 0o200000),
      { deed: "open", path: real, requestedPath: link, kind: "directory" },
    ],
    [
      "openat2",
      () => {
        const how = new BigUint64Array([0n, 0n, 0n]);
        const opened = rawCall("openat2", AT_FDCWD, memory(join(link, "mode")), memory(new Uint8Array(how.buffer)), 24);
        closeSync(opened);
      },
      { deed: "open", call: "openat2", path: join(real, "mode") },
    ],
    [
      "creat",
      () => closeSync(rawCall("creat", memory(join(link, "by-creat")), 0o600)),
      { deed: "create", call: "creat", path: join(real, "by-creat"), flags: 0o1101, mode: 0o600 },
    ],
    [
      "an open that fails",
      () => assert.throws(() => openSync(join(link, "nowhere"), "r")),
      { deed: "open", requestedPath: join(link, "nowhere"), path: join(link, "nowhere"), error: 2, inode: 0 },
    ],
    [
      "rename",
      () => renameSync(join(link, "old"), join(link, "new")),
      { deed: "rename", path: join(real, "old"), targetPath: join(real, "new"), requestedPath: join(link, "old") },
    ],
    ["unlink", () => unlinkSync(join(link, "gone")), { deed: "unlink", path: join(real, "gone"), error: 0 }],
    [
      "an unlink that fails",
      () => assert.throws(() => unlinkSync(join(link, "empty"))),
      { deed: "unlink", path: join(real, "empty"), error: 21 },
    ],
    ["rmdir", () => rmdirSync(join(link, "empty")), { deed: "rmdir", path: join(real, "empty") }],
    [
      "mkdir",
      () => mkdirSync(join(link, "sub"), { mode: 0o711 }),
      { deed: "mkdir", path: join(real, "sub"), mode: 0o711 },
    ],
    ["chmod", () => chmodSync(join(link, "mode"), 0o4755), { deed: "chmod", path: join(real, "mode"), mode: 0o4755 }],
    [
      "fchmod: the kernel knows the file",
      () => {
        const opened = openSync(join(link, "mode"), "r");
        rawCall("fchmod", opened, 0o700);
        closeSync(opened);
      },
      { deed: "chmod", call: "fchmod", path: join(real, "mode"), mode: 0o700, requestedPath: "" },
    ],
    ["chown", () => chownSync(join(link, "owner"), 1, 1), { deed: "chown", path: join(real, "owner") }],
    [
      "lchown does not follow the link",
      () => lchownSync(link, 0, 0),
      { deed: "chown", call: "lchown", path: link, requestedPath: link },
    ],
    [
      "link",
      () => linkSync(join(link, "first"), join(link, "second")),
      { deed: "link", path: join(real, "first"), targetPath: join(real, "second") },
    ],
    [
      "symlink: where it points is a text",
      () => symlinkSync("../somewhere", join(link, "pointer")),
      { deed: "symlink", path: join(real, "pointer"), targetPath: "../somewhere" },
    ],
    [
      "mknod",
      () => void rawCall("mknod", memory(join(link, "pipe")), 0o010600, 0),
      { deed: "create", call: "mknod", path: join(real, "pipe"), mode: 0o010600 },
    ],
  ];
  for (const [name, act, expected] of deeds) {
    test(name, async (context) => {
      if (!canRun(context)) return;
      recorder.events.length = 0;
      act();
      const event = await recorder.find(
        "file",
        ({ process: { pid }, deed, path, requestedPath }) =>
          pid === process.pid &&
          deed === expected.deed &&
          requestedPath === (expected.requestedPath ?? requestedPath) &&
          path === expected.path,
      );
      assert.deepEqual({ ...event, ...expected }, event);
      assert.equal(event.count, 1);
      assert.equal(event.way, "syscall");
    });
  }

  test("numbers are those of stat", async (context) => {
    if (!canRun(context)) return;
    const path = join(real, "numbers");
    writeFileSync(path, "");
    const { dev, ino } = statSync(path);
    const event = await recorder.find("file", (candidate) => candidate.path === path);
    assert.deepEqual([event.device, event.inode], [dev, ino]);
  });

  test("repeats are counted, and the count follows", { timeout: 300_000 }, async (context) => {
    if (!canRun(context)) return;
    // A count may be forgotten on a machine where thousands of other deeds come between: then it is the next file's turn.
    for (const name of ["often-1", "often-2", "often-3"]) {
      const path = join(real, name);
      writeFileSync(path, "");
      await recorder.find("file", (event) => event.path === path);
      recorder.events.length = 0;
      for (let round = 0; round < 500; round += 1) openAndClose(path, "r");
      const first = await recorder.find("file", (event) => event.path === path && event.deed === "open");
      assert.equal(first.count, 1);
      // Where the loop took long its count comes in pieces.
      const counted = (): number => recorder.events.reduce((sum, event) => sum + countOf(event, path), 0);
      const isWhole = await waitFor(() => (counted() >= 500 ? true : undefined));
      if (isWhole === undefined) continue;
      assert.equal(counted(), 500);
      return;
    }
    assert.fail("no count followed");
  });

  test("another process, and another way of opening, is told anew", async (context) => {
    if (!canRun(context)) return;
    const path = join(real, "again");
    writeFileSync(path, "");
    await recorder.find("file", (event) => event.path === path);
    recorder.events.length = 0;
    openAndClose(path, "r");
    openAndClose(path, "r+");
    const { pid } = await run("/bin/cat", [path]);
    await recorder.find("file", (event) => event.process.pid === pid && event.path === path);
    const own = recorder.events.filter(
      (event) => event.type === "file" && event.process.pid === process.pid && event.path === path,
    );
    assert.deepEqual(
      own.map((event) => (event.type === "file" ? event.flags & 3 : -1)),
      [0, 2],
      JSON.stringify(recorder.events.filter((event) => event.type === "file" && event.process.pid === process.pid)),
    );
  });

  test("mounts in a private namespace: where, what, moved and gone", async (context) => {
    if (!canRun(context)) return;
    const at = join(real, "mountpoint");
    mkdirSync(at);
    const script = `mount -t tmpfs garrison ${link}/mountpoint && touch ${at}/inside && umount ${at}`;
    assert.equal((await run("unshare", ["--mount", "/bin/sh", "-c", script])).status, 0);
    const mounts = await recorder.find(
      "file",
      (event) => event.deed === "mount" && event.path === at && event.error === 0,
    );
    assert.ok(mounts.call === "mount" || mounts.call === "move_mount", mounts.call);
    await recorder.find("file", (event) => event.deed === "create" && event.path === `${at}/inside`);
    await recorder.find("file", (event) => event.deed === "umount" && event.path === at);
  });

  test("a chroot hides nothing: paths are told from the top, and a process that is gone does no harm", async (context) => {
    if (!canRun(context)) return;
    const root = join(folder, "root");
    mkdirSync(root);
    const script = `mount --rbind / ${root} && cd / &&
      exec chroot ${root} /bin/sh -c 'cd ${real} && rm first; rm ${real}/nowhere; /bin/cat /etc/hostname > /dev/null; mkdir ${real}/by-chroot'`;
    const { pid } = await run("unshare", ["--mount", "/bin/sh", "-c", script]);
    const found = (deed: FileDeedEvent["deed"], requestedPath: string): Promise<FileDeedEvent> =>
      recorder.find("file", (event) => event.deed === deed && event.requestedPath === requestedPath);
    assert.equal((await found("unlink", "first")).path, `${root}${real}/first`);
    assert.equal((await found("mkdir", `${real}/by-chroot`)).path, `${root}${real}/by-chroot`);
    const exec = await recorder.find(
      "exec",
      ({ path, arguments: given }) => path.startsWith(`${root}/`) && given.includes("/etc/hostname"),
    );
    assert.equal(exec.workingDirectory, `${root}${real}`);
    const read = await recorder.find(
      "file",
      ({ process: by, path }) => by.pid === exec.process.pid && path === `${root}/etc/hostname`,
    );
    assert.equal(read.requestedPath, "/etc/hostname");
    assert.ok(pid > 0);
  });

  test("what a file is opened for tells it anew: written first and emptied later, by open and by truncate", async (context) => {
    if (!canRun(context)) return;
    const path = join(real, "emptied");
    writeFileSync(path, "");
    await recorder.find("file", (event) => event.path === path);
    recorder.events.length = 0;
    openAndClose(path, 1 | O_APPEND);
    openAndClose(path, 1 | O_TRUNC);
    truncateSync(path, 0);
    assert.equal(rawCall("truncate", memory(join(link, "emptied")), 0), 0);
    const last = await recorder.find("file", (event) => event.path === path && event.call === "truncate");
    assert.deepEqual([last.deed, last.flags], ["open", 1 | O_TRUNC]);
    const flags = recorder.events.flatMap((event) =>
      event.type === "file" && event.path === path && event.call === "openat"
        ? [event.flags & (3 | O_TRUNC | O_APPEND)]
        : [],
    );
    assert.ok(flags.includes(1 | O_APPEND) && flags.includes(1 | O_TRUNC), flags.join());
    await recorder.find("file", (event) => event.path === path && event.call === "ftruncate");
  });

  test("long paths with the same beginning and end are told one by one, up to the kernel's own limit", async (context) => {
    if (!canRun(context)) return;
    const padded = (name: string): string => `${"/.".repeat(200)}${real}/${name}${"/.".repeat(200)}/gone`;
    for (const name of ["padded-1", "padded-2"]) {
      mkdirSync(join(real, name));
      writeFileSync(join(real, name, "gone"), "");
      unlinkSync(padded(name));
      await recorder.find("file", ({ deed, path }) => deed === "unlink" && path === join(real, name, "gone"));
    }
    const long = `${"/.".repeat((4095 - `${real}/rename`.length) >> 1)}${real}/rename`;
    writeFileSync(join(real, "rename"), "");
    unlinkSync(long);
    const event = await recorder.find("file", ({ deed, path }) => deed === "unlink" && path === join(real, "rename"));
    assert.equal(event.requestedPath, long);
    assert.equal(event.isCut, undefined);
  });

  test("a path that cannot be read is told as cut", async (context) => {
    if (!canRun(context)) return;
    recorder.events.length = 0;
    assert.ok(rawCall("truncate", 1, 0) < 0);
    const event = await recorder.find("file", ({ call, process: by }) => call === "truncate" && by.pid === process.pid);
    assert.deepEqual([event.isCut, event.requestedPath, event.path, event.error], [true, "", "", 14]);
  });

  test("a mount by descriptors (fsopen, fsmount, move_mount) is told as a mount, where it went", async (context) => {
    if (!canRun(context)) return;
    const at = join(real, "by-descriptor");
    mkdirSync(at);
    const fixture = fileURLToPath(new URL("move-mount.fixture.ts", import.meta.url));
    const { status, stderr } = await run("unshare", ["--mount", process.execPath, fixture, at]);
    assert.equal(status, 0, stderr);
    const event = await recorder.find("file", ({ call, path }) => call === "move_mount" && path === at);
    assert.deepEqual([event.deed, event.error], ["mount", 0]);
  });

  test("deep paths are whole, names that are no UTF-8 are shown as far as they can be", async (context) => {
    if (!canRun(context)) return;
    let deep = real;
    for (let level = 0; level < 40; level += 1) deep = join(deep, `level-${level}-${"x".repeat(40)}`);
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, "end"), "");
    await recorder.find("file", (event) => event.path === join(deep, "end") && event.deed === "create");
    const broken = Buffer.concat([Buffer.from(`${real}/broken-`), Buffer.from([0xff, 0xfe]), Buffer.from("-name")]);
    writeFileSync(broken, "");
    await recorder.find("file", (event) => event.path === `${real}/broken-\ufffd\ufffd-name`);
    unlinkSync(broken);
    await recorder.find("file", (event) => event.deed === "unlink" && event.path.startsWith(`${real}/broken-`));
  });

  test("what stands in an overlay's writable layer is marked, what is of the image is not", async (context) => {
    if (!canRun(context)) return;
    const parts = ["lower", "upper", "work", "merged"].map((name) => join(folder, `layers/${name}`));
    const [lower = "", upper = "", work = "", merged = ""] = parts;
    for (const part of parts) mkdirSync(part, { recursive: true });
    const script = `mount -t tmpfs garrison ${folder}/layers && mkdir ${parts.join(" ")} && cp /bin/true ${lower}/image-program &&
      cp /bin/true ${lower}/changed && mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${merged} &&
      cp /bin/true ${merged}/dropped && ${merged}/image-program && ${merged}/dropped && chmod 700 ${merged}/changed &&
      ${merged}/changed && cat ${merged}/dropped ${merged}/image-program > /dev/null`;
    const { status, stderr } = await run("unshare", ["--mount", "/bin/sh", "-c", script]);
    assert.equal(status, 0, stderr);
    for (const [name, isUpper] of [
      ["image-program", false],
      ["dropped", true],
      ["changed", true],
    ] as const) {
      const exec = await recorder.find("exec", (event) => event.path === join(merged, name));
      assert.equal(exec.facts?.isUpper, isUpper, name);
    }
    const read = await recorder.find("file", (event) => event.comm === "cat" && event.path === join(merged, "dropped"));
    assert.equal(read.isUpper, true);
    const image = await recorder.find(
      "file",
      (event) => event.comm === "cat" && event.path === join(merged, "image-program"),
    );
    assert.equal(image.isUpper, false);
  });

  test("by io_uring: opened, renamed, removed, made, connected, through a link, without a system call for it", async (context) => {
    if (!canRun(context)) return;
    const forbidden = readFileSync("/proc/sys/kernel/io_uring_disabled", "utf8").trim();
    if (!skipUnless(context, forbidden === "0", `io_uring is switched off (${forbidden})`)) return;
    const fixture = fileURLToPath(new URL("uring.fixture.ts", import.meta.url));
    const { status, stderr, pid } = await run(process.execPath, [fixture, folder, "9"]);
    assert.equal(status, 0, stderr);
    const expected: readonly [FileDeedEvent["deed"], string, string][] = [
      ["open", join(real, "by-ring"), ""],
      ["rename", join(real, "by-ring"), join(real, "moved")],
      ["unlink", join(real, "moved"), ""],
      ["mkdir", join(real, "made"), ""],
    ];
    for (const [deed, path, targetPath] of expected) {
      const event = await recorder.find(
        "file",
        (candidate) => candidate.process.pid === pid && candidate.deed === deed && candidate.way === "io_uring",
      );
      assert.deepEqual([event.path, event.targetPath], [path, targetPath], deed);
    }
    const connect = await recorder.find(
      "call",
      (candidate) => candidate.process.pid === pid && candidate.call === "connect" && candidate.way === "io_uring",
    );
    assert.deepEqual(
      [connect.descriptor?.kind, connect.descriptor?.tuple?.remoteAddress, connect.descriptor?.tuple?.remotePort],
      ["ipv4", "127.0.0.1", 9],
    );
    // A socket in the ring's own table has no descriptor to be told by: its connection says that it began without connect(2).
    const direct = await recorder.find("tcp-failed", (event) => event.process.pid === pid && event.remotePort === 10);
    assert.deepEqual([direct.isWithoutConnect, direct.remoteAddress], [true, "127.0.0.1"]);
  });
});

function countOf(event: SensorEvent, path: string): number {
  return event.type === "file" && event.path === path && event.deed === "open" ? event.count : 0;
}

async function waitFor<Found>(look: () => Found | undefined): Promise<Found | undefined> {
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

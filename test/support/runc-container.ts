// Containers of a hand-made root file system under runc, with an overlay as their root as real runtimes make it: for tests of what the kernel sees
// inside a container. Leaves nothing behind: mounts, cgroups and folders go with `close`.
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ContainerRun {
  readonly exitCode: number;
  readonly output: string;
}

export interface ContainerOptions {
  /** All capabilities, devices and no masked paths, as `privileged: true` gives them. */
  readonly isPrivileged?: boolean;
  /** OCI seccomp section. */
  readonly seccomp?: unknown;
  /** Further mounts in OCI form. */
  readonly mounts?: readonly {
    readonly destination: string;
    readonly source: string;
    readonly options: readonly string[];
  }[];
  /** Environment, "NAME=value". */
  readonly environment?: readonly string[];
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly noNewPrivileges?: boolean;
  /** Shares the host's network namespace; else it has its own with a loopback that is up. */
  readonly isHostNetwork?: boolean;
  readonly hasTerminal?: boolean;
  /** Its cgroup looks like no pod's: a container of a machine without Kubernetes. */
  readonly isBare?: boolean;
  readonly timeoutMs?: number;
}

export interface RuncWorkshop {
  /** The image's root as the lower layer; tests may add files before the first container. */
  readonly image: string;
  /** The v2 cgroup that all containers of this workshop are in. */
  readonly cgroupPath: string;
  /** Runs one program in a new container until it ends; its standard output and errors together. */
  run(command: readonly string[], options?: ContainerOptions): Promise<ContainerRun & { readonly id: string }>;
  /** Starts one and goes on while it runs; `stop` kills it. */
  start(command: readonly string[], options?: ContainerOptions): Promise<RunningContainer>;
  close(): void;
}

export interface RunningContainer {
  readonly id: string;
  /** Of its first process, on the host. */
  readonly pid: number;
  /** Runs another program inside, as `kubectl exec` does. */
  exec(command: readonly string[]): Promise<ContainerRun>;
  stop(): Promise<void>;
}

const programs = ["/usr/sbin/runc", "/bin/busybox"];

/** What is missing on this machine, or "" when containers can be run. */
export function runcMissing(): string {
  if (process.getuid?.() !== 0) return "root (for runc)";
  const missing = programs.find((program) => !existsSync(program));
  return missing === undefined ? "" : `${missing} (Debian packages runc, busybox-static)`;
}

/** The capabilities that container runtimes give without being asked. */
const defaultCapabilities = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
].map((name) => `CAP_${name}`);

const moreCapabilities = [
  "DAC_READ_SEARCH",
  "LINUX_IMMUTABLE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "LEASE",
  "AUDIT_CONTROL",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** Makes the image (busybox and the usual folders) and a place for containers, all below one new folder. */
export function openRuncWorkshop(): RuncWorkshop {
  const folder = mkdtempSync(join(tmpdir(), "garrison-runc-"));
  const image = join(folder, "image");
  makeImage(image);
  const open = new Map<string, () => void>();
  const workshop = { folder, image, open, group: `garrison-test-${process.pid}-${randomBytes(3).toString("hex")}` };
  const unified = existsSync("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  const cgroupPath = join(unified, workshop.group);
  mkdirSync(cgroupPath);
  return {
    image,
    cgroupPath,
    async run(command, options = {}) {
      const container = prepare(workshop, command, options);
      try {
        const child = spawn("/usr/sbin/runc", [...container.runc, "run", "--bundle", container.bundle, container.id], {
          stdio: ["ignore", "pipe", "pipe"],
        });
        return { id: container.id, ...(await ended(child, options.timeoutMs ?? runMsMax, container.kill)) };
      } finally {
        container.remove();
      }
    },
    async start(command, options = {}) {
      const container = prepare(workshop, command, options);
      const { runc, id } = container;
      try {
        // Nothing of ours is inherited: a pipe would stay open as long as the container lives.
        const starting = spawn("/usr/sbin/runc", [...runc, "run", "--detach", "--bundle", container.bundle, id], {
          stdio: "ignore",
        });
        const [code] = (await once(starting, "close")) as [number | null];
        if (code !== 0) throw new Error(`runc could not start a container: exit code ${code}`);
        const { stdout } = await run("/usr/sbin/runc", [...runc, "state", id]);
        return {
          id,
          pid: (JSON.parse(stdout) as { pid: number }).pid,
          exec: (inner) =>
            ended(
              spawn("/usr/sbin/runc", [...runc, "exec", id, ...inner], { stdio: ["ignore", "pipe", "pipe"] }),
              options.timeoutMs ?? runMsMax,
              () => undefined,
            ),
          stop: async () => container.remove(),
        };
      } catch (error) {
        container.remove();
        throw error;
      }
    },
    close() {
      for (const remove of open.values()) remove();
      removeGroups(workshop.group);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a shell script in a new container that then lives until `look` is done, however long that takes. */
export async function runAndStay(
  workshop: RuncWorkshop,
  script: string,
  options: ContainerOptions & { readonly look: (id: string) => Promise<void> },
): Promise<void> {
  const stays = `${script}; : > /tmp/script-is-over; exec /bin/sleep 3600`;
  const container = await workshop.start(["/bin/sh", "-c", stays], options);
  try {
    for (let round = 0; ; round += 1) {
      const { exitCode, output } = await container.exec(["/bin/test", "-e", "/tmp/script-is-over"]);
      if (exitCode === 0) break;
      if (round >= overRoundsMax) throw new Error(`the script in the container did not end: ${output}`);
      await sleep(overEveryMs);
    }
    await options.look(container.id);
  } finally {
    await container.stop();
  }
}

interface Workshop {
  readonly folder: string;
  readonly image: string;
  readonly open: Map<string, () => void>;
  readonly group: string;
}

function makeImage(image: string): void {
  for (const name of [
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "usr/local/bin",
    "usr/lib",
    "usr/lib64",
    "etc/cron.d",
    "root/.ssh",
    "home/app",
    "tmp",
  ])
    mkdirSync(join(image, name), { recursive: true });
  for (const name of ["proc", "sys", "dev", "var/log", "var/lib", "var/spool/cron", "opt", "run", "host"])
    mkdirSync(join(image, name), { recursive: true });
  chmodSync(join(image, "tmp"), 0o1777);
  symlinkSync("usr/lib", join(image, "lib"));
  symlinkSync("usr/lib64", join(image, "lib64"));
  execFileSync("/bin/cp", ["/bin/busybox", join(image, "bin/busybox")]);
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name !== "");
  for (const name of applets) if (name !== "busybox") symlinkSync("busybox", join(image, "bin", name));
  const files: Readonly<Record<string, string>> = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nbin:x:2:2:bin:/bin:/bin/false\napp:x:1000:1000::/home/app:/bin/sh\n",
    "etc/group": "root:x:0:\nbin:x:2:\napp:x:1000:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\n",
    "etc/sudoers": "root ALL=(ALL) ALL\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/motd": "a container\n",
    "home/app/data.txt": "a line\n",
    "var/log/syslog": "a line\n",
    "root/.bash_history": "ls\n",
    "root/.bashrc": "# nothing\n",
    "root/.ssh/authorized_keys": "",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(image, name), content);
}

interface Prepared {
  readonly id: string;
  readonly bundle: string;
  readonly runc: readonly string[];
  readonly kill: () => void;
  remove(): void;
}

function prepare(workshop: Workshop, command: readonly string[], options: ContainerOptions): Prepared {
  const id = randomBytes(32).toString("hex");
  const bundle = join(workshop.folder, id.slice(0, 12));
  for (const name of ["upper", "work", "merged"]) mkdirSync(join(bundle, name), { recursive: true });
  const layers = `lowerdir=${workshop.image},upperdir=${join(bundle, "upper")},workdir=${join(bundle, "work")}`;
  execFileSync("/bin/mount", ["-t", "overlay", "overlay", "-o", layers, join(bundle, "merged")]);
  const podUid = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`;
  const pods = options.isBare === true ? "" : `/kubepods/besteffort/pod${podUid}`;
  const group = `/${workshop.group}${pods}/${id}`;
  writeFileSync(
    join(bundle, "config.json"),
    JSON.stringify(configOf(command, options, { merged: join(bundle, "merged"), group })),
  );
  const runc = ["--root", join(workshop.folder, "state")];
  const kill = (): void =>
    quietly(() => execFileSync("/usr/sbin/runc", [...runc, "kill", id, "KILL"], { stdio: "ignore" }));
  const remove = (): void => {
    workshop.open.delete(id);
    quietly(() => execFileSync("/usr/sbin/runc", [...runc, "delete", "--force", id], { stdio: "ignore" }));
    quietly(() => execFileSync("/bin/umount", ["-l", join(bundle, "merged")], { stdio: "ignore" }));
    rmSync(bundle, { recursive: true, force: true });
  };
  workshop.open.set(id, remove);
  return { id, bundle, runc, kill, remove };
}

function configOf(
  command: readonly string[],
  options: ContainerOptions,
  place: { readonly merged: string; readonly group: string },
): unknown {
  const isPrivileged = options.isPrivileged === true;
  const capabilities = isPrivileged ? [...defaultCapabilities, ...moreCapabilities] : defaultCapabilities;
  const namespaces = ["pid", "mount", "ipc", "uts", ...(options.isHostNetwork === true ? [] : ["network"])];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: options.user ?? { uid: 0, gid: 0 },
      args: command,
      env: ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", ...(options.environment ?? [])],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities, inheritable: [] },
      noNewPrivileges: options.noNewPrivileges ?? false,
    },
    root: { path: place.merged, readonly: false },
    hostname: "test",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "nodev", "mode=1777"] },
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance"] },
      { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", isPrivileged ? "rw" : "ro"] },
      ...(options.mounts ?? []).map((mount) => ({ type: "bind", ...mount })),
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      cgroupsPath: place.group,
      ...(isPrivileged
        ? {}
        : {
            maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            readonlyPaths: ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"],
          }),
      ...(options.seccomp === undefined ? {} : { seccomp: options.seccomp }),
    },
  };
}

async function ended(child: ChildProcess, timeoutMs: number, kill: () => void): Promise<ContainerRun> {
  let output = "";
  const take = (chunk: Buffer): void => {
    if (output.length < outputLengthMax) output += chunk.toString("utf8");
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  const timer = setTimeout(() => {
    kill();
    child.kill("SIGKILL");
  }, timeoutMs);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { exitCode: code ?? -1, output };
}

const outputLengthMax = 1024 * 1024;
/** A container that does not end by itself is killed after so long. */
const runMsMax = 120_000;
/** How often a container that stays is asked whether its script is over, and how many times. */
const overEveryMs = 100;
const overRoundsMax = 600;

/** The group's folders in every hierarchy, deepest first; what still has processes stays, and says so by staying. */
function removeGroups(group: string): void {
  for (const hierarchy of [
    "",
    "unified",
    "systemd",
    "cpu",
    "cpuacct",
    "cpuset",
    "memory",
    "devices",
    "freezer",
    "blkio",
    "pids",
  ]) {
    const top = join("/sys/fs/cgroup", hierarchy, group);
    if (!existsSync(top)) continue;
    const folders = execFileSync("/usr/bin/find", [top, "-depth", "-type", "d"], { encoding: "utf8" }).split("\n");
    for (const folder of folders)
      if (folder !== "") quietly(() => execFileSync("/bin/rmdir", [folder], { stdio: "ignore" }));
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It is gone already, or goes with the folder.
  }
}

/** Mounts of this repository and its runtime, so that a container can run programs of tests: /opt/runtime/node /opt/garrison/.... */
export function repositoryMounts(): NonNullable<ContainerOptions["mounts"]> {
  const options = ["rbind", "ro"];
  return [
    { destination: "/usr/lib", source: "/usr/lib", options },
    { destination: "/usr/lib64", source: "/usr/lib64", options },
    { destination: "/opt/runtime/node", source: process.execPath, options },
    { destination: "/opt/garrison", source: join(import.meta.dirname, "../.."), options },
  ];
}

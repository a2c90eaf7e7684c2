// Debian's stock kernel in pure emulation: for LSM, fentry and AppArmor, which the machine itself refuses. The kernel's package is downloaded once, unpacked
// and never installed; the initial file system is busybox, the repository's own Node, and the files that a guest program imports.
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = process.env["GARRISON_TEST_CACHE"] ?? join(homedir(), ".cache", "garrison", "qemu");

/** What this machine lacks for an emulated guest; "" when nothing. */
export function qemuMissing(): string {
  if (process.platform !== "linux" || process.arch !== "x64") return "an x86-64 Linux machine for the emulated guest";
  for (const tool of ["/usr/bin/qemu-system-x86_64", "/usr/bin/busybox", "/usr/bin/dpkg-deb", "/usr/bin/apt-get"])
    if (!existsSync(tool)) return `${tool} (Debian packages qemu-system-x86, busybox-static)`;
  try {
    kernelImage();
    return "";
  } catch (error) {
    return `Debian's kernel package: ${error instanceof Error ? error.message : String(error)}`;
  }
}

let image = "";

/** Debian 12's cloud kernel, from the package that the archive offers now. */
export function kernelImage(): string {
  if (image !== "" && existsSync(image)) return image;
  const kept = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("vmlinuz-6.1.")) : [];
  image = kept.length > 0 ? join(cache, kept.toSorted().at(-1) ?? "") : downloadKernel();
  return image;
}

function downloadKernel(): string {
  const depends = execFileSync("apt-cache", ["depends", "linux-image-cloud-amd64"], { encoding: "utf8" });
  const name = /Depends: (linux-image-6\.1\.\S+-cloud-amd64)/.exec(depends)?.[1];
  if (name === undefined) throw new Error("apt-cache knows no linux-image-6.1 cloud kernel");
  const work = join(cache, `work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    execFileSync("apt-get", ["download", name], { cwd: work, stdio: "pipe" });
    const archive = readdirSync(work).find((file) => file.endsWith(".deb")) ?? "";
    execFileSync("dpkg-deb", ["-x", archive, "tree"], { cwd: work, stdio: "pipe" });
    const file = readdirSync(join(work, "tree/boot")).find((each) => each.startsWith("vmlinuz-")) ?? "";
    const target = join(cache, file);
    renameSync(join(work, "tree/boot", file), target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export interface GuestOptions {
  /** A TypeScript file; it and all that it imports go into the guest. It prints lines. */
  readonly program: string;
  /** Other files of the repository, by their paths in it. */
  readonly files?: readonly string[];
  /** Files of this machine with the libraries that they need. */
  readonly tools?: readonly string[];
  /** One instruction of the guest is one nanosecond: figures that are the same in each run. */
  readonly countsInstructions?: boolean;
  readonly secondsMax?: number;
  /** The kernel's active security modules. */
  readonly modules?: string;
}

export interface GuestRun {
  /** All that the program said. */
  readonly output: string;
  /** Lines "CHECK name: ok" or "CHECK name: FAIL because". */
  readonly checks: ReadonlyMap<string, string>;
  /** Lines "FIGURE name number". */
  readonly figures: ReadonlyMap<string, number>;
  readonly seconds: number;
  /** More than one: so many times but one the program was ended by a signal. */
  readonly boots: number;
}

/** A program that a signal ended, as V8 under emulation is at times: then the guest boots once more, so often at most. */
const bootsMax = 3;

/** Boots, runs the program, powers off. Rejects when the guest does not end within its time; the output is in the message. */
export async function runGuest(options: GuestOptions): Promise<GuestRun> {
  const disk = join(tmpdir(), `garrison-guest-${process.pid}-${Date.now()}.cpio`);
  const started = performance.now();
  try {
    writeInitialFiles(disk, options);
    let output = "";
    let boots = 0;
    do {
      output = await boot(disk, options);
      boots += 1;
    } while (boots < bootsMax && /^GUEST exit (?:12[89]|1[3-9]\d|2\d\d)\r?$/m.test(output));
    return { output, boots, ...readLines(output), seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    for (const file of [disk, consoleOf(disk)]) rmSync(file, { force: true });
  }
}

function readLines(output: string): Pick<GuestRun, "checks" | "figures"> {
  const checks = new Map<string, string>();
  const figures = new Map<string, number>();
  for (const line of output.split(/\r?\n/)) {
    const check = /^CHECK (.+?): (ok|FAIL.*)$/.exec(line);
    if (check !== null) checks.set(check[1] ?? "", check[2] ?? "");
    const figure = /^FIGURE (.+) (-?[\d.]+)$/.exec(line);
    if (figure !== null) figures.set(figure[1] ?? "", Number(figure[2]));
  }
  return { checks, figures };
}

function consoleOf(disk: string): string {
  return `${disk}.console`;
}

const modulesDefault = "landlock,lockdown,yama,apparmor,bpf";

function boot(disk: string, options: GuestOptions): Promise<string> {
  const { countsInstructions = false, secondsMax = 240, modules = modulesDefault } = options;
  const commandLine = `console=ttyS0 lsm=${modules} panic=-1 quiet`;
  const machine = [
    "-M",
    "q35",
    "-accel",
    "tcg",
    "-cpu",
    "max",
    "-m",
    "1536",
    "-display",
    "none",
    "-monitor",
    "none",
    "-no-reboot",
    "-nic",
    "none",
  ];
  // One processor: on two emulated ones V8 falls over its own book of code pages now and then ("Check failed: it->second.Size() > offset").
  const processors = ["-smp", "1", ...(countsInstructions ? ["-icount", "shift=0"] : [])];
  // The kernel has a line of its own: what it says would else stand in the midst of the program's words.
  const lines = ["-serial", `file:${consoleOf(disk)}`, "-serial", "stdio"];
  const what = ["-kernel", kernelImage(), "-initrd", disk, "-append", commandLine];
  const child = spawn("qemu-system-x86_64", [...machine, ...processors, ...lines, ...what], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((done, failed) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), secondsMax * 1000);
    child.on("error", failed);
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      if (signal === null) done(output);
      else
        failed(
          new Error(
            `the guest did not end within ${secondsMax} s:\n${output.slice(-4000)}\n${readFileSync(consoleOf(disk), "utf8").slice(-4000)}`,
          ),
        );
    });
  });
}

const firstProgram = `#!/bin/sh
export PATH=/bin:/usr/bin
mkdir -p /proc /sys /dev /tmp /run
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mount -t securityfs sec /sys/kernel/security; mount -t cgroup2 cg /sys/fs/cgroup; mount -t tracefs tr /sys/kernel/tracing
ip link set lo up
exec > /dev/ttyS1 2>&1
stty raw < /dev/ttyS1
echo "GUEST kernel $(uname -r) lsm $(cat /sys/kernel/security/lsm)"
cd /work && /work/node PROGRAM 2>&1
echo "GUEST exit $?"
poweroff -f
`;

function writeInitialFiles(disk: string, { program, files = [], tools = [] }: GuestOptions): void {
  const archive = openArchive(disk);
  archive.file("init", Buffer.from(firstProgram.replace("PROGRAM", program)), 0o755);
  archive.file("bin/busybox", readFileSync("/usr/bin/busybox"), 0o755);
  const applets = execFileSync("/usr/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
  for (const name of applets) if (name !== "busybox") archive.link(`bin/${name}`, "busybox");
  const node = realpathSync(process.execPath);
  archive.file("work/node", readFileSync(node), 0o755);
  const libbpf = "/usr/lib/x86_64-linux-gnu/libbpf.so.1";
  for (const tool of tools) archive.file(realpathSync(tool).slice(1), readFileSync(tool), 0o755);
  const libraries = new Set([node, libbpf, ...tools].flatMap(librariesOf));
  for (const library of new Set([...libraries, libbpf])) archive.file(library.slice(1), readFileSync(library), 0o755);
  for (const file of closureOf(program)) archive.file(`work/${file}`, readFileSync(join(root, file)), 0o644);
  for (const file of files) archive.file(`work/${file}`, readFileSync(join(root, file)), 0o644);
  archive.file("work/package.json", Buffer.from('{"type":"module"}'), 0o644);
  archive.end();
}

function librariesOf(file: string): readonly string[] {
  const text = execFileSync("ldd", [file], { encoding: "utf8" });
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(([, path = ""]) => path);
}

/** The file and everything that it imports, packages included; paths in the repository. */
function closureOf(program: string): ReadonlySet<string> {
  const files = new Set<string>();
  const waiting = [program];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = readFileSync(join(root, file), "utf8");
    for (const [, isType, from = ""] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";/gm)) {
      if (isType !== undefined || from.startsWith("node:")) continue;
      if (from.startsWith(".")) waiting.push(resolve("/", dirname(file), from).slice(1));
      else for (const each of packageFiles(from)) files.add(each);
    }
  }
  return files;
}

function packageFiles(name: string): readonly string[] {
  if (name !== "koffi") return below(`node_modules/${name}`, (path) => /\.(js|json|cjs)$/.test(path));
  const native = "node_modules/@koromix/koffi-linux-x64";
  return [
    ...below("node_modules/koffi", (path) => /\.(js|json|cjs)$/.test(path) && !/\/(vendor|doc)\//.test(path)),
    ...below(native, (path) => !path.includes("musl")),
  ];
}

function below(folder: string, isWanted: (path: string) => boolean): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((path) => isWanted(path) && statSync(join(root, path)).isFile());
}

interface Archive {
  file(path: string, content: Uint8Array, mode: number): void;
  link(path: string, target: string): void;
  end(): void;
}

/** The "newc" form of cpio, as the kernel unpacks it. */
function openArchive(path: string): Archive {
  const descriptor = openSync(path, "w");
  const folders = new Set<string>();
  let inode = 1;
  const entry = (name: string, content: Uint8Array, mode: number): void => {
    const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    inode += 1;
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    writeSync(descriptor, header.padEnd(Math.ceil(header.length / 4) * 4, "\0"), null, "latin1");
    writeSync(descriptor, content);
    writeSync(descriptor, new Uint8Array((4 - (content.length % 4)) % 4));
  };
  const inside = (name: string): void => {
    const parts = name.split("/").slice(0, -1);
    for (const [index] of parts.entries()) {
      const folder = parts.slice(0, index + 1).join("/");
      if (!folders.has(folder)) entry(folder, new Uint8Array(), 0o040755);
      folders.add(folder);
    }
  };
  return {
    file: (name, content, mode) => {
      inside(name);
      entry(name, content, 0o100000 | mode);
    },
    link: (name, target) => {
      inside(name);
      entry(name, Buffer.from(target), 0o120777);
    },
    end: () => {
      entry("TRAILER!!!", new Uint8Array(), 0);
      closeSync(descriptor);
    },
  };
}

// Real images out of Debian packages: mmdebstrap makes the root, umoci the OCI layout. Built once per recipe and kept in a temporary folder, one build at a time.
// The mirror is the one that this machine's apt uses; nothing else is asked.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface DebianRecipe {
  /** For people: part of the folder's name and the image's tag. */
  readonly name: string;
  readonly include: readonly string[];
  /** With the suites of updates and security: everything that has a fix is fixed. */
  readonly isUpdated: boolean;
  readonly suite?: string;
}

export interface DebianImage {
  /** OCI layout folder. */
  readonly layout: string;
  readonly tag: string;
  /** What dpkg-query in the image said: binary, its version, source, the source's version. */
  readonly installed: readonly InstalledPackage[];
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
}

/** Minutes on a quiet machine; a busy one takes its time. */
const buildMsMax = 35 * 60_000;
const lockMsMax = 45 * 60_000;

/** Which tool is not there, "" when all are. */
export function missingForDebianImages(): string {
  const needed = ["mmdebstrap", "umoci", "dpkg-query"];
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = needed.filter((tool) => !folders.some((folder) => existsSync(path.join(folder, tool))));
  return missing.join(", ");
}

function cacheFolder(): string {
  return process.env["GARRISON_DEBIAN_IMAGES"] ?? path.join(tmpdir(), "garrison-debian-images");
}

interface Stanza {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly signedBy: string;
}

function readDeb822(text: string): Stanza[] {
  return text.split(/\n\s*\n/).map((paragraph) => {
    const field = (name: string): string =>
      new RegExp(`^${name}:[ \\t]*(.+)$`, "im").exec(paragraph)?.[1]?.trim() ?? "";
    const words = (name: string): string[] => field(name).split(/\s+/).filter(Boolean);
    return { uris: words("URIs"), suites: words("Suites"), signedBy: field("Signed-By") };
  });
}

function readOneLine(text: string): Stanza[] {
  const found = text.matchAll(/^deb(?:[ \t]+\[([^\]]*)\])?[ \t]+(\S+)[ \t]+(\S+)/gm);
  return [...found].map(([, options, uri, suite]) => ({
    uris: [uri ?? ""],
    suites: [suite ?? ""],
    signedBy: /signed-by=(\S+)/.exec(options ?? "")?.[1] ?? "",
  }));
}

function aptSources(): Stanza[] {
  const folder = "/etc/apt/sources.list.d";
  const parts = existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...parts].filter(existsSync).flatMap((file) => {
    if (file.endsWith(".sources")) return readDeb822(readFileSync(file, "utf8"));
    return file.endsWith(".list") ? readOneLine(readFileSync(file, "utf8")) : [];
  });
}

const keyringDefault = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Lines of sources.list for the wanted suites, from where apt of this machine takes them. */
function sourceLines(suite: string, isUpdated: boolean): string[] {
  const stanzas = aptSources();
  const wanted = isUpdated ? [suite, `${suite}-updates`, `${suite}-security`] : [suite];
  return wanted.map((name) => {
    const stanza = stanzas.find((one) => one.suites.includes(name) && one.uris.length > 0);
    if (stanza === undefined) throw new Error(`apt of this machine has no source for the suite ${name}`);
    const keyring = stanza.signedBy.startsWith("/") ? stanza.signedBy : keyringDefault;
    return `deb [signed-by=${keyring}] ${stanza.uris[0] ?? ""} ${name} main`;
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Heavy builds one at a time, over all processes; a lock whose owner is gone is taken over. */
async function locked<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const file = path.join(folder, "build.lock");
  for (let waitedMs = 0; ; waitedMs += 500) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
      if (owner > 0 && !isAlive(owner)) rmSync(file, { force: true });
      if (waitedMs > lockMsMax) throw new Error(`another build holds ${file} for too long`, { cause: error });
      await sleep(500);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

const queryFormat = "${Package}\\t${Version}\\t${source:Package}\\t${source:Version}\\n";

async function build(recipe: Required<DebianRecipe>, folder: string): Promise<void> {
  const work = `${folder}.building`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const root = path.join(work, "root.tar");
  const installed = path.join(work, "installed.tsv");
  const options = { timeout: buildMsMax, maxBuffer: 64 * 1024 * 1024 };
  await run(
    "mmdebstrap",
    [
      "--quiet",
      "--mode=root",
      "--variant=minbase",
      '--aptopt=Acquire::Check-Valid-Until "false"',
      "--aptopt=Acquire::Retries 3",
      // A root that is packed at once needs no flush after each file.
      "--dpkgopt=force-unsafe-io",
      `--include=${recipe.include.join(",")}`,
      `--customize-hook=dpkg-query --admindir="$1/var/lib/dpkg" -W -f='${queryFormat}' > '${installed}'`,
      recipe.suite,
      root,
      ...sourceLines(recipe.suite, recipe.isUpdated),
    ],
    options,
  );
  const layout = path.join(work, "oci");
  await run("umoci", ["init", "--layout", layout], options);
  await run("umoci", ["new", "--image", `${layout}:${recipe.name}`], options);
  await run("umoci", ["raw", "add-layer", "--image", `${layout}:${recipe.name}`, root], options);
  await run("umoci", ["config", "--image", `${layout}:${recipe.name}`, "--config.cmd", "/bin/bash"], options);
  await run("umoci", ["gc", "--layout", layout], options);
  rmSync(root);
  renameSync(work, folder);
}

function read(folder: string, tag: string): DebianImage {
  const lines = readFileSync(path.join(folder, "installed.tsv"), "utf8").trimEnd().split("\n");
  const installed = lines.map((line) => {
    const [name = "", version = "", source = "", sourceVersion = ""] = line.split("\t");
    return { name, version, source, sourceVersion };
  });
  return { layout: path.join(folder, "oci"), tag, installed };
}

/** The image of a recipe, built when it is not there yet (minutes). Needs root, mmdebstrap and umoci: ask `missingForDebianImages` first. */
export async function buildDebianImage(given: DebianRecipe): Promise<DebianImage> {
  const recipe = { suite: "bookworm", ...given, include: [...given.include].sort() };
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const base = cacheFolder();
  mkdirSync(base, { recursive: true });
  const folder = path.join(base, `${recipe.name}-${hash}`);
  if (!existsSync(folder))
    await locked(base, async () => {
      if (!existsSync(folder)) await build(recipe, folder);
    });
  return read(folder, recipe.name);
}

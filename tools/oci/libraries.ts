// Shared libraries of this machine that programs of the image need: found by ldd, kept at the paths where Debian's loader looks,
// with the records of their packages, so that scanners and people see what is inside.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { entryOfFile, textEntry } from "./entries.ts";
import type { TarEntry } from "./tar.ts";

const run = promisify(execFile);
/** Debian's name of this machine's architecture in library paths. */
const triplets = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** The multiarch folder; throws for an architecture that no image is built for. */
export function libraryFolder(): string {
  const triplet = process.arch === "x64" || process.arch === "arm64" ? triplets[process.arch] : undefined;
  if (process.platform !== "linux" || triplet === undefined)
    throw new Error(`images are built on Linux, x64 or arm64, not on ${process.platform} ${process.arch}`);
  return `/usr/lib/${triplet}`;
}

/** Absolute paths of all libraries that the programs and libraries need, themselves not counted, without those that stand inside `own`. */
export async function librariesOf(programs: readonly string[], own: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const program of programs) {
    const { stdout } = await run("ldd", [program]);
    if (/=> not found/.test(stdout))
      throw new Error(`${program} needs a library that this machine does not have:\n${stdout}`);
    for (const line of stdout.split("\n")) {
      const library = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
      if (library !== undefined && !(await realpath(library)).startsWith(own + path.sep)) found.add(library);
    }
  }
  return [...found].sort();
}

/**
 * The libraries, the loader and the packages' records as entries: a merged /usr, as Debian has it. `extra` are libraries that are opened
 * by name at run time (libbpf.so.1).
 */
export async function libraryEntries(
  programs: readonly string[],
  options: { readonly own: string; readonly extra: readonly string[] },
): Promise<readonly TarEntry[]> {
  const folder = libraryFolder();
  const extra = options.extra.map((name) => path.join(folder, name));
  const missing = extra.filter((library) => !existsSync(library));
  if (missing.length > 0) throw new Error(`missing on this machine: ${missing.join(", ")} (Debian: libbpf1)`);
  const libraries = [...extra, ...(await librariesOf([...programs, ...extra], options.own))];
  const entries = new Map<string, TarEntry>();
  for (const library of libraries) {
    const to = library.startsWith("/lib64/") ? `usr${library}` : `${folder.slice(1)}/${path.basename(library)}`;
    entries.set(to, await entryOfFile(library, to));
  }
  return [
    { type: "link", path: "lib", target: "usr/lib" },
    { type: "link", path: "lib64", target: "usr/lib64" },
    ...entries.values(),
    ...(await packageRecords(libraries)),
  ];
}

/** dpkg's record and the copyright of each package that a library comes from, where distroless images have them. */
async function packageRecords(libraries: readonly string[]): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for (const name of await packagesOf(libraries)) {
    const { stdout } = await run("dpkg-query", ["--status", name]);
    const plain = name.replace(/:.*/, "");
    entries.push(textEntry(`var/lib/dpkg/status.d/${plain}`, stdout));
    const copyright = `usr/share/doc/${plain}/copyright`;
    if (existsSync(`/${copyright}`)) entries.push(await entryOfFile(`/${copyright}`, copyright));
  }
  return entries;
}

/** Names of the packages, sorted. Throws for a library that no package brought. */
async function packagesOf(libraries: readonly string[]): Promise<readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const library of libraries) {
    const real = await realpath(library);
    // With a merged /usr the package may have recorded the older of both names.
    names.set(library, [library, real, real.replace(/^\/usr/, "")]);
  }
  const packageOf = await searchedPackages([...new Set([...names.values()].flat())]);
  const packages = new Set<string>();
  for (const [library, known] of names) {
    const found = known.map((name) => packageOf.get(name)).find((name) => name !== undefined);
    if (found === undefined) throw new Error(`no Debian package is known for ${library}: build the image on Debian 12`);
    packages.add(found);
  }
  return [...packages].sort();
}

/** Package by path, for the paths that one is known for. One run, since each reads the lists of all packages. */
async function searchedPackages(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  // Exit code 1 says only that some path is unknown; which ones is seen below.
  const stdout = await run("dpkg-query", ["--search", ...paths]).then(
    (answer) => answer.stdout,
    (error: { readonly code?: number; readonly stdout?: string }) => {
      if (error.code === 1 && error.stdout !== undefined) return error.stdout;
      throw new Error("dpkg-query does not run: build the image on Debian 12", { cause: error });
    },
  );
  const lines = stdout.split("\n").map((line) => /^(\S+): (\/.+)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[2] ?? "", line[1] ?? ""] as const])));
}

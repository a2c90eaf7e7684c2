// Completes package-lock.json with the optional packages of other platforms that a registry mirror did not offer when the lock was
// written. Without their entries `npm ci` refuses the lock on every platform. Run after each change of dependencies:
// `npm install --package-lock-only && node tools/complete-lock.ts`.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

interface LockEntry {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const systems = ["linux", "darwin", "win32", "android", "freebsd", "openbsd", "netbsd", "openharmony", "sunos", "aix"];
const processors = ["x64", "arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el"];

/** The platform that a package's name tells, in package.json's words. A name without one gives a platform that exists nowhere. */
export function platformOf(name: string): Pick<LockEntry, "os" | "cpu" | "libc"> {
  const words = name.replace(/^@/, "").split(/[/_.-]/);
  const os = systems.find((system) => words.includes(system)) ?? (words.includes("windows") ? "win32" : "none");
  const cpu = processors.find((processor) => words.includes(processor)) ?? "none";
  const libc = words.some((word) => word.startsWith("musl"))
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined || os !== "linux" ? {} : { libc: [libc] }) };
}

/** Adds what is missing to `packages` (the lock's own table) and returns the names that were added. */
export function complete(packages: Record<string, LockEntry>): readonly string[] {
  const added: string[] = [];
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      if (key in packages || !/^\d+\.\d+\.\d+/.test(version)) continue;
      packages[key] = { version, ...platformOf(name), ...(entry.dev === true ? { dev: true } : {}), optional: true };
      added.push(name);
    }
  }
  return added;
}

if (import.meta.main) {
  const file = path.resolve(import.meta.dirname, "..", "package-lock.json");
  const lock = JSON.parse(await readFile(file, "utf8")) as { packages: Record<string, LockEntry> };
  const added = complete(lock.packages);
  const sorted = Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1));
  await writeFile(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
  console.log(`${added.length} entries added`);
}

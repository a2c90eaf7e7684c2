// cargo-auditable: the list of crates that a Rust program was built from, compressed JSON in a section of its own.
import type { CatalogTools } from "../../cataloger.ts";
import { isPlainName } from "../distribution.ts";
import { sectionBytes, type Executable } from "./executable.ts";

export interface RustCrate {
  readonly name: string;
  readonly version: string;
  /** "crates.io", "git", "local", "registry", or whatever the builder wrote. */
  readonly source: string;
  /** Only ran while building: macros and build scripts. */
  readonly isBuild: boolean;
}

const jsonBytesMax = 8 * 1024 * 1024;
const cratesMax = 20_000;

/** undefined when the program has no list; a Fault when it has one that cannot be inflated or is no JSON. */
export function readRustAudit(executable: Executable, tools: CatalogTools): RustCrate[] | undefined {
  const section = executable.sections.find(
    ({ name }) => name === ".dep-v0" || name === "rust-deps-v0" || name === "rust-deps",
  );
  if (section === undefined || section.size === 0) return undefined;
  return readRustList(tools.utf8(tools.inflateZlib(sectionBytes(executable, section), jsonBytesMax)));
}

export function readRustList(json: string): RustCrate[] | undefined {
  const packages = fieldOf(parse(json), "packages");
  if (!Array.isArray(packages)) return undefined;
  const crates: RustCrate[] = [];
  for (const item of packages.slice(0, cratesMax)) {
    const [name, version, source, kind] = ["name", "version", "source", "kind"].map((field) => fieldOf(item, field));
    if (typeof name !== "string" || typeof version !== "string" || !isPlainName(name) || !isPlainName(version))
      continue;
    crates.push({
      name,
      version,
      source: typeof source === "string" ? source.slice(0, 64) : "crates.io",
      isBuild: kind === "build",
    });
  }
  return crates;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

// Every executable of an image: Go modules, crates of auditable Rust builds, and the package that a build says it is part of.
import type { AnalysisGap } from "../../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../../model/software-package.ts";
import {
  defineCataloger,
  type CatalogedFile,
  type CatalogFile,
  type CatalogTools,
  type Combined,
} from "../../cataloger.ts";
import { goInfoPlace, goMagic, readGoBuildInfo } from "./go-build-info.ts";
import { goProgram, type GoProgram } from "./go-packages.ts";
import { readPackageNote, type PackageNote } from "./package-note.ts";
import { readExecutables } from "./read-executables.ts";
import { readRustAudit, type RustCrate } from "./rust-audit.ts";

interface ExecutablePart {
  readonly programs: readonly GoProgram[];
  readonly crates: readonly RustCrate[];
  readonly note?: PackageNote;
  /** Compressed by UPX: what is inside cannot be seen. */
  readonly isPacked?: true;
  /** Of a large file: what it evidently holds and its windows do not show. */
  readonly unseen?: "go" | "rust";
}

const wholeBytesMax = 64 * 1024 * 1024;
/** As a section's name stands among the names of sections. */
const rustSectionName = "\0.dep-v0\0";
const unseenWords = {
  go: "the modules of a Go program could not be read: it is over 64 MiB and says them by pointers (Go before 1.18), or at length",
  rust: "the crates of a Rust program could not be read: it is over 64 MiB",
} as const;

function readFile(file: CatalogFile, tools: CatalogTools): ExecutablePart | undefined {
  return file.large === undefined ? readWhole(file.bytes, tools) : readWindows(file.large.windows, tools);
}

function readWhole(bytes: Uint8Array, tools: CatalogTools): ExecutablePart | undefined {
  const programs: GoProgram[] = [];
  const crates: RustCrate[] = [];
  let note: PackageNote | undefined;
  let isStripped = false;
  for (const executable of readExecutables(bytes, tools)) {
    const at = goInfoPlace(executable, bytes, tools);
    const info = at === -1 ? undefined : readGoBuildInfo(bytes, at, executable, tools);
    if (info !== undefined) programs.push(goProgram(info));
    crates.push(...(readRustAudit(executable, tools) ?? []));
    note ??= readPackageNote(executable, tools);
    isStripped ||= executable.sections.length === 0;
  }
  const isPacked = isStripped && tools.indexOf(bytes.subarray(0, 4096), "UPX!", 0) !== -1;
  return partOf({ programs, crates, ...(note === undefined ? {} : { note }), ...(isPacked ? { isPacked } : {}) });
}

function readWindows(
  windows: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
  tools: CatalogTools,
): ExecutablePart | undefined {
  let unseen: ExecutablePart["unseen"];
  for (const { offset, bytes } of windows) {
    if (tools.indexOf(bytes, rustSectionName, 0) !== -1) unseen ??= "rust";
    for (let at = tools.indexOf(bytes, goMagic, 0), tries = 0; at !== -1 && tries < 16; tries += 1) {
      const info = readGoBuildInfo(bytes, at, undefined, tools);
      if (info !== undefined) return partOf({ programs: [goProgram(info)], crates: [] });
      if (isGoHeader(bytes, at, offset)) unseen = "go";
      at = tools.indexOf(bytes, goMagic, at + 1);
    }
  }
  return unseen === undefined ? undefined : { programs: [], crates: [], unseen };
}

/** Pointer size and flags as the linker writes them, where it aligns them: the same text in a program that reads such headers has neither. */
function isGoHeader(bytes: Uint8Array, at: number, offset: number): boolean {
  const [pointerBytes = 0, flags = 255] = [bytes[at + 14], bytes[at + 15]];
  return (offset + at) % 16 === 0 && (pointerBytes === 4 || pointerBytes === 8) && flags <= 3;
}

function partOf(part: ExecutablePart): ExecutablePart | undefined {
  const isEmpty =
    part.programs.length === 0 && part.crates.length === 0 && part.note === undefined && part.isPacked === undefined;
  return isEmpty ? undefined : part;
}

interface Found {
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly cataloger: string;
  readonly scope?: "development";
  readonly cpes?: string[];
  readonly licenses?: string[];
  readonly qualifiers?: Record<string, string>;
}

function packageOf(found: Found, path: string, layer: number): SoftwarePackage {
  return {
    namespace: "",
    architecture: "",
    module: "",
    licenses: [],
    cpes: [],
    qualifiers: {},
    scope: "installed",
    ownedBy: "",
    ...found,
    evidence: [{ path: `/${path}`, layer, line: 0, kind: "binary" }],
  };
}

/** "github.com/a/b" is the namespace "github.com/a" and the name "b". */
export function splitModulePath(path: string): { namespace: string; name: string } {
  const slash = path.lastIndexOf("/");
  return slash === -1
    ? { namespace: "", name: path }
    : { namespace: path.slice(0, slash), name: path.slice(slash + 1) };
}

function* foundIn({ programs, crates, note }: ExecutablePart): Generator<Found> {
  for (const { modules } of programs) {
    for (const [path, version] of modules) {
      const { namespace, name } = splitModulePath(path);
      if (name !== "") yield { type: "golang", namespace, name, version, cataloger: "go/binary" };
    }
  }
  for (const { name, version, isBuild } of crates) {
    yield { type: "cargo", name, version, cataloger: "rust/auditable", ...(isBuild ? { scope: "development" } : {}) };
  }
  if (note === undefined) return;
  const { type, name, version, architecture, os, osVersion, cpe, license } = note;
  const distro = osVersion === "" ? os : `${os}-${osVersion}`;
  yield {
    type,
    namespace: os,
    name,
    version,
    architecture,
    cataloger: "binary/note",
    ...(cpe.startsWith("cpe:2.3:") ? { cpes: [cpe] } : {}),
    ...(license === "" ? {} : { licenses: [license] }),
    ...(os === "" ? {} : { qualifiers: { distro } }),
  };
}

function combine(files: readonly CatalogedFile<ExecutablePart>[]): Combined {
  const packages: SoftwarePackage[] = [];
  const gaps: AnalysisGap[] = [];
  for (const { path, layer, part } of files) {
    if (part.isPacked === true) {
      const because = "packed by UPX: what it was built from cannot be seen";
      gaps.push({ kind: "not-supported", layer, subject: `/${path}`, because, count: 1 });
    }
    if (part.unseen !== undefined) {
      const because = unseenWords[part.unseen];
      gaps.push({ kind: "file-too-large", layer, subject: `/${path}`, because, count: 1 });
    }
    const seen = new Set<string>();
    for (const found of foundIn(part)) {
      // A fat file holds the same program once an architecture.
      const key = [found.type, found.namespace, found.name, found.version, found.scope].join(" ");
      if (seen.has(key)) continue;
      seen.add(key);
      packages.push(packageOf(found, path, layer));
    }
  }
  return { packages, gaps };
}

export const executableCataloger = defineCataloger<ExecutablePart>({
  id: "binary/executable",
  version: 2,
  wants: {
    executables: true,
    bytesMax: wholeBytesMax,
    overIsSilent: true,
    large: {
      headBytes: 4096,
      tailBytes: 0,
      needles: () => [goMagic, rustSectionName],
      beforeBytes: 0,
      afterBytes: 512 * 1024,
      windowsMax: 4,
    },
  },
  read: readFile,
  combine,
});

// What a cataloguer is: which files it wants, what it reads out of one, and how the visible files of all layers become packages.
// Two steps, because layers are read once, cached one by one, and only squashing says which files are really there.
import type { AnalysisGap, OperatingSystem } from "../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";

/** Which files: any one of the lists is enough. All names are compared as they are, case counts. Paths have no leading "/". */
export interface FileWants {
  /** Base names: "package.json". */
  readonly names?: readonly string[];
  /** Ends of base names: ".jar". */
  readonly suffixes?: readonly string[];
  /** Whole paths: "var/lib/dpkg/status". */
  readonly paths?: readonly string[];
  /** Files right in a folder: "var/lib/dpkg/status.d/". */
  readonly folders?: readonly string[];
  /** Base names, for what the lists cannot say: linear, anchored. */
  readonly pattern?: RegExp;
  /** Regular files with an execute bit (or a name with ".so") that begin with an executable's magic number: ELF, Mach-O, PE. */
  readonly executables?: true;
  /** A larger file is a gap "file-too-large", or is left out without one when `overIsSilent`. */
  readonly bytesMax: number;
  readonly overIsSilent?: true;
  /** What is given of a larger file instead, so that a binary of any size costs little memory; then there is no gap. */
  readonly large?: LargeFileWants;
}

/** Of a file over `bytesMax`: its first bytes as `bytes`, its last ones, and a window at each place where a needle stands (one character a byte). */
export interface LargeFileWants {
  readonly headBytes: number;
  readonly tailBytes: number;
  /** By path: few, for each one is a search over the whole file. */
  needles(path: string): readonly string[];
  readonly beforeBytes: number;
  readonly afterBytes: number;
  /** Windows per needle; later places are left out. */
  readonly windowsMax: number;
}

/** One regular file of a layer. `bytes` is a view that is only good during the call. */
export interface CatalogFile {
  /** No leading "/". */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
  /** As UTF-8, bad bytes replaced. */
  text(): string;
  /** One character a byte. */
  latin1(): string;
  /** Only when `bytes` is not the whole file, see LargeFileWants. */
  readonly large?: LargeFile;
}

export interface LargeFile {
  readonly sizeBytes: number;
  /** Parts of the file by their offset, the tail last. */
  readonly windows: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** What a pure reader cannot do by itself. Each throws a Fault when the data is bad or grows over `bytesMax`. */
export interface CatalogTools {
  inflateRaw(bytes: Uint8Array, bytesMax: number): Uint8Array;
  inflateZlib(bytes: Uint8Array, bytesMax: number): Uint8Array;
  gunzip(bytes: Uint8Array, bytesMax: number): Uint8Array;
  unzstd(bytes: Uint8Array, bytesMax: number): Uint8Array;
  utf8(bytes: Uint8Array): string;
  latin1(bytes: Uint8Array): string;
  /** Lower-case hex. */
  sha1(bytes: Uint8Array): string;
  sha256(bytes: Uint8Array): string;
  /** Position of `needle` in `bytes` from `from`, -1 when absent; native speed. */
  indexOf(bytes: Uint8Array, needle: string | Uint8Array, from?: number): number;
}

/** A file's part as it was read, at its place. */
export interface CatalogedFile<Part> {
  readonly path: string;
  readonly layer: number;
  readonly part: Part;
}

export interface CombineContext {
  readonly operatingSystem: OperatingSystem | undefined;
  /** Whether a path (no leading "/") is in the squashed image. */
  has(path: string): boolean;
}

export interface Combined {
  /** `ownedBy` is left empty: ownership is joined afterwards, over all cataloguers. */
  readonly packages: readonly SoftwarePackage[];
  /** Only of distributions' packages: files and folders that `packages[index]` owns, as its database writes them ("/usr/bin/x"). */
  readonly owned?: readonly { readonly index: number; readonly paths: readonly string[] }[];
  /** Of packages of languages: loadable files that `packages[index]` lists as its own, absolute. Not ownership: for what a live process has loaded. */
  readonly files?: readonly { readonly index: number; readonly paths: readonly string[] }[];
  readonly gaps?: readonly AnalysisGap[];
}

/**
 * A cataloguer. `read` sees one file and gives plain data (JSON can hold it: it is cached by layer), or undefined for "nothing of mine". It throws a Fault when
 * the file is broken: that is a gap with layer and path, and the rest goes on. `combine` sees the parts of the files that are visible in the whole image, in the
 * order of their paths.
 */
export interface Cataloger<Part = unknown> {
  /** "deb/dpkg": ecosystem and way. */
  readonly id: string;
  /** Raised whenever `read` would give something else: caches of layers go by it. */
  readonly version: number;
  readonly wants: FileWants;
  read(file: CatalogFile, tools: CatalogTools): Part | undefined;
  combine(files: readonly CatalogedFile<Part>[], context: CombineContext): Combined;
}

/** Keeps the part's type inside the unit; the list holds them all alike. */
export function defineCataloger<Part>(cataloger: Cataloger<Part>): Cataloger {
  // oxlint-disable-next-line no-unnecessary-type-assertion -- the compiler needs it: a part is read and combined by the same unit only
  return cataloger as unknown as Cataloger;
}

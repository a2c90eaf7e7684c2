// What the Go linker writes about a program: toolchain and modules. Both of its formats: inline strings (1.18 and later) and pointers to them (before).
// After the documented layout of runtime/debug and debug/buildinfo.
import { badData, byteReader, type ByteReader } from "../bytes.ts";
import type { CatalogTools } from "../../cataloger.ts";
import { offsetOf, orElse, type Executable } from "./executable.ts";

export const goMagic = "\u00ff Go buildinf:";

export interface GoModule {
  readonly path: string;
  readonly version: string;
}

export interface GoBuildInfo {
  /** "go1.21.3", "go1.22rc1 X:boringcrypto", "devel go1.24-abcdef". */
  readonly toolchain: string;
  /** The program's package: "example.org/tool/cmd/tool"; "" when it was built without modules. */
  readonly package: string;
  readonly main: GoModule | undefined;
  /** What was really linked: replacements stand for what they replace. */
  readonly modules: readonly GoModule[];
  readonly settings: ReadonlyMap<string, string>;
}

const headerBytes = 32;
const textBytesMax = 16 * 1024 * 1024;
const modulesMax = 20_000;
const versionBytesMax = 1024;

/** Where the linker says it put it, else where PE and stripped programs have it. */
export function goInfoPlace(executable: Executable, bytes: Uint8Array, tools: CatalogTools): number {
  const section = executable.sections.find(({ name }) => name === ".go.buildinfo" || name === "__go_buildinfo");
  if (section !== undefined) return section.offset;
  const isStripped = executable.sections.length === 0;
  const data = executable.sections.find(({ name }) => name === ".data" || name === "__data");
  if (executable.format === "elf" && !isStripped) return -1;
  const [start, end] = data === undefined ? [0, bytes.length] : [data.offset, data.offset + data.size];
  const at = tools.indexOf(bytes.subarray(start, end), goMagic, 0);
  return at === -1 ? -1 : start + at;
}

/** Length as a varint, then so many bytes. */
function inlineText(reader: ByteReader, at: number, bytesMax: number): readonly [bytes: Uint8Array, next: number] {
  let length = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.u8(next);
    next += 1;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
    if (shift > 28) throw badData("Go build information with a wrong length");
  }
  if (length > bytesMax) throw badData("Go build information with a wrong length");
  return [reader.slice(next, length), next + length];
}

/** A string header at an address: a pointer and a length. */
function pointedText(executable: Executable, headerAddress: number, bytesMax: number): Uint8Array {
  const { reader, is64 } = executable;
  const word = (at: number): number => (is64 ? reader.u64(at) : reader.u32(at));
  const headerAt = offsetOf(executable, headerAddress);
  if (headerAddress === 0 || headerAt === undefined) return new Uint8Array(0);
  const length = word(headerAt + (is64 ? 8 : 4));
  const textAt = offsetOf(executable, word(headerAt));
  if (length === 0 || length > bytesMax || textAt === undefined) return new Uint8Array(0);
  return reader.slice(textAt, length);
}

/** The module text stands between two marks of 16 bytes. */
function withoutMarks(bytes: Uint8Array): Uint8Array {
  return bytes.length >= 33 && bytes[bytes.length - 17] === 10 ? bytes.subarray(16, -16) : new Uint8Array(0);
}

function infoOf(version: Uint8Array, text: Uint8Array, tools: CatalogTools): GoBuildInfo | undefined {
  const toolchain = tools.utf8(version);
  const isToolchain = /^(?:devel |go)[\x20-\x7e]{1,200}$/.test(toolchain);
  return isToolchain ? { toolchain, ...readModuleText(tools.utf8(withoutMarks(text))) } : undefined;
}

/** Reads at the magic. `executable` undefined: only a window of a large file is there, so pointers lead nowhere. Undefined when it is not what it seems. */
export function readGoBuildInfo(
  bytes: Uint8Array,
  at: number,
  executable: Executable | undefined,
  tools: CatalogTools,
): GoBuildInfo | undefined {
  return orElse(() => readAt(bytes, at, executable, tools), undefined);
}

function readAt(
  bytes: Uint8Array,
  at: number,
  executable: Executable | undefined,
  tools: CatalogTools,
): GoBuildInfo | undefined {
  const reader = executable?.reader ?? byteReader(bytes, true, "Go build information");
  if (tools.indexOf(reader.slice(at, headerBytes), goMagic, 0) !== 0) return undefined;
  const flags = reader.u8(at + 15);
  if ((flags & 2) !== 0) {
    const [version, next] = inlineText(reader, at + headerBytes, versionBytesMax);
    return infoOf(version, inlineText(reader, next, textBytesMax)[0], tools);
  }
  const pointerBytes = reader.u8(at + 14);
  if (executable === undefined || pointerBytes !== (executable.is64 ? 8 : 4)) return undefined;
  const pointer = (place: number): number => (executable.is64 ? reader.u64(place) : reader.u32(place));
  const version = pointedText(executable, pointer(at + 16), versionBytesMax);
  return infoOf(version, pointedText(executable, pointer(at + 16 + pointerBytes), textBytesMax), tools);
}

/** "path\t..", "mod\tpath\tversion\tsum", "dep\t..", "=>\t.." (replaces the line before), "build\tname=value". */
export function readModuleText(text: string): Omit<GoBuildInfo, "toolchain"> {
  let name = "";
  let main: GoModule | undefined;
  const modules: GoModule[] = [];
  const settings = new Map<string, string>();
  let last: "main" | "module" | undefined;
  for (const line of text.split("\n")) {
    const [kind = "", path = "", version = ""] = line.split("\t");
    if (kind === "path") name = path;
    else if (kind === "mod") [main, last] = [{ path, version }, "main"];
    else if (kind === "dep" && modules.length < modulesMax) [last] = ["module", modules.push({ path, version })];
    else if (kind === "=>" && last === "module") modules.push(replacement(modules.pop(), { path, version }));
    else if (kind === "=>" && last === "main") main = replacement(main, { path, version });
    else if (kind === "build" && settings.size < 200) setSetting(settings, line.slice(6));
  }
  return { package: name, main, modules, settings };
}

/** A folder replaces a module by code that no version names. */
function replacement(replaced: GoModule | undefined, by: GoModule): GoModule {
  const isFolder =
    (by.version === "" || by.version === "(devel)") && /^(?:\.{1,2}(?:[/\\]|$)|[/\\]|[A-Za-z]:[/\\])/.test(by.path);
  return isFolder && replaced !== undefined ? { path: replaced.path, version: "" } : by;
}

/** name=value; a value with blanks or quotes is a Go string literal, and so may be the name. */
function setSetting(settings: Map<string, string>, text: string): void {
  const equals = text.indexOf("=");
  if (equals > 0) settings.set(goLiteral(text.slice(0, equals)), goLiteral(text.slice(equals + 1)).slice(0, 65_536));
}

function goLiteral(text: string): string {
  if (text.startsWith("`") && text.endsWith("`") && text.length > 1) return text.slice(1, -1);
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replace(/\\(["\\tn])/g, (_, letter: string) => ({ t: "\t", n: "\n" })[letter] ?? letter);
}

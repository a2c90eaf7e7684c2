// One package out of an rpm database: the header's index of tags and its data, as librpm keeps them (big endian). Bounded; a lying header is a Fault.
import { badData, byteReader, type ByteReader } from "../bytes.ts";
import type { CatalogTools } from "../../cataloger.ts";

export interface RpmEntry {
  readonly name: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
  /** "bash-5.1.8-9.el9.src.rpm"; "" when there is none. */
  readonly sourceRpm: string;
  readonly vendor: string;
  readonly license: string;
  /** "nodejs:18:9020020230327152102:rhel9". */
  readonly modularity: string;
  /** Absolute, one a line; without folders and without files that are only claimed (%ghost). */
  readonly paths: string;
}

const indexEntriesMax = 65_536;
const dataBytesMax = 256 * 1024 * 1024;
const filesMax = 500_000;
const pathLengthMax = 8192;
/** Characters of all paths of one package; later ones are left out. */
const pathsLengthMax = 64 * 1024 * 1024;

const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  oldFileNames: 1027,
  fileModes: 1030,
  fileFlags: 1037,
  sourceRpm: 1044,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  modularity: 5096,
} as const;

const wanted = new Set<number>(Object.values(tags));
const stringTypes = new Set([6, 8, 9]);
const ghost = 1 << 6;

interface TagPlace {
  readonly type: number;
  /** Into the whole blob. */
  readonly at: number;
  readonly count: number;
}

interface Header {
  readonly blob: Uint8Array;
  readonly reader: ByteReader;
  readonly places: ReadonlyMap<number, TagPlace>;
  readonly tools: CatalogTools;
}

function openHeader(blob: Uint8Array, tools: CatalogTools): Header {
  const reader = byteReader(blob, false, "rpm header");
  const entries = reader.u32(0);
  const dataLength = reader.u32(4);
  if (entries === 0 || entries > indexEntriesMax || dataLength > dataBytesMax)
    throw badData("rpm header with a wrong size");
  const dataAt = 8 + entries * 16;
  if (dataAt + dataLength > blob.length) throw badData("rpm header that is cut off");
  const places = new Map<number, TagPlace>();
  for (let index = 0; index < entries; index += 1) {
    const at = 8 + index * 16;
    const tag = reader.u32(at);
    if (!wanted.has(tag) || places.has(tag)) continue;
    const offset = reader.u32(at + 8);
    if (offset >= dataLength) throw badData("rpm header with a tag outside of its data");
    places.set(tag, { type: reader.u32(at + 4), at: dataAt + offset, count: reader.u32(at + 12) });
  }
  return { blob, reader, places, tools };
}

/** NUL-ended strings one after another. */
function stringsOf(header: Header, tag: number): string[] {
  const place = header.places.get(tag);
  if (place === undefined) return [];
  if (!stringTypes.has(place.type) || place.count > filesMax) throw badData("rpm header with a tag of a wrong type");
  const strings: string[] = [];
  let at = place.at;
  for (let left = place.type === 6 ? 1 : place.count; left > 0; left -= 1) {
    const end = header.blob.indexOf(0, at);
    if (end === -1) throw badData("rpm header with a string that has no end");
    strings.push(header.tools.utf8(header.blob.subarray(at, end)));
    at = end + 1;
  }
  return strings;
}

function stringOf(header: Header, tag: number): string {
  return stringsOf(header, tag)[0] ?? "";
}

function numbersOf(header: Header, tag: number): number[] {
  const place = header.places.get(tag);
  if (place === undefined) return [];
  if ((place.type !== 3 && place.type !== 4) || place.count > filesMax)
    throw badData("rpm header with a tag of a wrong type");
  const width = place.type === 3 ? 2 : 4;
  return Array.from({ length: place.count }, (_, index) => {
    const at = place.at + index * width;
    return width === 2 ? header.reader.u16(at) : header.reader.u32(at);
  });
}

function pathsOf(header: Header): string {
  const baseNames = stringsOf(header, tags.baseNames);
  if (baseNames.length === 0) return stringsOf(header, tags.oldFileNames).join("\n");
  const folders = stringsOf(header, tags.dirNames);
  const folderOf = numbersOf(header, tags.dirIndexes);
  const modes = numbersOf(header, tags.fileModes);
  const flags = numbersOf(header, tags.fileFlags);
  const paths: string[] = [];
  let lengthLeft = pathsLengthMax;
  for (const [index, name] of baseNames.entries()) {
    const isFolder = ((modes[index] ?? 0) & 0o170000) === 0o040000;
    const folder = folders[folderOf[index] ?? -1];
    if (isFolder || folder === undefined || ((flags[index] ?? 0) & ghost) !== 0) continue;
    const length = folder.length + name.length;
    if (length > pathLengthMax) continue;
    lengthLeft -= length;
    if (lengthLeft < 0) break;
    paths.push(folder + name);
  }
  return paths.join("\n");
}

/** Reads a header blob as the databases hold it (no magic before it). */
export function readRpmHeader(blob: Uint8Array, tools: CatalogTools): RpmEntry {
  const header = openHeader(blob, tools);
  return {
    name: stringOf(header, tags.name),
    epoch: numbersOf(header, tags.epoch)[0] ?? 0,
    version: stringOf(header, tags.version),
    release: stringOf(header, tags.release),
    architecture: stringOf(header, tags.architecture),
    sourceRpm: stringOf(header, tags.sourceRpm),
    vendor: stringOf(header, tags.vendor),
    license: stringOf(header, tags.license),
    modularity: stringOf(header, tags.modularity),
    paths: pathsOf(header),
  };
}

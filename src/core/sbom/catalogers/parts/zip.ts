// A zip archive's directory and its entries, out of untrusted bytes: zip64, data descriptors, junk in front (self-extracting), encrypted entries told apart.
// Names are decoded only for entries that the caller wants. Format: PKWARE APPNOTE 6.3.
import { Fault } from "../../../../base/fault.ts";
import type { CatalogTools } from "../../cataloger.ts";
import { brokenFile } from "./found.ts";

export const zipLimits = {
  entriesMax: 500_000,
  nameBytesMax: 4096,
  /** The end record and the longest comment. */
  tailBytesMax: 22 + 65_535,
} as const;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  /** Of the local header, from the start of the bytes. */
  readonly offset: number;
  /** Where it ends at the earliest: the local header may be longer than the directory's. */
  readonly endOffset: number;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** All, also those that were not wanted. */
  readonly entryCount: number;
  /** The directory ended before its time; what was read stands. */
  readonly isCut: boolean;
  /** Wanted entries that lie in the bytes of another one, and are left out: one member under many names is a bomb. */
  readonly overlapping: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const full32 = 0xffff_ffff;

interface Placed {
  readonly start: number;
  readonly end: number;
  /** What stands in front of the archive: added to every offset in it. */
  readonly shift: number;
}

/** Entries whose name's bytes `wants` takes (bytes, from, to). Throws a Fault "sbom/broken-file" when there is no directory. */
export function readZip(
  bytes: Uint8Array,
  tools: CatalogTools,
  wants: (from: number, to: number) => boolean,
): ZipDirectory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { start, end, shift } = placeOfDirectory(view);
  const entries: ZipEntry[] = [];
  let at = start;
  let entryCount = 0;
  while (at + 46 <= end && view.getUint32(at, true) === centralSignature) {
    entryCount += 1;
    if (entryCount > zipLimits.entriesMax) break;
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > end) break;
    const from = at + 46;
    if (nameBytes <= zipLimits.nameBytesMax && wants(from, from + nameBytes)) {
      entries.push(readEntry({ view, at, shift, name: tools.utf8(bytes.subarray(from, from + nameBytes)) }));
    }
    at = next;
  }
  const apart = withoutOverlaps(entries, bytes.length);
  return { entries: apart, entryCount, isCut: at < end, overlapping: entries.length - apart.length };
}

/** In the directory's order. Of entries that overlap the one stays that begins first, of two at one place the one that is named first. */
function withoutOverlaps(entries: readonly ZipEntry[], length: number): readonly ZipEntry[] {
  const refused = new Set<ZipEntry>();
  let end = 0;
  for (const entry of entries.toSorted((left, right) => left.offset - right.offset)) {
    // It goes beyond the file: whoever reads it will be told.
    if (entry.endOffset > length) continue;
    if (entry.offset < end) refused.add(entry);
    else end = entry.endOffset;
  }
  return refused.size === 0 ? entries : entries.filter((entry) => !refused.has(entry));
}

function placeOfDirectory(view: DataView): Placed {
  const floor = Math.max(0, view.byteLength - zipLimits.tailBytesMax);
  for (let at = view.byteLength - 22; at >= floor; at -= 1) {
    if (view.getUint8(at) !== 0x50 || view.getUint32(at, true) !== endSignature) continue;
    if (at + 22 + view.getUint16(at + 20, true) > view.byteLength) continue;
    const size = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true);
    if (size === full32 || offset === full32 || view.getUint16(at + 10, true) === 0xffff) {
      const placed = placeOfDirectory64(view, at);
      if (placed !== undefined) return placed;
    }
    const start = at - size;
    if (start < 0 || start < offset) continue;
    if (size > 0 && view.getUint32(start, true) !== centralSignature) continue;
    return { start, end: at, shift: start - offset };
  }
  throw brokenFile("a zip archive without its directory: cut off, or no archive");
}

function placeOfDirectory64(view: DataView, end: number): Placed | undefined {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return undefined;
  // The record stands right before its locator, whatever stands in front of the archive.
  const record = locator - 56;
  const told = Number(view.getBigUint64(locator + 8, true));
  const at = [record, told].find(
    (place) => isInside(view, place, 56) && view.getUint32(place, true) === end64Signature,
  );
  if (at === undefined) return undefined;
  const size = Number(view.getBigUint64(at + 40, true));
  const offset = Number(view.getBigUint64(at + 48, true));
  const start = at - size;
  if (start < 0 || start < offset || !isInside(view, start, 0)) return undefined;
  return { start, end: at, shift: start - offset };
}

function isInside(view: DataView, at: number, length: number): boolean {
  return Number.isSafeInteger(at) && at >= 0 && at + length <= view.byteLength;
}

function readEntry({ view, at, shift, name }: { view: DataView; at: number; shift: number; name: string }): ZipEntry {
  let storedBytes = view.getUint32(at + 20, true);
  let sizeBytes = view.getUint32(at + 24, true);
  let offset = view.getUint32(at + 42, true);
  if (storedBytes === full32 || sizeBytes === full32 || offset === full32) {
    let extra = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = extra + view.getUint16(at + 30, true);
    while (extra + 4 <= extraEnd) {
      const length = view.getUint16(extra + 2, true);
      if (view.getUint16(extra, true) === 1) {
        let field = extra + 4;
        const next = (): number => {
          field += 8;
          return field <= extraEnd ? Number(view.getBigUint64(field - 8, true)) : full32;
        };
        if (sizeBytes === full32) sizeBytes = next();
        if (storedBytes === full32) storedBytes = next();
        if (offset === full32) offset = next();
        break;
      }
      extra += 4 + length;
    }
  }
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const place = offset + shift;
  const endOffset = place + 30 + view.getUint16(at + 28, true) + storedBytes;
  return { name, method, isEncrypted: (flags & 1) !== 0, storedBytes, sizeBytes, offset: place, endOffset };
}

/** An entry's content, at most `bytesMax`: a view when it is stored as it is. Throws a Fault. */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry, bytesMax: number, tools: CatalogTools): Uint8Array {
  if (entry.isEncrypted) throw brokenFile("an entry of a zip archive is encrypted");
  if (entry.sizeBytes > bytesMax || entry.storedBytes > bytes.length) {
    throw new Fault("an entry of a zip archive is too large", { code: "sbom/entry-too-large", kind: "too-large" });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!isInside(view, entry.offset, 30) || view.getUint32(entry.offset, true) !== localSignature) {
    throw brokenFile("an entry of a zip archive is not where the directory says");
  }
  const from = entry.offset + 30 + view.getUint16(entry.offset + 26, true) + view.getUint16(entry.offset + 28, true);
  if (!isInside(view, from, entry.storedBytes)) throw brokenFile("an entry of a zip archive is cut off");
  const stored = bytes.subarray(from, from + entry.storedBytes);
  if (entry.method === 0) return stored;
  if (entry.method !== 8) throw brokenFile(`an entry of a zip archive is packed by method ${entry.method}`);
  return tools.inflateRaw(stored, bytesMax);
}

// Sparse bodies laid out as the file reads: holes become zeros. Works on a stream; the map of dialect 1.0 is taken off the front.
import { blockBytes, number, tarFault } from "./header.ts";
import { decimal, runsOf, type SparseRun } from "./pax.ts";
import type { BodySink } from "./walker.ts";

const zeros = Buffer.alloc(64 * 1024);
const mapBytesMax = 4 * 1024 * 1024;

/** Four pairs of an old GNU header, or twenty-one of an extension block; ends at the first empty one. */
export function oldGnuPairs(block: Buffer, start: number, count: number): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * 24;
    if (block[at] === 0) break;
    numbers.push(number(block, at, 12), number(block, at + 12, 12));
  }
  return numbers;
}

/** Gives `sink` the file's own bytes when fed with the stored ones. `runs` absent: the map comes first in the data. A sink that wants no more is not asked again. */
export function sparseSink(sink: BodySink, realBytes: number, given?: readonly SparseRun[]): BodySink {
  let runs = given;
  let map = Buffer.alloc(0);
  let run = 0;
  let inRun = 0;
  let position = 0;
  let isWanted = true;
  const give = (bytes: Buffer) => {
    if (isWanted) isWanted = sink.write(bytes);
    position += bytes.length;
  };
  const fill = (to: number) => {
    let missing = to - position;
    while (missing > 0) {
      if (!isWanted) break;
      give(zeros.subarray(0, Math.min(zeros.length, missing)));
      missing -= zeros.length;
    }
    position = Math.max(position, to);
  };
  const data = (bytes: Buffer) => {
    let at = 0;
    while (at < bytes.length && run < runs!.length) {
      const { offset, bytes: length } = runs![run]!;
      fill(offset);
      const take = Math.min(length - inRun, bytes.length - at);
      if (take > 0) give(bytes.subarray(at, at + take));
      at += take;
      inRun += take;
      if (inRun < length) continue;
      run++;
      inRun = 0;
    }
  };
  return {
    write(bytes) {
      if (runs !== undefined) data(bytes);
      else {
        map = Buffer.concat([map, bytes]);
        const read = readMap(map, realBytes);
        if (read === undefined) return isWanted;
        runs = read.runs;
        data(map.subarray(read.end));
        map = Buffer.alloc(0);
      }
      return isWanted;
    },
    end(isWhole) {
      if (isWhole) fill(realBytes);
      sink.end(isWhole && runs !== undefined);
    },
  };
}

/** Decimal lines (how many runs, then the pairs), padded to a block; undefined while it is not all there. */
function readMap(
  bytes: Buffer,
  realBytes: number,
): { readonly runs: readonly SparseRun[]; readonly end: number } | undefined {
  if (bytes.length > mapBytesMax) throw tarFault("tar-sparse", "A sparse map is larger than its limit");
  const numbers: number[] = [];
  let at = 0;
  let expected = 1;
  while (numbers.length < expected) {
    const line = bytes.indexOf(0x0a, at);
    if (line < 0) return undefined;
    const value = decimal(bytes.toString("latin1", at, line));
    if (numbers.length === 0) expected = 1 + 2 * value;
    if (expected > mapBytesMax) throw tarFault("tar-sparse", "A sparse map has too many runs");
    numbers.push(value);
    at = line + 1;
  }
  const end = Math.ceil(at / blockBytes) * blockBytes;
  return bytes.length < end ? undefined : { runs: runsOf(numbers.slice(1), realBytes), end };
}

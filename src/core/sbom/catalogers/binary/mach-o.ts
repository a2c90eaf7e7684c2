// Mach-O, the executables of macOS, thin and fat (one program an architecture): sections and segments.
import { byteReader, type ByteReader } from "../bytes.ts";
import type { CatalogTools } from "../../cataloger.ts";
import { fixedName, orElse, sectionsMax, type Executable, type Section, type Segment } from "./executable.ts";

const commandsMax = 4096;
/** Java classes begin with the same magic as fat files; their next number is a version, far above this. */
const architecturesMax = 20;

const magics = { thin32: 0xfeedface, thin64: 0xfeedfacf, fat: 0xcafebabe } as const;
const segmentCommands = { segment32: 0x1, segment64: 0x19 } as const;

export function readMachO(bytes: Uint8Array, tools: CatalogTools): Executable[] {
  const big = byteReader(bytes, false, "Mach-O file");
  if (big.u32(0) !== magics.fat) return orElse(() => readThin(bytes, 0, tools), []);
  const count = big.u32(4) <= architecturesMax ? big.u32(4) : 0;
  const executables: Executable[] = [];
  for (let index = 0; index < count; index += 1) {
    executables.push(...orElse(() => readSlice(big, bytes, index, tools), []));
  }
  return executables;
}

function readSlice(big: ByteReader, bytes: Uint8Array, index: number, tools: CatalogTools): Executable[] {
  const offset = big.u32(8 + index * 20 + 8);
  const size = big.u32(8 + index * 20 + 12);
  return readThin(bytes.subarray(0, offset + size), offset, tools);
}

function readThin(bytes: Uint8Array, start: number, tools: CatalogTools): Executable[] {
  for (const isLittleEndian of [true, false]) {
    const reader = byteReader(bytes.subarray(start), isLittleEndian, "Mach-O file");
    const magic = reader.u32(0);
    if (magic === magics.thin32 || magic === magics.thin64)
      return [readCommands(reader, isLittleEndian, magic === magics.thin64, tools)];
  }
  return [];
}

/** The program with what of its load commands could be read. */
function readCommands(reader: ByteReader, isLittleEndian: boolean, is64: boolean, tools: CatalogTools): Executable {
  const sections: Section[] = [];
  const segments: Segment[] = [];
  const count = Math.min(reader.u32(16), commandsMax);
  orElse(() => {
    for (let index = 0, at = is64 ? 32 : 28; index < count && sections.length < sectionsMax; index += 1) {
      const command = reader.u32(at);
      const size = reader.u32(at + 4);
      if (size < 8) return;
      if (command === (is64 ? segmentCommands.segment64 : segmentCommands.segment32)) {
        segments.push(readSegment(reader, at, is64));
        sections.push(...readSections(reader, at, is64, tools));
      }
      at += size;
    }
  }, undefined);
  return { format: "mach-o", reader, isLittleEndian, is64, sections, segments };
}

function readSegment(reader: ByteReader, at: number, is64: boolean): Segment {
  return is64
    ? { address: reader.u64(at + 24), offset: reader.u64(at + 40), size: reader.u64(at + 48) }
    : { address: reader.u32(at + 24), offset: reader.u32(at + 32), size: reader.u32(at + 36) };
}

function readSections(reader: ByteReader, at: number, is64: boolean, tools: CatalogTools): Section[] {
  const count = Math.min(reader.u32(at + (is64 ? 64 : 48)), sectionsMax);
  const sections: Section[] = [];
  for (let index = 0; index < count; index += 1) {
    const sectionAt = at + (is64 ? 72 + index * 80 : 56 + index * 68);
    const size = is64 ? reader.u64(sectionAt + 40) : reader.u32(sectionAt + 36);
    const offset = reader.u32(sectionAt + (is64 ? 48 : 40));
    const name = fixedName(reader.slice(sectionAt, 16), tools);
    if (offset !== 0 && offset + size <= reader.length) sections.push({ name, offset, size });
  }
  return sections;
}

// ELF: 32 and 64 bits, both byte orders; sections that have bytes in the file, and loaded segments.
import { byteReader, type ByteReader } from "../bytes.ts";
import type { CatalogTools } from "../../cataloger.ts";
import { fixedName, orElse, sectionsMax, type Executable, type Section, type Segment } from "./executable.ts";

/** Places of fields by class: [32 bits, 64 bits]. */
const layout = {
  headers: {
    segmentsAt: [28, 32],
    sectionsAt: [32, 40],
    segmentSize: [42, 54],
    segmentCount: [44, 56],
    sectionSize: [46, 58],
    sectionCount: [48, 60],
    namesIndex: [50, 62],
  },
  section: { offset: [16, 24], size: [20, 32] },
  segment: { offset: [4, 8], address: [8, 16], size: [16, 32] },
} as const;

const noBits = 8;
const load = 1;

export function readElf(bytes: Uint8Array, tools: CatalogTools): Executable | undefined {
  const is64 = bytes[4] === 2;
  const isLittleEndian = bytes[5] !== 2;
  const reader = byteReader(bytes, isLittleEndian, "ELF file");
  return {
    format: "elf",
    reader,
    is64,
    isLittleEndian,
    sections: orElse(() => readSections(reader, is64, tools), []),
    segments: orElse(() => readSegments(reader, is64), []),
  };
}

function word(reader: ByteReader, is64: boolean, at: number): number {
  return is64 ? reader.u64(at) : reader.u32(at);
}

function readSections(reader: ByteReader, is64: boolean, tools: CatalogTools): Section[] {
  const which = is64 ? 1 : 0;
  const { headers, section } = layout;
  const tableAt = word(reader, is64, headers.sectionsAt[which]);
  const entryBytes = reader.u16(headers.sectionSize[which]);
  if (tableAt === 0 || entryBytes < 40) return [];
  // Counts that do not fit are kept in the first section.
  const count = reader.u16(headers.sectionCount[which]) || word(reader, is64, tableAt + section.size[which]);
  const namesIndex = reader.u16(headers.namesIndex[which]);
  const names = namesIndex === 0xffff ? reader.u32(tableAt + (is64 ? 40 : 24)) : namesIndex;
  const namesAt = word(reader, is64, tableAt + names * entryBytes + section.offset[which]);
  const namesSize = word(reader, is64, tableAt + names * entryBytes + section.size[which]);
  const nameBytes = reader.slice(namesAt, namesSize);
  const sections: Section[] = [];
  for (let index = 1; index < Math.min(count, sectionsMax); index += 1) {
    const at = tableAt + index * entryBytes;
    if (reader.u32(at + 4) === noBits) continue;
    const nameAt = reader.u32(at);
    const name = fixedName(nameBytes.subarray(nameAt, nameAt + 64), tools);
    const offset = word(reader, is64, at + section.offset[which]);
    const size = word(reader, is64, at + section.size[which]);
    if (offset + size <= reader.length) sections.push({ name, offset, size });
  }
  return sections;
}

function readSegments(reader: ByteReader, is64: boolean): Segment[] {
  const which = is64 ? 1 : 0;
  const { headers, segment } = layout;
  const tableAt = word(reader, is64, headers.segmentsAt[which]);
  const entryBytes = reader.u16(headers.segmentSize[which]);
  const count = reader.u16(headers.segmentCount[which]);
  const segments: Segment[] = [];
  for (let index = 0; index < Math.min(count, sectionsMax); index += 1) {
    const at = tableAt + index * entryBytes;
    if (reader.u32(at) !== load) continue;
    segments.push({
      address: word(reader, is64, at + segment.address[which]),
      offset: word(reader, is64, at + segment.offset[which]),
      size: word(reader, is64, at + segment.size[which]),
    });
  }
  return segments;
}

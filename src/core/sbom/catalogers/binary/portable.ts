// PE, the executables of Windows: sections and where they are loaded.
import { byteReader, type ByteReader } from "../bytes.ts";
import type { CatalogTools } from "../../cataloger.ts";
import { fixedName, orElse, type Executable, type Section, type Segment } from "./executable.ts";

interface Tables {
  readonly sections: Section[];
  readonly segments: Segment[];
  readonly is64: boolean;
}

export function readPortable(bytes: Uint8Array, tools: CatalogTools): Executable | undefined {
  const reader = byteReader(bytes, true, "PE file");
  const tables = orElse(() => readTables(reader, tools), undefined);
  return tables === undefined ? undefined : { format: "pe", reader, isLittleEndian: true, ...tables };
}

function readTables(reader: ByteReader, tools: CatalogTools): Tables | undefined {
  const at = reader.u32(0x3c);
  if (reader.u32(at) !== 0x4550) return undefined;
  const count = reader.u16(at + 6);
  const optionalAt = at + 24;
  const is64 = reader.u16(optionalAt) === 0x20b;
  const imageBase = is64 ? reader.u64(optionalAt + 24) : reader.u32(optionalAt + 28);
  const tableAt = optionalAt + reader.u16(at + 20);
  const sections: Section[] = [];
  const segments: Segment[] = [];
  for (let index = 0; index < Math.min(count, 96); index += 1) {
    const sectionAt = tableAt + index * 40;
    const offset = reader.u32(sectionAt + 20);
    const size = Math.min(reader.u32(sectionAt + 16), Math.max(0, reader.length - offset));
    const name = fixedName(reader.slice(sectionAt, 8), tools);
    if (size === 0) continue;
    sections.push({ name, offset, size });
    segments.push({ address: imageBase + reader.u32(sectionAt + 12), offset, size });
  }
  return { sections, segments, is64 };
}

// Small ELF files for tests: named sections, one loaded segment over the whole file, either class and byte order.

export interface ElfOptions {
  readonly is64: boolean;
  readonly isLittleEndian: boolean;
}

/** Address that the file's first byte is loaded at. */
export const elfBase = 0x40_0000;

/** Sections stand one after another from offset 256, each at a multiple of 16; `bytes` may be made from the section's own address. */
export function elfFile(
  sections: readonly { readonly name: string; readonly bytes: Uint8Array | ((address: number) => Uint8Array) }[],
  { is64, isLittleEndian }: ElfOptions = { is64: true, isLittleEndian: true },
): Uint8Array {
  const file = new Uint8Array(64 * 1024);
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number): void => view.setUint16(at, value, isLittleEndian);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, isLittleEndian);
  const word = (at: number, value: number): void =>
    is64 ? view.setBigUint64(at, BigInt(value), isLittleEndian) : u32(at, value);
  let end = 256;
  const places = sections.map(({ name, bytes }) => {
    const offset = end;
    const content = typeof bytes === "function" ? bytes(elfBase + offset) : bytes;
    file.set(content, offset);
    end = Math.ceil((offset + content.length) / 16) * 16;
    return { name, offset, size: content.length };
  });
  const names = ["", ...sections.map(({ name }) => name), ".shstrtab"].join("\0") + "\0";
  const namesAt = end;
  file.set(new TextEncoder().encode(names), namesAt);
  const tableAt = Math.ceil((namesAt + names.length) / 16) * 16;
  const entryBytes = is64 ? 64 : 40;
  const all = [{ name: "", offset: 0, size: 0 }, ...places, { name: ".shstrtab", offset: namesAt, size: names.length }];
  for (const [index, { name, offset, size }] of all.entries()) {
    const at = tableAt + index * entryBytes;
    u32(at, index === 0 ? 0 : names.indexOf(`\0${name}\0`) + 1);
    u32(at + 4, index === 0 ? 0 : 1);
    word(at + (is64 ? 24 : 16), offset);
    word(at + (is64 ? 32 : 20), size);
  }
  const length = tableAt + all.length * entryBytes;
  file.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, isLittleEndian ? 1 : 2, 1]);
  const at = is64
    ? {
        segments: 32,
        sections: 40,
        segmentSize: 54,
        segmentCount: 56,
        sectionSize: 58,
        sectionCount: 60,
        names: 62,
        table: 64,
      }
    : {
        segments: 28,
        sections: 32,
        segmentSize: 42,
        segmentCount: 44,
        sectionSize: 46,
        sectionCount: 48,
        names: 50,
        table: 64,
      };
  word(at.segments, at.table);
  word(at.sections, tableAt);
  u16(at.segmentSize, is64 ? 56 : 32);
  u16(at.segmentCount, 1);
  u16(at.sectionSize, entryBytes);
  u16(at.sectionCount, all.length);
  u16(at.names, all.length - 1);
  u32(at.table, 1);
  word(at.table + (is64 ? 8 : 4), 0);
  word(at.table + (is64 ? 16 : 8), elfBase);
  word(at.table + (is64 ? 32 : 16), length);
  return file.slice(0, length);
}

// What an executable is to the readers here: named sections and a map of addresses, whichever of the three formats it has. Broken tables mean fewer sections, never an exception: odd binaries are common.
import { Fault } from "../../../../base/fault.ts";
import type { CatalogTools } from "../../cataloger.ts";
import type { ByteReader } from "../bytes.ts";

export interface Section {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** A stretch of the file that is loaded at an address. */
export interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

export interface Executable {
  readonly format: "elf" | "mach-o" | "pe";
  readonly reader: ByteReader;
  readonly is64: boolean;
  readonly isLittleEndian: boolean;
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
}

export const sectionsMax = 4096;

/** What `read` gives, or `otherwise` when the bytes lie. */
export function orElse<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return otherwise;
    throw error;
  }
}

export function sectionBytes(executable: Executable, section: Section): Uint8Array {
  return executable.reader.slice(section.offset, section.size);
}

/** Where in the file the address is; undefined when no segment holds it. */
export function offsetOf(executable: Executable, address: number): number | undefined {
  const segment = executable.segments.find((item) => address >= item.address && address < item.address + item.size);
  return segment === undefined ? undefined : segment.offset + (address - segment.address);
}

/** A name in a field of fixed width, without the zeros after it. */
export function fixedName(bytes: Uint8Array, tools: CatalogTools): string {
  const end = bytes.indexOf(0);
  return tools.latin1(end === -1 ? bytes : bytes.subarray(0, end));
}

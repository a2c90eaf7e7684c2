// Executables recognised by their magic: ELF, PE, Mach-O.
import type { CatalogTools } from "../../cataloger.ts";
import { readElf } from "./elf.ts";
import type { Executable } from "./executable.ts";
import { readMachO } from "./mach-o.ts";
import { readPortable } from "./portable.ts";

/** Every program in the bytes: one, or one an architecture in a "fat" Mach-O file. None when it is no executable. */
export function readExecutables(bytes: Uint8Array, tools: CatalogTools): Executable[] {
  if (bytes.length < 64) return [];
  const [first, second, third, fourth] = bytes;
  if (first === 0x7f && second === 0x45 && third === 0x4c && fourth === 0x46) return listOf(readElf(bytes, tools));
  if (first === 0x4d && second === 0x5a) return listOf(readPortable(bytes, tools));
  return readMachO(bytes, tools);
}

function listOf(executable: Executable | undefined): Executable[] {
  return executable === undefined ? [] : [executable];
}

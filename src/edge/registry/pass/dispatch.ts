// Which cataloguers want a file, decided by its name before a byte of its body is touched: one look-up by base name, one by ending, one by folder, few patterns.
import type { Cataloger } from "../../../core/sbom/cataloger.ts";

export interface Interest {
  readonly cataloger: Cataloger;
  /** Only when the file begins as executables do. */
  readonly isByMagic: boolean;
}

export interface Dispatch {
  /** undefined: nobody wants it. */
  wanted(folder: string, name: string, mode: number): readonly Interest[] | undefined;
}

export function createDispatch(catalogers: readonly Cataloger[]): Dispatch {
  const names = new Map<string, Cataloger[]>();
  const endings = new Map<string, Cataloger[]>();
  const suffixes: { readonly suffix: string; readonly cataloger: Cataloger }[] = [];
  const paths = new Map<string, { readonly folder: string; readonly cataloger: Cataloger }[]>();
  const folders = new Map<string, Cataloger[]>();
  const patterns: { readonly pattern: RegExp; readonly cataloger: Cataloger }[] = [];
  const byMagic: Interest[] = [];
  for (const cataloger of catalogers) {
    const { wants } = cataloger;
    for (const name of wants.names ?? []) push(names, name, cataloger);
    for (const suffix of wants.suffixes ?? []) {
      if (suffix.startsWith(".") && suffix.lastIndexOf(".") === 0) push(endings, suffix, cataloger);
      else suffixes.push({ suffix, cataloger });
    }
    for (const path of wants.paths ?? []) {
      const cut = path.lastIndexOf("/");
      push(paths, path.slice(cut + 1), { folder: path.slice(0, Math.max(cut, 0)), cataloger });
    }
    for (const folder of wants.folders ?? []) push(folders, folder.replace(/\/$/, ""), cataloger);
    if (wants.pattern !== undefined) patterns.push({ pattern: wants.pattern, cataloger });
    if (wants.executables === true) byMagic.push({ cataloger, isByMagic: true });
  }
  let lastFolder: string | undefined;
  let ofFolder: readonly Cataloger[] | undefined;
  return {
    wanted(folder, name, mode) {
      if (folder !== lastFolder) {
        lastFolder = folder;
        ofFolder = folders.get(folder);
      }
      const found = new Set<Cataloger>(names.get(name));
      const dot = name.lastIndexOf(".");
      if (dot >= 0) for (const cataloger of endings.get(name.slice(dot)) ?? []) found.add(cataloger);
      for (const { suffix, cataloger } of suffixes) if (name.endsWith(suffix)) found.add(cataloger);
      for (const one of paths.get(name) ?? []) if (one.folder === folder) found.add(one.cataloger);
      for (const cataloger of ofFolder ?? []) found.add(cataloger);
      for (const { pattern, cataloger } of patterns) if (pattern.test(name)) found.add(cataloger);
      const isProgram = byMagic.length > 0 && ((mode & 0o111) !== 0 || name.includes(".so"));
      if (found.size === 0 && !isProgram) return undefined;
      const interests: Interest[] = [...found].map((cataloger) => ({ cataloger, isByMagic: false }));
      if (isProgram) for (const interest of byMagic) if (!found.has(interest.cataloger)) interests.push(interest);
      return interests.length === 0 ? undefined : interests;
    },
  };
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** ELF, Mach-O (one or several architectures, either byte order), PE. */
export function isExecutable(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
  return magics.has(magic) || (bytes[0] === 0x4d && bytes[1] === 0x5a);
}

const magics: ReadonlySet<number> = new Set([
  0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe, 0xcafebabf,
]);

// Debian's Packages and InRelease files: stanzas of fields, and the hashes that a release vouches for.
export interface BinaryPackage {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** Within the archive: "pool/...". */
  readonly filename: string;
  readonly size: number;
  readonly sha256: string;
}

/** Stanzas without name, version or file are passed over. */
export function* packagesIn(text: string): Generator<BinaryPackage> {
  for (const stanza of text.split(/\n{2,}/)) {
    const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, "m").exec(stanza)?.[1]?.trim() ?? "";
    const [name, version, filename] = [field("Package"), field("Version"), field("Filename")];
    if (name === "" || version === "") continue;
    const [, source = name, , sourceVersion = version] = /^(\S+)(?:\s+(\((.+)\)))?$/.exec(field("Source")) ?? [];
    yield { name, version, source, sourceVersion, filename, size: Number(field("Size")) || 0, sha256: field("SHA256") };
  }
}

export interface ReleaseFile {
  readonly codename: string;
  readonly suite: string;
  /** By name within the suite's folder. */
  readonly hashes: ReadonlyMap<string, { readonly sha256: string; readonly size: number }>;
}

/** The SHA256 section of an InRelease or Release. */
export function releaseIn(text: string): ReleaseFile {
  const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  const hashes = new Map<string, { readonly sha256: string; readonly size: number }>();
  const section = text.split(/^SHA256:[^\n]*\n/m)[1] ?? "";
  for (const line of section.split("\n")) {
    const [, sha256 = "", size = "", name = ""] = /^ ([0-9a-f]{64}) +(\d+) +(\S+)\s*$/.exec(line) ?? [];
    if (name === "") break;
    hashes.set(name, { sha256, size: Number(size) });
  }
  return { codename: field("Codename"), suite: field("Suite"), hashes };
}

/** Files of each source version, the smallest first: any of them holds the changelog, or says which does. */
export function smallestFirst(packages: Iterable<BinaryPackage>): ReadonlyMap<string, readonly BinaryPackage[]> {
  const bySource = new Map<string, BinaryPackage[]>();
  for (const one of packages) {
    if (one.filename === "") continue;
    const key = `${one.source} ${one.sourceVersion}`;
    const known = bySource.get(key);
    if (known === undefined) bySource.set(key, [one]);
    else known.push(one);
  }
  return new Map([...bySource].map(([key, all]) => [key, all.toSorted((one, other) => one.size - other.size)]));
}

// All images that are known, in memory: by digest, by any other name, and by the packages they share.
import type { ImageRecord } from "../../../core/state/image-ports.ts";

export interface ImageIndex {
  put(record: ImageRecord): void;
  remove(digest: string): void;
  readonly size: number;
  all(): Iterable<ImageRecord>;
  /** By digest, another digest, or a reference, the first that fits: a runtime may call an image by any of them. */
  find(...names: readonly string[]): ImageRecord | undefined;
  /** Digests of images that hold a subject. */
  holding(subject: number): Iterable<string>;
  subjects(): Iterable<number>;
  /** How often a subject is used. */
  uses(subject: number): number;
}

export function createImageIndex(): ImageIndex {
  const byDigest = new Map<string, ImageRecord>();
  const byName = new Map<string, string>();
  const bySubject = new Map<number, Set<string>>();

  function forget(digest: string): void {
    const known = byDigest.get(digest);
    if (known === undefined) return;
    byDigest.delete(digest);
    for (const name of [...known.otherDigests, ...known.references])
      if (byName.get(name) === digest) byName.delete(name);
    for (const subject of known.subjects) {
      const holders = bySubject.get(subject);
      holders?.delete(digest);
      if (holders?.size === 0) bySubject.delete(subject);
    }
  }

  return {
    put(record) {
      forget(record.digest);
      byDigest.set(record.digest, record);
      // A tag moves: the image that was analysed under it last has it.
      for (const name of [...record.otherDigests, ...record.references]) {
        const holder = byDigest.get(byName.get(name) ?? "");
        if (holder === undefined || holder.analysedAtMs <= record.analysedAtMs) byName.set(name, record.digest);
      }
      for (const subject of record.subjects) {
        const holders = bySubject.get(subject);
        if (holders === undefined) bySubject.set(subject, new Set([record.digest]));
        else holders.add(record.digest);
      }
    },
    remove: forget,
    get size() {
      return byDigest.size;
    },
    all: () => byDigest.values(),
    find(...names) {
      for (const name of names) {
        if (name === "") continue;
        const found = byDigest.get(name) ?? byDigest.get(byName.get(name) ?? "");
        if (found !== undefined) return found;
      }
      return undefined;
    },
    holding: (subject) => bySubject.get(subject) ?? [],
    subjects: () => bySubject.keys(),
    uses: (subject) => bySubject.get(subject)?.size ?? 0,
  };
}

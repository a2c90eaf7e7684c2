// All images that are known, in memory: by digest, by other names, and by the packages they share.
import { type ImageRecord, imageTrusts } from "../../../core/state/image-ports.ts";

/** An image as a runtime names it. */
export interface NamedImage {
  /** "" when the runtime says none. */
  readonly digest: string;
  readonly name: string;
}

export interface ImageIndex {
  put(record: ImageRecord): void;
  remove(digest: string): void;
  readonly size: number;
  all(): Iterable<ImageRecord>;
  /** By digest, another digest of it, or a reference. */
  find(name: string): ImageRecord | undefined;
  /** The record of what runs: a digest decides alone (a tag may mean another image by now); the name only where there is none. */
  ofRunning(image: NamedImage): ImageRecord | undefined;
  /** Digests of images that hold a subject. */
  holding(subject: number): Iterable<string>;
  subjects(): Iterable<number>;
}

function rankOf({ trust }: ImageRecord): number {
  return imageTrusts.indexOf(trust);
}

/** Whether `next` may speak for a name that `holder` has: never with less trust; with the same, the later one (a tag moves). */
function mayTake(next: ImageRecord, holder: ImageRecord | undefined): boolean {
  if (holder === undefined || holder.digest === next.digest) return true;
  const [mine, theirs] = [rankOf(next), rankOf(holder)];
  return mine > theirs || (mine === theirs && next.analysedAtMs >= holder.analysedAtMs);
}

export function createImageIndex(): ImageIndex {
  const byDigest = new Map<string, ImageRecord>();
  /** Who claims a name, and who of them has it. */
  const claims = new Map<string, Set<string>>();
  const byName = new Map<string, string>();
  const bySubject = new Map<number, Set<string>>();

  function settle(name: string): void {
    let holder: ImageRecord | undefined;
    for (const digest of claims.get(name) ?? []) {
      const claimant = byDigest.get(digest);
      if (claimant !== undefined && mayTake(claimant, holder)) holder = claimant;
    }
    if (holder === undefined) byName.delete(name);
    else byName.set(name, holder.digest);
  }

  function forget(digest: string): void {
    const known = byDigest.get(digest);
    if (known === undefined) return;
    byDigest.delete(digest);
    for (const name of namesOf(known)) {
      claims.get(name)?.delete(digest);
      if (claims.get(name)?.size === 0) claims.delete(name);
      settle(name);
    }
    for (const subject of known.subjects) {
      const holders = bySubject.get(subject);
      holders?.delete(digest);
      if (holders?.size === 0) bySubject.delete(subject);
    }
  }

  const find = (name: string): ImageRecord | undefined =>
    name === "" ? undefined : (byDigest.get(name) ?? byDigest.get(byName.get(name) ?? ""));

  return {
    put(record) {
      forget(record.digest);
      byDigest.set(record.digest, record);
      for (const name of namesOf(record)) {
        const claimants = claims.get(name);
        if (claimants === undefined) claims.set(name, new Set([record.digest]));
        else claimants.add(record.digest);
        settle(name);
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
    find,
    ofRunning: ({ digest, name }) => find(digest === "" ? name : digest),
    holding: (subject) => bySubject.get(subject) ?? [],
    subjects: () => bySubject.keys(),
  };
}

/** An SBOM's claims of digests are words in a document: they name nothing. */
function namesOf({ otherDigests, references, source }: ImageRecord): readonly string[] {
  return source === "sbom" ? references : [...otherDigests, ...references];
}

// Shard files whose digest was checked before, by their identity: a command that starts anew need not read a hundred megabytes again.
import { readFileSync, renameSync, statSync, writeFileSync, type BigIntStats } from "node:fs";
import path from "node:path";

const file = ".verified.json";
const entriesMax = 20_000;

/** Device, inode, size, and both times: a file that was changed has another change time, which nobody but the kernel sets. */
export function identityOf(found: BigIntStats): string {
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(":");
}

export interface VerifiedFiles {
  has(sha256: string, identity: string): boolean;
  add(sha256: string, identity: string): void;
  save(): void;
}

/** Believed only when the folder and the list belong to this user and nobody else may write them. */
export function loadVerified(folder: string): VerifiedFiles {
  const place = path.join(folder, file);
  const known = new Map<string, string>();
  const isOurs = isPrivate(folder);
  if (isOurs && isPrivate(place)) {
    try {
      for (const [sha256, identity] of Object.entries(
        JSON.parse(readFileSync(place, "utf8")) as Record<string, unknown>,
      )) {
        if (typeof identity === "string" && known.size < entriesMax) known.set(sha256, identity);
      }
    } catch {
      // Damaged: everything is checked again and the list is written anew.
      known.clear();
    }
  }
  let isChanged = false;
  return {
    has: (sha256, identity) => known.get(sha256) === identity,
    add: (sha256, identity) => {
      known.set(sha256, identity);
      isChanged = true;
    },
    save: () => {
      if (!isChanged || !isOurs) return;
      try {
        const draft = `${place}.${process.pid}.part`;
        writeFileSync(draft, JSON.stringify(Object.fromEntries(known)), { mode: 0o600 });
        renameSync(draft, place);
        isChanged = false;
      } catch {
        // A folder that is read only: checked again next time.
        isChanged = false;
      }
    },
  };
}

function isPrivate(place: string): boolean {
  const found = statSync(place, { throwIfNoEntry: false });
  // oxlint-disable-next-line no-bitwise -- permission bits
  return found !== undefined && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

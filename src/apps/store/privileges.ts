// The store never needs root: started as root it becomes the owner of the data folder.
import { mkdirSync, statSync } from "node:fs";

/** Drops to the folder's owner. Returns one line to show when it could not, "" when all is well. */
export function dropPrivileges(dataFolder: string): string {
  if (process.getuid?.() !== 0) return "";
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const owner = statSync(dataFolder);
  if (owner.uid === 0)
    return "the data folder belongs to root, so the store runs as root; give the folder to another user to change that";
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  return "";
}

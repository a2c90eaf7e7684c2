// Root is needed by the sensor only: a server (or store) that was started as root becomes the owner of its data folder.
import { stat } from "node:fs/promises";

export interface ProcessIdentity {
  getuid?(): number;
  setgroups?(groups: readonly number[]): void;
  setgid?(id: number): void;
  setuid?(id: number): void;
}

/**
 * Gives root up for good, before anything is opened. Returns a notice when that was not possible ("" when it was, or was not
 * needed): an owner who is root has no lesser self.
 */
export async function dropPrivileges(dataFolder: string, self: ProcessIdentity): Promise<string> {
  if (self.getuid?.() !== 0) return "";
  const { uid, gid } = await stat(dataFolder);
  if (uid === 0) return "the server runs as root, because the data folder belongs to root";
  // Groups first: after setuid the right to change them is gone.
  self.setgroups?.([gid]);
  self.setgid?.(gid);
  self.setuid?.(uid);
  return "";
}

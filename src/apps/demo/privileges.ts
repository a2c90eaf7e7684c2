// The demo needs no rights: started as root it becomes the owner of the data folder, as the server does, so that the server can read its
// kubeconfig and nothing of it is left behind as root's.
import { stat } from "node:fs/promises";

export interface ProcessIdentity {
  getuid?(): number;
  setgroups?(groups: readonly number[]): void;
  setgid?(id: number): void;
  setuid?(id: number): void;
}

/** Gives root up for good, before anything is opened. An owner who is root has no lesser self. */
export async function dropPrivileges(dataFolder: string, self: ProcessIdentity): Promise<void> {
  if (self.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dataFolder);
  if (uid === 0) return;
  // Groups first: after setuid the right to change them is gone.
  self.setgroups?.([gid]);
  self.setgid?.(gid);
  self.setuid?.(uid);
}

// Files that survive a power cut: written whole beside their place, synced, renamed; the folder's own sync makes the name durable.
import { open, rename, rm } from "node:fs/promises";

let temporaryCount = 0;

/** Writes `content` (0600) so that after a crash the path holds all of it or what it held before. The folder is not synced yet. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  temporaryCount += 1;
  const temporary = `${path}.${temporaryCount}.tmp`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the folder's names durable: files that came, went or were renamed. */
export async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

// Blocks that the store refused for their content, kept for a look: bounded by count and bytes, the oldest leaves first.
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export interface Quarantine {
  readonly blocks: number;
  readonly bytes: number;
  /** Moves the file in under this name, and pushes out the oldest beyond the limits. A file that is gone already is no error. */
  take(path: string, name: string): Promise<void>;
}

/** Opens the folder (0700). Names begin with the ingest number, so that their order is their age. */
export async function createQuarantine(
  folder: string,
  limits: { readonly quarantineBytesMax: number; readonly quarantineBlocksMax: number },
): Promise<Quarantine> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: { readonly name: string; readonly bytes: number }[] = [];
  for (const name of (await readdir(folder)).sort()) files.push({ name, bytes: (await stat(join(folder, name))).size });
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);

  return {
    get blocks() {
      return files.length;
    },
    get bytes() {
      return bytes;
    },
    async take(path, name) {
      try {
        const { size } = await stat(path);
        await rename(path, join(folder, name));
        files.push({ name, bytes: size });
        bytes += size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      while (files.length > limits.quarantineBlocksMax || bytes > limits.quarantineBytesMax) {
        const oldest = files.shift();
        if (oldest === undefined) return;
        bytes -= oldest.bytes;
        await rm(join(folder, oldest.name), { force: true });
      }
    },
  };
}

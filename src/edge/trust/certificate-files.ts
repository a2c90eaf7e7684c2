// Keys and certificates as files of the pki folder: folder 0700, keys 0600, written whole or not at all.
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";

/** Makes the folder (0700) when it is missing. */
export async function preparePkiFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** The file's text, or undefined when there is none. Throws a Fault when it exists and cannot be read. */
export async function readPem(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Fault(`${path} cannot be read`, {
      code: "trust/unreadable",
      kind: "internal",
      hint: "make the file readable for the user that runs the server",
      cause: error,
    });
  }
}

/** Writes through a temporary file, fsync and rename, so that a crash leaves the old or the new file, never half of one. */
export async function writePem(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

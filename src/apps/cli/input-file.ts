// Files that a command line names: read, or refused in the one wording of base/unreadable-file.ts.
import { readFileSync, statSync, type Stats } from "node:fs";
import { readFile } from "node:fs/promises";
import { unreadableFile, type UnreadableFile } from "../../base/unreadable-file.ts";

/** The whole file. Throws a usage Fault that names it. */
export async function readInput(file: string, options?: UnreadableFile): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw unreadableFile(file, cause, options);
  }
}

export async function readInputText(file: string, options?: UnreadableFile): Promise<string> {
  return (await readInput(file, options)).toString("utf8");
}

export function readInputTextSync(file: string, options?: UnreadableFile): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw unreadableFile(file, cause, options);
  }
}

/** For a file or folder that is opened later, by code that knows nothing of command lines. Throws a usage Fault that names it. */
export function inputFacts(name: string, options?: UnreadableFile): Stats {
  try {
    return statSync(name);
  } catch (cause) {
    throw unreadableFile(name, cause, options);
  }
}

// What the server lends to sinks: two folders and variables with a fixed prefix. A resource names secrets and files; it can never reach beyond these.
import { constants } from "node:fs";
import { mkdir, open, realpath } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { sinkLimits } from "./sink.ts";

export interface SinkSurroundings {
  readonly version: string;
  readonly guard: AddressGuard;
  readonly secretsFolder: string;
  readonly filesFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The server's standard output; resolves when it was taken. */
  readonly print: (text: string) => Promise<void>;
}

function refused(message: string, hint: string, cause?: unknown): Fault {
  return new Fault(message, { code: "sinks/not-there", kind: "usage", hint, cause });
}

/** The secret that a reference names: a variable, or a file's first line. Never in a message. Throws Fault "sinks/not-there". */
export async function readSecret(
  { environment, file }: { readonly environment: string; readonly file: string },
  surroundings: SinkSurroundings,
): Promise<string> {
  if (environment !== "") {
    const value = environment.startsWith("GARRISON_SINK_") ? surroundings.environment[environment] : undefined;
    if (value !== undefined && value !== "") return headerValue(value, environment);
    throw refused(
      `the server has no variable ${environment}`,
      "set it where the server is started, and restart the server",
    );
  }
  const [line = ""] = (await readLent(file, surroundings)).split(/\r?\n/, 1);
  if (line === "") throw refused(`the first line of ${file} is empty`, "put the secret into its first line");
  return headerValue(line, file);
}

function headerValue(value: string, from: string): string {
  if (/^[\x20-\x7e]+$/.test(value)) return value;
  throw refused(`what ${from} holds cannot stand in a header`, "use printable ASCII in one line");
}

/** A file of the folder for secrets, whole. */
export async function readLent(file: string, { secretsFolder }: SinkSurroundings): Promise<string> {
  const place = await within(secretsFolder, file);
  try {
    const handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > sinkLimits.secretBytesMax)
        throw refused(
          `${file} is no file of at most ${sinkLimits.secretBytesMax} bytes`,
          "name the file with the secret",
        );
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw refused(`${file} cannot be read in ${secretsFolder}`, "put it there, readable for the server's user", cause);
  }
}

/** The real path of an existing file, which must be below the folder with all links followed. */
async function within(folder: string, file: string): Promise<string> {
  let [root, place] = ["", ""];
  try {
    root = await realpath(folder);
    place = await realpath(path.resolve(root, file));
  } catch (cause) {
    throw refused(`there is no ${file} in ${folder}`, "put it there, readable for the server's user", cause);
  }
  if (isBelow(root, place)) return place;
  throw refused(`${file} leads out of ${folder}`, "sinks read secrets in that folder only: sinks.secretsFolder");
}

function isBelow(root: string, place: string): boolean {
  return place.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

/** By the names alone: links are looked at when it is opened. Throws as outputPath. */
export function checkOutputPath(file: string, { filesFolder }: Pick<SinkSurroundings, "filesFolder">): void {
  const root = path.resolve(filesFolder);
  if (isBelow(root, path.resolve(root, file))) return;
  throw refused(`${file} leads out of ${filesFolder}`, "sinks write in that folder only: sinks.filesFolder");
}

/** Where a file sink writes: its folder is made, and may not lead out of the lent one. Throws Fault "sinks/not-there". */
export async function outputPath(file: string, { filesFolder }: SinkSurroundings): Promise<string> {
  await mkdir(filesFolder, { recursive: true, mode: 0o700 });
  const root = await realpath(filesFolder);
  const wanted = path.resolve(root, file);
  const hint = "sinks write in that folder only: sinks.filesFolder";
  if (!isBelow(root, wanted)) throw refused(`${file} leads out of ${filesFolder}`, hint);
  await mkdir(path.dirname(wanted), { recursive: true, mode: 0o700 });
  const parent = await realpath(path.dirname(wanted));
  if (parent !== root && !isBelow(root, parent)) throw refused(`${file} leads out of ${filesFolder}`, hint);
  return path.join(parent, path.basename(wanted));
}

// Where Garrison keeps its data when nobody says otherwise, and the paths inside it (docs/decisions/0001).
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Fault } from "../../base/fault.ts";

/** GARRISON_DATA, else $XDG_DATA_HOME/garrison, else ~/.local/share/garrison. */
export function defaultDataFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment["GARRISON_DATA"];
  if (given !== undefined && given !== "") return path.resolve(given);
  const shared = environment["XDG_DATA_HOME"];
  const base = shared !== undefined && shared !== "" ? shared : path.join(os.homedir(), ".local", "share");
  return path.join(base, "garrison");
}

/** The 0600 file with `{ url, token }` that the server writes for the command line on the same machine. */
export function cliFile(dataFolder: string): string {
  return path.join(dataFolder, "run", "cli.json");
}

/** What a data folder holds at its top. */
const ownNames: ReadonlySet<string> = new Set([
  "advisories",
  "advisories.pub",
  "agent",
  "clusters",
  "demo",
  "layers",
  "pki",
  "run",
  "spool",
  "state.sqlite",
  "store",
]);
/** What the file system itself puts into a fresh volume. */
const foreignNames: ReadonlySet<string> = new Set(["lost+found"]);

/**
 * Makes the data folder, private to its owner (0700), or makes an existing one private. A folder that others can enter and that holds
 * other things is not taken: `--data /tmp` must not close /tmp. Throws `config/data-folder`.
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // oxlint-disable-next-line no-bitwise -- permission bits
    if (((await stat(folder)).mode & 0o077) === 0) return;
    if (isOurs(await readdir(folder))) {
      await chmod(folder, 0o700);
      return;
    }
  } catch (cause) {
    throw new Fault(`the data folder ${folder} cannot be used: ${(cause as Error).message}`, {
      code: "config/data-folder",
      kind: "usage",
      hint: "choose another with --data, or one that this user owns",
      cause,
    });
  }
  throw new Fault(`${folder} holds other things and others can enter it: it is not taken as the data folder`, {
    code: "config/data-folder",
    kind: "usage",
    hint: "name a new or empty folder with --data; if it is meant, `chmod 700` it first",
  });
}

function isOurs(names: readonly string[]): boolean {
  return names.includes("state.sqlite") || names.every((name) => ownNames.has(name) || foreignNames.has(name));
}

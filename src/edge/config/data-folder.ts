// Where Garrison keeps its data when nobody says otherwise, and the paths inside it (docs/decisions/0001).
import os from "node:os";
import path from "node:path";

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

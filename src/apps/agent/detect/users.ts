// Names of this machine's users and groups, for output of rules; read once, bounded. A user of a container may have another name there: its number counts.
import { readFileSync } from "node:fs";

export interface UserNames {
  readonly isKnown: boolean;
  readonly userName: (uid: number) => string | undefined;
  readonly groupName: (gid: number) => string | undefined;
}

const entriesMax = 10_000;
const bytesMax = 4 * 1024 * 1024;

/** `root` is where the machine's files are, "/" or where they are mounted. */
export function readUserNames(root: string): UserNames {
  const users = namesIn(`${root}/etc/passwd`);
  const groups = namesIn(`${root}/etc/group`);
  return {
    isKnown: users.size > 0,
    userName: (uid) => users.get(uid),
    groupName: (gid) => groups.get(gid),
  };
}

/** The first name of each number, as getpwuid(3) has it. */
export function namesOfText(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.slice(0, bytesMax).split("\n")) {
    const [name = "", , number = ""] = line.split(":");
    const id = Number(number);
    if (name === "" || number === "" || !Number.isInteger(id) || names.has(id)) continue;
    names.set(id, name);
    if (names.size >= entriesMax) break;
  }
  return names;
}

function namesIn(file: string): ReadonlyMap<number, string> {
  try {
    return namesOfText(readFileSync(file, "utf8"));
  } catch {
    // Images without the file exist: users are then numbers.
    return new Map();
  }
}

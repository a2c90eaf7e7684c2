// One user of a folder at a time. The lock is the kernel's (a file lock, taken through SQLite, as Node has no call for it): it ends with
// the process however that ends, so there is no stale lock to judge, and it holds across containers that share the folder.
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../../base/fault.ts";

/** SQLite's result code for "somebody else holds the lock" (sqlite.org/rescode.html). */
const sqliteBusy = 5;

export interface FolderLock {
  release(): void;
}

/** Locks `path` (an empty file is made). Faults: "spool/in-use" when another holds it; whatever SQLite says when the file cannot be made. */
export function lockFolder(path: string): FolderLock {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written: without this an empty journal would lie beside the lock.
    database.exec("PRAGMA journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode !== sqliteBusy) throw cause;
    throw new Fault(`another agent uses the data folder of ${path} already`, {
      code: "spool/in-use",
      kind: "conflict",
      hint: "stop the other agent, or give this one a data folder of its own",
      cause,
    });
  }
  return { release: () => database.close() };
}

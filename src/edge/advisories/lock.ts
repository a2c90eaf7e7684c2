// One writer of a database's folder at a time: a file that is made exclusively and names the process; one whose process is gone is taken over.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";

/** Throws `advisories/locked` while another process builds or updates. Dispose to let go. */
export function lockDatabase(folder: string): Disposable {
  const file = path.join(folder, ".writer");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: "wx" });
      return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cannotWrite(folder, cause);
      if (isHeld(file)) break;
      rmSync(file, { force: true });
    }
  }
  throw new Fault(`another process is changing the advisory database in ${folder}`, {
    code: "advisories/locked",
    kind: "conflict",
    hint: "wait until it has ended",
    retryAfterMs: 10_000,
  });
}

function cannotWrite(folder: string, cause: unknown): Fault {
  return new Fault(`the folder ${folder} cannot be written: ${(cause as Error).message}`, {
    code: "advisories/unwritable",
    kind: "forbidden",
    hint: "name another one, or run as the user that it belongs to",
    cause,
  });
}

function isHeld(file: string): boolean {
  try {
    const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
    if (!Number.isInteger(pid) || pid <= 0) return false;
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

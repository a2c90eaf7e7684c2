// kysely over node:sqlite: WAL, every commit synced to disk, writers wait for one another. The file is readable by its owner only.
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteDialect, type SqliteDatabase, type SqliteStatement } from "kysely";
import { Fault } from "../../../base/fault.ts";

export const busyTimeoutMs = 5000;

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that a caller can do something about. */
const busy = 5;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

function sqliteFault(thrown: unknown, path: string): unknown {
  const code = (thrown as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return thrown;
  // oxlint-disable-next-line no-bitwise -- the low byte is the primary code
  switch (code & 0xff) {
    case busy:
      return new Fault("the state store is locked by another process", {
        code: "state/locked",
        kind: "unavailable",
        hint: "only one server may use a data folder; stop the other one",
        retryAfterMs: busyTimeoutMs,
        cause: thrown,
      });
    case full:
    case ioError:
      return new Fault(`the state store cannot write ${path}: ${(thrown as Error).message}`, {
        code: "state/disk",
        kind: "unavailable",
        hint: "free some disk space, then try again",
        retryAfterMs: 10_000,
        cause: thrown,
      });
    case corrupt:
    case notADatabase:
      return new Fault(`the state store ${path} is damaged: ${(thrown as Error).message}`, {
        code: "state/damaged",
        kind: "internal",
        hint: "restore it from a backup, or move it away to start with an empty one",
        cause: thrown,
      });
    case cannotOpen:
      return new Fault(`the state store ${path} cannot be opened`, {
        code: "state/cannot-open",
        kind: "usage",
        hint: "the data folder must exist and belong to the user who runs the server",
        cause: thrown,
      });
    default:
      return thrown;
  }
}

/** Opens (or makes, 0600) the file and answers kysely's questions through node:sqlite. Throws `state/cannot-open`, `state/damaged`. */
export function sqliteDialect(path: string): SqliteDialect {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw sqliteFault(thrown, path);
    }
  };
  const database = guarded(() => open(path));
  const adapter: SqliteDatabase = {
    close: () => database.close(),
    prepare(sql) {
      // A writer takes its lock at once: two transactions that read first and write later would otherwise fail, not wait.
      const statement = guarded(() => database.prepare(sql === "begin" ? "begin immediate" : sql));
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => guarded(() => statement.all(...(parameters as SQLInputValue[]))),
        run: (parameters) => guarded(() => statement.run(...(parameters as SQLInputValue[]))),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      } satisfies SqliteStatement;
    },
  };
  return new SqliteDialect({ database: adapter });
}

function open(path: string): DatabaseSync {
  if (path !== ":memory:") {
    try {
      closeSync(openSync(path, "a", 0o600));
      chmodSync(path, 0o600);
    } catch (thrown) {
      throw new Fault(`the state store ${path} cannot be opened: ${(thrown as Error).message}`, {
        code: "state/cannot-open",
        kind: "usage",
        hint: "the data folder must exist and belong to the user who runs the server",
        cause: thrown,
      });
    }
  }
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
  return database;
}

// The embedded engine behind a small pool of sessions: a session runs one statement at a time, so readers and writers have their own.
// Promises: a statement's settings never reach the next one; an error never leaves bytes of its output in the next answer.
import { Session } from "chdb";
import { Fault } from "../../base/fault.ts";
import type { StoreConfig, StorePaths } from "./config.ts";
import { sqlLiteral } from "./sql-tokens.ts";

export type Role = "writer" | "reader";

export interface Statement {
  readonly role: Role;
  readonly sql: string;
  /** Values as the HTTP protocol gives them: text that the engine parses for the placeholder's type. All placeholders must be here. */
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** The output format when the text names none. */
  readonly format: string;
  readonly database: string;
}

export interface Answer {
  readonly bytes: Uint8Array;
  readonly elapsedSeconds: number;
  readonly resultRows: number;
}

export interface Engine {
  run(statement: Statement): Promise<Answer>;
  /** Waits for what runs (up to `deadlineMs`), then closes. Resolves to false when something still ran. */
  close(deadlineMs: number): Promise<boolean>;
}

interface Slot {
  readonly session: Session;
  readonly base: Readonly<Record<string, string>>;
  settings: Readonly<Record<string, string>>;
  database: string;
}

interface Pool {
  readonly idle: Slot[];
  readonly waiting: ((slot: Slot) => void)[];
  readonly slots: readonly Slot[];
}

/** Opens the folder. Throws the engine's error when another process owns it (code 76). */
export async function openEngine(config: StoreConfig, paths: StorePaths): Promise<Engine> {
  const open = (): Session =>
    new Session(paths.data, { connectionArgs: [`--config-file=${paths.engineConfig}`, "--logger.level=none"] });
  const first = open();
  await first.queryAsync("CREATE DATABASE IF NOT EXISTS garrison", { format: "Null" });
  const writers = await poolOf([first, ...many(config.writersMax - 1, open)], writerBase);
  const readers = await poolOf(many(config.readersMax, open), readerBase(config));
  const pools = { writer: writers, reader: readers } as const satisfies Record<Role, Pool>;
  const running = new Set<Slot>();
  let isClosed = false;

  return {
    async run(statement) {
      if (isClosed) throw closedFault();
      const pool = pools[statement.role];
      const slot = await take(pool, config.queueMax);
      running.add(slot);
      try {
        return await runOn(slot, statement);
      } finally {
        running.delete(slot);
        giveBack(pool, slot);
      }
    },
    async close(deadlineMs) {
      isClosed = true;
      const end = performance.now() + deadlineMs;
      while (running.size > 0 && performance.now() < end) await sleep(10);
      if (running.size > 0) return false;
      for (const slot of [...readers.slots, ...writers.slots]) slot.session.close();
      return true;
    },
  };
}

async function poolOf(sessions: readonly Session[], base: Readonly<Record<string, string>>): Promise<Pool> {
  const slots = sessions.map((session) => ({ session, base, settings: {}, database: "garrison" }));
  for (const slot of slots) {
    await slot.session.queryAsync("USE garrison", { format: "Null" });
    await slot.session.queryAsync(setStatement(base), { format: "Null" });
  }
  return { idle: [...slots], waiting: [], slots };
}

const writerBase: Readonly<Record<string, string>> = {
  max_threads: "2",
  max_insert_threads: "1",
  max_execution_time: "600",
};

/** `readonly=2` can not be taken back within a session, so a reader's session stays one for ever; it must come last. */
function readerBase(config: StoreConfig): Readonly<Record<string, string>> {
  return {
    max_threads: "2",
    max_execution_time: String(Math.min(10, config.readSecondsMax)),
    max_memory_usage: String(Math.floor(config.memoryBytesMax / 4)),
    max_result_rows: "1000000",
    max_result_bytes: String(128 * 1024 * 1024),
    max_rows_to_read: "2000000000",
    max_subquery_depth: "32",
    max_ast_elements: "20000",
    max_query_size: String(512 * 1024),
    allow_ddl: "0",
    allow_introspection_functions: "0",
    readonly: "2",
  };
}

function many<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

async function take(pool: Pool, queueMax: number): Promise<Slot> {
  const slot = pool.idle.pop();
  if (slot !== undefined) return slot;
  if (pool.waiting.length >= queueMax) {
    throw new Fault(`Code: 202. DB::Exception: ${queueMax} statements wait already (TOO_MANY_SIMULTANEOUS_QUERIES)`, {
      code: "store/busy",
      kind: "limited",
      retryAfterMs: 1000,
      hint: "Ask again in a moment, or ask for less at once.",
    });
  }
  return new Promise((resolve) => pool.waiting.push(resolve));
}

function giveBack(pool: Pool, slot: Slot): void {
  const next = pool.waiting.shift();
  if (next === undefined) pool.idle.push(slot);
  else next(slot);
}

async function runOn(slot: Slot, statement: Statement): Promise<Answer> {
  await prepare(slot, statement);
  try {
    const result = await slot.session.queryAsync(statement.sql, { format: statement.format });
    return { bytes: result.bytes(), elapsedSeconds: result.elapsed, resultRows: result.rowsRead };
  } catch (thrown) {
    // The engine leaves the head of the failed statement's output in the session; the next statement would answer with it.
    await slot.session.queryAsync("SELECT 1", { format: "Null" });
    throw thrown;
  }
}

/** Brings the session's settings and database to what the statement asks for; what the last one set goes back first. */
async function prepare(slot: Slot, statement: Statement): Promise<void> {
  const changes: Record<string, string> = {};
  for (const name of Object.keys(slot.settings)) {
    if (!(name in statement.settings)) changes[name] = slot.base[name] ?? defaultMark;
  }
  for (const [name, value] of Object.entries(statement.settings)) {
    if (slot.settings[name] !== value) changes[name] = value;
  }
  // Parameters are set like settings: the engine then parses them as a server's HTTP door does (the binding's own binder escapes arrays
  // twice). They stay in the session, which is why the door refuses a statement whose placeholders were not all given.
  for (const [name, value] of Object.entries(statement.params)) changes[`param_${name}`] = value;
  if (Object.keys(changes).length > 0) {
    // Should the statement fail half-way, everything it may have set is reset before the next one.
    slot.settings = { ...slot.settings, ...statement.settings };
    try {
      await slot.session.queryAsync(setStatement(changes), { format: "Null" });
    } catch (thrown) {
      slot.settings = Object.fromEntries(Object.keys(slot.settings).map((name) => [name, unknownMark]));
      throw thrown;
    }
    slot.settings = statement.settings;
  }
  if (slot.database !== statement.database) {
    await slot.session.queryAsync(`USE \`${statement.database.replaceAll(/[^A-Za-z0-9_]/g, "")}\``, { format: "Null" });
    slot.database = statement.database;
  }
}

const defaultMark = "\u0000default";
const unknownMark = "\u0000unknown";

function setStatement(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(([name, value]) =>
    value === defaultMark ? `${name} = DEFAULT` : `${name} = ${sqlLiteral(value)}`,
  );
  return `SET ${parts.join(", ")}`;
}

function closedFault(): Fault {
  return new Fault("Code: 749. DB::Exception: the store is shutting down (SERVER_SHUTTING_DOWN)", {
    code: "store/closing",
    kind: "unavailable",
    retryAfterMs: 500,
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Runs the state store's contract on SQLite and on a PostgreSQL that the test starts itself; plus what is SQLite's own.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { ledger } from "./ledger.ts";
import { openStateStore, placeOf } from "./open.ts";
import { withoutPassword } from "./postgresql.ts";
import { stateStoreContract } from "./state-store.contract.ts";

const folder = mkdtempSync(path.join(tmpdir(), "garrison-state-"));
const programs = "/usr/lib/postgresql/15/bin";
const asRoot = process.getuid?.() === 0;
// PostgreSQL refuses to run as root; nobody's numbers are the same on every Linux.
const identity = asRoot ? { uid: 65_534, gid: 65_534 } : {};
let server: ReturnType<typeof spawn> | undefined;
/** The folder of its socket; undefined where there is no PostgreSQL. */
let postgresqlSockets: string | undefined;
let databases = 0;

before(async () => {
  if (!existsSync(`${programs}/initdb`)) return;
  const home = path.join(folder, "postgresql");
  const sockets = mkdtempSync(path.join(tmpdir(), "gpg-"));
  chmodSync(folder, 0o755);
  mkdirSync(home, { mode: 0o700 });
  if (asRoot) for (const place of [sockets, home]) chownSync(place, 65_534, 65_534);
  const made = spawnSync(`${programs}/initdb`, ["-D", home, "-U", "garrison", "-A", "trust", "--no-sync"], {
    ...identity,
    env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
    encoding: "utf8",
  });
  assert.equal(made.status, 0, made.stderr);
  postgresqlSockets = sockets;
  await startPostgresql();
});

/** Starts the cluster that `before` made, and resolves when it takes connections. */
async function startPostgresql(): Promise<void> {
  const home = path.join(folder, "postgresql");
  const flags = ["-D", home, "-k", postgresqlSockets ?? "", "-c", "listen_addresses=", "-c", "fsync=off"];
  const child = spawn(`${programs}/postgres`, flags, { ...identity, stdio: ["ignore", "ignore", "pipe"] });
  server = child;
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      log.push(chunk.toString());
      if (log.join("").includes("ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(log.join(""))));
  });
}

async function stopPostgresql(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGINT");
  await ended;
}

after(async () => {
  await stopPostgresql();
  if (postgresqlSockets !== undefined) rmSync(postgresqlSockets, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

stateStoreContract("sqlite", () => {
  databases += 1;
  return Promise.resolve(`sqlite:${path.join(folder, `state-${databases}.sqlite`)}`);
});

stateStoreContract("postgresql", () => {
  if (postgresqlSockets === undefined) {
    if (process.env["GARRISON_TEST_REQUIRE"] === "all") throw new Error("required here, but missing: PostgreSQL 15");
    return Promise.resolve(undefined);
  }
  databases += 1;
  const name = `state${databases}`;
  const made = spawnSync(`${programs}/createdb`, ["-h", postgresqlSockets, "-U", "garrison", name], {
    encoding: "utf8",
  });
  assert.equal(made.status, 0, made.stderr);
  return Promise.resolve(`postgresql://garrison@/${name}?host=${encodeURIComponent(postgresqlSockets)}`);
});

const clock = manualClock(0);

test("postgresql: a server that is away is a fault without the password", async (context) => {
  if (!skipUnless(context, postgresqlSockets !== undefined, "PostgreSQL 15")) return;
  await using store = openStateStore({ url: "postgresql://u:hunter2@127.0.0.1:1/x", clock });
  await assert.rejects(store.ping(), (thrown: Fault) => {
    assert.equal(thrown.code, "state/unreachable");
    assert.doesNotMatch(thrown.message, /hunter2/);
    return true;
  });
  assert.equal(withoutPassword("postgresql://u:p@h/d?password=x"), "postgresql://u@h/d");
});

test("postgresql: a server that goes away is a fault, and when it is back all goes on", async (context) => {
  if (!skipUnless(context, postgresqlSockets !== undefined, "PostgreSQL 15")) return;
  const url = `postgresql://garrison@/postgres?host=${encodeURIComponent(postgresqlSockets ?? "")}`;
  await using store = openStateStore({ url, clock });
  await store.migrate();
  await store.settings.set("k", "v");
  await stopPostgresql();
  for (let tries = 0; tries < 3; tries += 1) {
    await assert.rejects(store.settings.get("k"), { code: "state/unreachable", kind: "unavailable" });
  }
  await startPostgresql();
  assert.equal(await store.settings.get("k"), "v");
});

test("sqlite: the file is its owner's only, and survives being opened again", async () => {
  const file = path.join(folder, "again.sqlite");
  {
    await using store = openStateStore({ url: file, clock });
    await store.migrate();
    await store.settings.set("k", "v");
  }
  await using store = openStateStore({ url: file, clock });
  await store.migrate();
  assert.equal(await store.settings.get("k"), "v");
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("sqlite: a newer schema, a damaged file and a missing folder are told apart", async () => {
  const newer = path.join(folder, "newer.sqlite");
  const database = new DatabaseSync(newer);
  database.exec("create table schema_version (version integer not null); insert into schema_version values (999)");
  database.close();
  await using store = openStateStore({ url: newer, clock });
  await assert.rejects(store.migrate(), (thrown: Fault) => thrown.code === "state/newer-schema");
  const damaged = path.join(folder, "damaged.sqlite");
  writeFileSync(damaged, "this is not a database".repeat(500));
  assert.throws(
    () => openStateStore({ url: damaged, clock }),
    (thrown: Fault) => thrown.code === "state/damaged",
  );
  assert.throws(
    () => openStateStore({ url: path.join(folder, "no", "where.sqlite"), clock }),
    (thrown: Fault) => thrown.code === "state/cannot-open",
  );
});

test("sqlite: the ledger keeps its newest entries and says how many left", async () => {
  const file = path.join(folder, "trim.sqlite");
  await using store = openStateStore({ url: file, clock });
  await store.migrate();
  const { Kysely } = await import("kysely");
  const { sqliteDialect } = await import("./sqlite.ts");
  await using database = new Kysely<import("./schema.ts").StateTables>({ dialect: sqliteDialect(file) });
  const context = { database, kind: "sqlite" as const, nowMs: () => 7, newId: () => "" };
  const small = ledger(context, { entriesMax: 3, trimEvery: 5 });
  const entry = { timeMs: 0, user: "u", action: "a", detail: {}, outcome: "done" as const };
  for (const target of ["1", "2", "3", "4", "5"]) await small.write({ ...entry, target });
  const rows = await store.ledger.list(10);
  assert.deepEqual(
    rows.map(({ target, detail }) => [target, detail]),
    [
      ["ledger", { entries: 2, kept: 3 }],
      ["5", {}],
      ["4", {}],
      ["3", {}],
    ],
  );
});

test("a state URL names a file or a server, anything else is refused", () => {
  const cases = [
    ["sqlite:/data/state.sqlite", { kind: "sqlite", path: "/data/state.sqlite" }],
    ["sqlite:///data/state.sqlite", { kind: "sqlite", path: "/data/state.sqlite" }],
    ["file:///data/state.sqlite", { kind: "sqlite", path: "/data/state.sqlite" }],
    ["/data/state.sqlite", { kind: "sqlite", path: "/data/state.sqlite" }],
    ["postgres://h/d", { kind: "postgresql", url: "postgres://h/d" }],
  ] as const;
  for (const [url, place] of cases) assert.deepEqual(placeOf(url), place);
  assert.throws(
    () => placeOf("mysql://h/d"),
    (thrown: Fault) => thrown.code === "state/bad-url",
  );
});

// Real rpm databases for tests: packages built by rpmbuild and installed into SQLite by rpm itself, Berkeley ones loaded by Berkeley's own tool, ndb ones written after its format.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

function has(command: string, flag: string): boolean {
  return spawnSync(command, [flag], { stdio: "ignore" }).error === undefined;
}

export const hasRpm = has("rpmbuild", "--version") && has("rpm", "--version");
export const hasBerkeley = has("db5.3_load", "-V");

function run(command: string, args: readonly string[], input?: string): void {
  const result = spawnSync(command, args, { encoding: "utf8", input, maxBuffer: 1 << 26 });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${result.stderr} ${String(result.error ?? "")}`);
}

/** Builds the spec's packages and installs their headers into a new SQLite database; returns its bytes. */
export function buildSqliteDatabase(folder: string, specs: readonly string[]): Buffer {
  const top = path.join(folder, "top");
  const database = path.join(folder, "sqlite");
  mkdirSync(database, { recursive: true });
  for (const [index, spec] of specs.entries()) {
    const file = path.join(folder, `${index}.spec`);
    writeFileSync(file, spec);
    run("rpmbuild", ["--quiet", "--define", `_topdir ${top}`, "--define", "_build_id_links none", "-bb", file]);
  }
  const files = readdirSync(path.join(top, "RPMS"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rpm"))
    .map((name) => path.join(top, "RPMS", name));
  const options = [
    "--dbpath",
    database,
    "--define",
    "_db_backend sqlite",
    "--justdb",
    "--nodeps",
    "--nosignature",
    "--ignorearch",
  ];
  run("rpm", [...options, "-i", ...files]);
  return readFileSync(path.join(database, "rpmdb.sqlite"));
}

/** Header blobs by their numbers, read by SQLite itself. */
export function headersOf(folder: string): { number: number; blob: Uint8Array }[] {
  using database = new DatabaseSync(path.join(folder, "sqlite", "rpmdb.sqlite"), { readOnly: true });
  const rows = database.prepare("SELECT hnum, blob FROM Packages ORDER BY hnum").all();
  return rows.map((row) => ({ number: Number(row["hnum"]), blob: row["blob"] as Uint8Array }));
}

/** The same headers in a Berkeley database as rpm before 4.16 kept them: little-endian numbers as keys, number 0 holding the highest one. */
export function berkeleyDatabase(folder: string, kind: "hash" | "btree", pageBytes: number): Buffer {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const key = (number: number): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(number);
    return hex(bytes);
  };
  const headers = headersOf(folder);
  const lines = ["VERSION=3", "format=bytevalue", `type=${kind}`, `db_pagesize=${pageBytes}`, "HEADER=END"];
  lines.push(` ${key(0)}`, ` ${key(headers.length)}`);
  for (const { number, blob } of headers) lines.push(` ${key(number)}`, ` ${hex(blob)}`);
  lines.push("DATA=END", "");
  const file = path.join(folder, `Packages-${kind}-${pageBytes}`);
  run("db5.3_load", [file], lines.join("\n"));
  return readFileSync(file);
}

/** rpm's own format: a page of slots, then blobs in units of 16 bytes. */
export function ndbDatabase(headers: readonly { number: number; blob: Uint8Array }[]): Buffer {
  const slotPages = Math.ceil((headers.length + 2) / 256);
  const head = Buffer.alloc(slotPages * 4096);
  head.write("RpmP", 0, "latin1");
  head.writeUInt32LE(0, 4);
  head.writeUInt32LE(1, 8);
  head.writeUInt32LE(slotPages, 12);
  head.writeUInt32LE(headers.length + 1, 16);
  for (let at = 32; at < head.length; at += 16) head.write("Slot", at, "latin1");
  const blobs: Buffer[] = [];
  let unit = head.length / 16;
  for (const [index, { number, blob }] of headers.entries()) {
    const units = Math.ceil((blob.length + 16 + 12) / 16);
    const bytes = Buffer.alloc(units * 16);
    bytes.write("BlbS", 0, "latin1");
    bytes.writeUInt32LE(number, 4);
    bytes.writeUInt32LE(1, 8);
    bytes.writeUInt32LE(blob.length, 12);
    bytes.set(blob, 16);
    bytes.writeUInt32LE(blob.length, bytes.length - 8);
    bytes.write("BlbE", bytes.length - 4, "latin1");
    const slot = 32 + index * 16;
    head.writeUInt32LE(number, slot + 4);
    head.writeUInt32LE(unit, slot + 8);
    head.writeUInt32LE(units, slot + 12);
    blobs.push(bytes);
    unit += units;
  }
  return Buffer.concat([head, ...blobs]);
}

// garrison db and garrison vuln where, as a person runs them: a pair of keys, a build, a bundle to another machine, a question.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { osvLines, scratch, writeFiles } from "../../../../../test/support/advisories.ts";

const garrison = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(data: string, ...words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [garrison, ...words], {
    env: { ...process.env, GARRISON_DATA: data, NO_COLOR: "1" },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (err += piece.toString()));
  const { promise, resolve } = Promise.withResolvers<Ran>();
  child.on("close", (code) => resolve({ code, out, err }));
  return promise;
}

test("from feeds to an answer on another machine", async (context) => {
  const folder = scratch(context);
  const [builder, reader] = [path.join(folder, "builder"), path.join(folder, "reader")];
  const at = (name: string): string => path.join(folder, name);
  writeFiles(folder, { "feeds/go.jsonl": `${osvLines("Go", 3)}{broken\n`, "feeds/note.txt": "x", "reader/.keep": "" });
  const keys = await run(builder, "db", "keygen", "--private-key", at("a.key"), "--public-key", at("a.pub"));
  assert.deepEqual([keys.code, statSync(at("a.key")).mode & 0o777], [0, 0o600], keys.err);
  assert.equal((await run(builder, "db", "keygen", "--private-key", at("a.key"), "--public-key", at("b.pub"))).code, 1);
  const built = await run(builder, "db", "build", "--from", at("feeds"), "--signing-key", at("a.key"));
  assert.equal(built.code, 0, built.err);
  assert.match(built.out, /osv-go +3 +1 +Go +no +2026-11-01/);
  assert.match(built.err, /1 documents are no advisories[^]*refused in osv-go: .*go\.jsonl:4: it is not JSON/);
  assert.equal((await run(builder, "db", "export", at("advisories.tar"))).code, 0);
  const untrusted = await run(reader, "db", "import", at("advisories.tar"), "--public-key", at("b.pub"));
  assert.notEqual(untrusted.code, 0);
  assert.equal(existsSync(path.join(reader, "advisories/manifest.json")), false);
  const taken = await run(reader, "db", "import", at("advisories.tar"), "--public-key", at("a.pub"));
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.err, /changed: \d+ shards[^]*signature: verified, key [0-9a-f]{16}/);
  const status = await run(reader, "db", "status", "--check", "-o", "json");
  const { feeds } = JSON.parse(status.out) as { feeds: readonly { feed: string; records: number; refused: number }[] };
  assert.deepEqual(
    feeds.map(({ feed, records, refused }) => [feed, records, refused]),
    [["osv-go", 3, 1]],
  );
  const where = await run(reader, "vuln", "where", "TEST-Go-2");
  assert.deepEqual([where.code, /Go +package-2 +affected +1\.0/.test(where.out)], [0, true], where.out + where.err);
  assert.match(where.err, /no server was asked[^]*CVE-2026-1002: Flaw 2/);
  const json = JSON.parse((await run(reader, "vuln", "where", "CVE-2026-1001", "--offline", "-o", "json")).out) as {
    packages: readonly { name: string }[];
  };
  assert.deepEqual(
    json.packages.map(({ name }) => name),
    ["package-1"],
  );
  assert.equal((await run(reader, "vuln", "where", "CVE-1999-1", "--offline")).code, 5);
});

test("usage: what is missing is said with what to do", async (context) => {
  const folder = scratch(context);
  const cases: readonly (readonly [number, RegExp, readonly string[]])[] = [
    [2, /no source is named/, ["db", "build"]],
    [2, /belong together/, ["db", "build", "--release", "bookworm"]],
    [2, /no importer "what"/, ["db", "build", "--feed", `what=${garrison}`]],
    [5, /no advisory database/, ["db", "status"]],
    [5, /no advisory database/, ["vuln", "where", "CVE-1"]],
    [2, /is not fetched/, ["db", "update", "--from", "http://example.org/"]],
    [2, /is no whole advisory database|not a tar/, ["db", "import", garrison]],
  ];
  for (const [code, words, command] of cases) {
    const ran = await run(folder, ...command);
    assert.equal(ran.code, code, `${command.join(" ")}: ${ran.err}`);
    assert.match(ran.err, words);
  }
});

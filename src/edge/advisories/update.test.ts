// Update, export, import: only what changed is fetched, nothing is believed unchecked, readers of the old database go on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { build, osvLines, scratch, tarOf, testNowMs, writeFiles } from "../../../test/support/advisories.ts";
import { exportBundle, exportFolder, importBundle } from "./bundle.ts";
import { readManifest, shardFile } from "./manifest.ts";
import { openAdvisoryDatabase } from "./open-database.ts";
import { pruneShards } from "./prune.ts";
import { updateDatabase, type UpdateOptions } from "./update.ts";

const keys = generateKeyPairSync("ed25519");
const others = generateKeyPairSync("ed25519");

async function published(
  folder: string,
  name: string,
  files: Readonly<Record<string, string>>,
  nowMs = testNowMs,
): Promise<string> {
  const into = path.join(folder, "published");
  await build(writeFiles(path.join(folder, name), files), into, { signingKey: keys.privateKey, nowMs });
  return into;
}

function options(into: string, more: Partial<UpdateOptions> = {}): Omit<UpdateOptions, "from"> {
  return { into, publicKeys: [keys.publicKey], fetch, ...more };
}

/** Serves a folder; counts what was asked. `cut` ends answers of shards after so many bytes. */
async function serve(
  context: TestContext,
  folder: string,
): Promise<{ readonly url: string; readonly asked: string[]; cut: number }> {
  const state = { url: "", asked: [] as string[], cut: Number.POSITIVE_INFINITY };
  const server = createServer((request, response) => {
    const range = /bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1];
    state.asked.push(`${request.url ?? ""}${range === undefined ? "" : `@${range}`}`);
    const file = path.join(folder, request.url ?? "");
    if (!existsSync(file)) return void response.writeHead(404).end();
    const bytes = readFileSync(file).subarray(Number(range ?? 0));
    const headers = {
      "content-length": String(bytes.length),
      ...(range === undefined
        ? {}
        : { "content-range": `bytes ${range}-${statSync(file).size - 1}/${statSync(file).size}` }),
    };
    response.writeHead(range === undefined ? 200 : 206, headers);
    if (bytes.length <= state.cut || request.url === "/manifest.json") return void response.end(bytes);
    response.write(bytes.subarray(0, state.cut), () => response.destroy());
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => void server.close());
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return state;
}

test("over http: the manifest, then only shards that are not here", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 30), "npm.jsonl": osvLines("npm", 30) });
  const web = await serve(context, from);
  const into = path.join(folder, "mine");
  const first = await updateDatabase({ ...options(into), from: web.url });
  assert.deepEqual(
    [first.isChanged, first.shardsFetched, web.asked.length],
    [true, first.manifest.shards.length, first.manifest.shards.length + 1],
  );
  web.asked.length = 0;
  const again = await updateDatabase({ ...options(into), from: web.url });
  assert.deepEqual([again.isChanged, again.shardsFetched, web.asked], [false, 0, ["/manifest.json"]]);
  web.asked.length = 0;
  const before = new Set(readManifest(from).manifest.shards.map(({ sha256 }) => sha256));
  await published(
    folder,
    "2",
    { "go.jsonl": osvLines("Go", 30), "npm.jsonl": osvLines("npm", 31) },
    testNowMs + 60_000,
  );
  using old = openAdvisoryDatabase(into);
  const changed = await updateDatabase({ ...options(into), from: web.url });
  const fresh = changed.manifest.shards.filter(({ sha256 }) => !before.has(sha256));
  assert.deepEqual(
    web.asked.toSorted(),
    ["/manifest.json", ...fresh.map(({ sha256 }) => `/${shardFile(sha256)}`)].toSorted(),
  );
  assert.ok(fresh.length < changed.manifest.shards.length && fresh.some(({ label }) => label === "npm"));
  assert.deepEqual(
    [old.find("npm", "package-30").length, old.find("npm", "package-29").length],
    [0, 1],
    "whoever reads the old one goes on",
  );
  using now = openAdvisoryDatabase(into);
  assert.equal(now.find("npm", "package-30").length, 1);
});

test("a connection that breaks is gone on with", async (context) => {
  const folder = scratch(context);
  const web = await serve(context, await published(folder, "1", { "go.jsonl": osvLines("Go", 200) }));
  const into = path.join(folder, "mine");
  web.cut = 1000;
  await assert.rejects(updateDatabase({ ...options(into), from: web.url }), { kind: "unavailable" });
  assert.equal(existsSync(path.join(into, "manifest.json")), false, "nothing is used before all is there");
  web.cut = Number.POSITIVE_INFINITY;
  web.asked.length = 0;
  await updateDatabase({ ...options(into), from: web.url });
  assert.ok(
    web.asked.some((one) => /@[1-9]/.test(one)),
    web.asked.join(" "),
  );
  using database = openAdvisoryDatabase(into, { publicKeys: [keys.publicKey] });
  assert.equal(database.find("Go", "package-7").length, 1);
});

test("an update that was killed leaves the old database in use", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 30) });
  const into = path.join(folder, "mine");
  await updateDatabase({ ...options(into), from });
  await published(folder, "2", { "go.jsonl": osvLines("Go", 40) }, testNowMs + 60_000);
  const web = await serve(context, from);
  const script = `import { updateDatabase } from ${JSON.stringify(path.join(import.meta.dirname, "update.ts"))};
    await updateDatabase({ from: ${JSON.stringify(web.url)}, into: ${JSON.stringify(into)}, publicKeys: [], fetch, onProgress: () => process.kill(process.pid, "SIGKILL") });`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], { stdio: "inherit" });
  const [, signal] = (await once(child, "exit")) as [number, string];
  assert.equal(signal, "SIGKILL");
  {
    using database = openAdvisoryDatabase(into, { publicKeys: [keys.publicKey] });
    assert.deepEqual([database.find("Go", "package-29").length, database.find("Go", "package-39").length], [1, 0]);
  }
  // The lock of the dead process is taken over.
  const { isChanged } = await updateDatabase({ ...options(into), from });
  using database = openAdvisoryDatabase(into);
  assert.deepEqual([isChanged, database.find("Go", "package-39").length], [true, 1]);
});

test("signatures: the wrong key, none, a manifest that was changed", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 5) });
  const into = path.join(folder, "mine");
  await assert.rejects(updateDatabase({ ...options(into, { publicKeys: [others.publicKey] }), from }), {
    code: "advisories/bad-signature",
  });
  assert.equal(openAdvisoryDatabase(from, { publicKeys: [others.publicKey, keys.publicKey] }).signedBy.length, 16);
  assert.throws(() => openAdvisoryDatabase(from, { publicKeys: [others.publicKey] }), {
    code: "advisories/bad-signature",
  });
  const warnings: string[] = [];
  openAdvisoryDatabase(from, { warn: (line) => warnings.push(line) })[Symbol.dispose]();
  assert.equal(warnings.length, 1);
  const unsigned = path.join(folder, "unsigned");
  await build(path.join(folder, "1"), unsigned);
  assert.throws(() => openAdvisoryDatabase(unsigned, { publicKeys: [keys.publicKey] }), /not signed/);
  const file = path.join(from, "manifest.json");
  const envelope = JSON.parse(readFileSync(file, "utf8")) as { payload: string };
  const payload = Buffer.from(envelope.payload, "base64").toString().replace('"records":5', '"records":6');
  writeFileSync(file, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString("base64") }));
  assert.throws(() => openAdvisoryDatabase(from, { publicKeys: [keys.publicKey] }), {
    code: "advisories/bad-signature",
  });
  for (const text of ["", "{}", '{"payloadType":"x"}', JSON.stringify({ ...envelope, payload: "e30=" })]) {
    writeFileSync(file, text);
    assert.throws(() => openAdvisoryDatabase(from), { code: "advisories/bad-manifest" });
  }
});

test("older databases and feeds that shrank are refused; --force takes them", async (context) => {
  const folder = scratch(context);
  const into = path.join(folder, "mine");
  await updateDatabase({ ...options(into), from: await published(folder, "1", { "go.jsonl": osvLines("Go", 100) }) });
  const other = path.join(folder, "other");
  await build(writeFiles(path.join(folder, "2"), { "go.jsonl": osvLines("Go", 50) }), other, {
    signingKey: keys.privateKey,
    nowMs: testNowMs + 1000,
  });
  await assert.rejects(updateDatabase({ ...options(into), from: other }), { code: "advisories/gate" });
  const older = path.join(folder, "older");
  await build(path.join(folder, "1"), older, { signingKey: keys.privateKey, nowMs: testNowMs - 86_400_000 });
  await assert.rejects(updateDatabase({ ...options(into), from: older }), /it was built at/);
  assert.equal((await updateDatabase({ ...options(into, { force: "yes" }), from: older })).isChanged, true);
});

test("shards that are damaged, swapped or missing are told, never believed", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 30), "npm.jsonl": osvLines("npm", 30) });
  const shardOf = (label: string): string =>
    path.join(from, shardFile(readManifest(from).manifest.shards.find((entry) => entry.label === label)?.sha256 ?? ""));
  const whole = readFileSync(shardOf("Go"));
  const attempts: readonly (() => void)[] = [
    () =>
      writeFileSync(
        shardOf("Go"),
        Buffer.from(whole.map((byte, index) => (index === whole.length - 9 ? byte ^ 1 : byte))),
      ),
    () => truncateSync(shardOf("Go"), whole.length - 1),
    () => renameSync(shardOf("Go"), `${shardOf("Go")}.away`),
    () => copyFileSync(shardOf("npm"), shardOf("Go")),
  ];
  for (const attempt of attempts) {
    attempt();
    using database = openAdvisoryDatabase(from);
    assert.throws(() => database.find("Go", "package-1"), { kind: "internal" });
    // Told once; then the ecosystem is absent and its feed says why.
    assert.deepEqual(
      [database.find("Go", "package-1"), database.coverage("Go"), database.coverage("npm")],
      [[], "absent", "partial"],
    );
    assert.match(database.feeds.find(({ feed }) => feed === "osv-go")?.problem ?? "", /shard/);
    assert.equal(database.find("npm", "package-1").length, 1);
    await assert.rejects(updateDatabase({ ...options(path.join(folder, "mine")), from }), undefined);
    writeFileSync(shardOf("Go"), whole);
  }
  using database = openAdvisoryDatabase(from);
  assert.equal(database.find("Go", "package-1").length, 1);
});

test("a shard that was checked is not read again unless its file changed", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 5) });
  const go = path.join(
    from,
    shardFile(readManifest(from).manifest.shards.find(({ label }) => label === "Go")?.sha256 ?? ""),
  );
  {
    using database = openAdvisoryDatabase(from);
    database.find("Go", "package-1");
  }
  const listed = JSON.parse(readFileSync(path.join(from, ".verified.json"), "utf8")) as object;
  assert.equal(Object.keys(listed).length, 1);
  const bytes = readFileSync(go);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(go, bytes);
  using database = openAdvisoryDatabase(from);
  assert.throws(() => database.find("Go", "package-1"), { code: "vuln/shard-damaged" });
});

test("bundles: there and back, into folders too; other things in them are refused", async (context) => {
  const folder = scratch(context);
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 30) });
  const bundle = path.join(folder, "advisories.tar");
  assert.equal(await exportBundle(from, bundle), statSync(bundle).size);
  await assert.rejects(exportBundle(from, bundle), { code: "advisories/cannot-export" });
  const into = path.join(folder, "mine");
  const taken = await importBundle(bundle, options(into));
  assert.deepEqual(
    [taken.isChanged, taken.shardsFetched, (await importBundle(bundle, options(into))).isChanged],
    [true, taken.manifest.shards.length, false],
  );
  using database = openAdvisoryDatabase(into);
  assert.equal(database.find("Go", "package-1").length, 1);
  await exportFolder(from, path.join(folder, "copy"));
  assert.equal(readManifest(path.join(folder, "copy")).text, readManifest(from).text);
  const { text, manifest } = readManifest(from);
  const shard = manifest.shards[0];
  const name = shardFile(shard?.sha256 ?? "");
  const bad: readonly (readonly [string, readonly (readonly [string, string | Uint8Array])[]])[] = [
    [
      "escape",
      [
        ["manifest.json", text],
        ["../escaped", "x"],
      ],
    ],
    [
      "absolute",
      [
        ["manifest.json", text],
        ["/tmp/escaped", "x"],
      ],
    ],
    [
      "other",
      [
        ["manifest.json", text],
        ["shards/../../escaped", "x"],
      ],
    ],
    ["no manifest", [[name, "x"]]],
    [
      "wrong bytes",
      [
        ["manifest.json", text],
        [name, Buffer.alloc(shard?.bytes ?? 0)],
      ],
    ],
    [
      "too long",
      [
        ["manifest.json", text],
        [name, Buffer.alloc((shard?.bytes ?? 0) + 1)],
      ],
    ],
    ["missing", [["manifest.json", text]]],
    ["empty", []],
  ];
  for (const [kind, files] of bad) {
    const file = path.join(folder, `${kind}.tar`);
    writeFileSync(file, tarOf(files));
    const target = path.join(folder, `into-${kind}`);
    await assert.rejects(importBundle(file, options(target)), /advisories|Fault|bundle|shard|database/i, kind);
    assert.equal(existsSync(path.join(target, "manifest.json")), false, kind);
    assert.deepEqual([existsSync(path.join(folder, "escaped")), existsSync("/tmp/escaped")], [false, false]);
  }
  writeFileSync(path.join(folder, "cut.tar"), readFileSync(bundle).subarray(0, 3000));
  await assert.rejects(importBundle(path.join(folder, "cut.tar"), options(path.join(folder, "cut"))), /too early/);
});

test("only https, and http on this machine", async (context) => {
  const into = path.join(scratch(context), "mine");
  for (const from of ["http://example.org/x", "ftp://127.0.0.1/", "file:///etc"]) {
    await assert.rejects(updateDatabase({ ...options(into), from }), { code: "advisories/bad-url" });
  }
});

test("pruning keeps what the manifest, the one before, and living readers need", async (context) => {
  const folder = scratch(context);
  const shardsIn = (): number => readdirSync(path.join(folder, "published", "shards")).length;
  const from = await published(folder, "1", { "go.jsonl": osvLines("Go", 30) });
  const first = openAdvisoryDatabase(from);
  const one = shardsIn();
  for (const step of [2, 3, 4])
    await published(folder, String(step), { "go.jsonl": osvLines("Go", 30 + step) }, testNowMs + step * 1000);
  assert.equal(first.find("Go", "package-29").length, 1, "shards are opened late, and are still there");
  first[Symbol.dispose]();
  mkdirSync(path.join(from, "readers"), { recursive: true });
  writeFileSync(path.join(from, "readers", "999999999-dead"), "x\n");
  pruneShards(from);
  assert.ok(shardsIn() <= one * 2, `${shardsIn()} shards`);
  assert.deepEqual(readdirSync(path.join(from, "readers")), []);
});

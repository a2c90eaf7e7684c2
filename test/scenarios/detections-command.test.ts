// garrison detections as processes of their own, against a real server over a real store with planted rows: what is printed, in which
// format, with which exit code; and that "nothing" never looks like "nobody looked".
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { parse, parseDocument } from "yaml";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { manualClock } from "../../src/base/clock.ts";
import { minute, nowMs, subject } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";
import { testServer, type TestServer } from "../support/test-server.ts";

const entry = path.resolve(import.meta.dirname, "../../bin/garrison.js");
const cluster = "local";
const atMs = Math.floor((nowMs - 60 * minute) / 900_000) * 900_000 + 5 * minute;
const longLine = ["/bin/sh", "-c", `echo ${"a-very-long-word ".repeat(30)}the-end`];
const place = { ...subject, cluster };

const shell = {
  ...place,
  time: atMs,
  ingest: 50,
  severity: "medium",
  source: "garrison",
  rule: "Shell by a server",
  title: "A server starts a shell",
  message: `nginx started ${longLine.join(" ")}`,
  techniques: ["T1059.004"],
  evidence: ["2026-11-23T10:50:00Z connect: 10.0.0.9:4444", "2026-11-23T10:50:01Z exec: /bin/sh"],
  outputFields: ["proc.name=sh"],
  process: "sh",
  processId: "30.a.b",
  executable: "/bin/sh",
  ancestors: ["nginx"],
  fidelity: "kernel",
  count: 1,
};

const deed = {
  ...place,
  ingest: 50,
  time: atMs,
  action: "exec",
  processId: "30.a.b",
  parentProcessId: "20.a.b",
  pid: 30,
  parentPid: 20,
  name: "sh",
  executable: "/bin/sh",
  arguments: longLine,
  startTime: atMs,
};

let store: ScratchStore;
let server: TestServer;
let empty: TestServer;

before(async () => {
  const clock = manualClock(nowMs);
  store = await startScratchStore();
  await store.insert("security_events", [
    shell,
    {
      ...shell,
      time: atMs + minute,
      severity: "high",
      action: "killed",
      policy: "shop",
      receipt: "kernel: SIGKILL",
      count: 3,
    },
    {
      ...shell,
      time: atMs + 2 * minute,
      workload: "other",
      rule: "Miner",
      title: "Mines \u001b[31mcoins",
      severity: "critical",
      source: "falco",
      process: "xmrig",
      processId: "31.a.b",
    },
  ]);
  await store.insert("process_events", [
    deed,
    {
      ...deed,
      time: atMs - minute,
      processId: "20.a.b",
      parentProcessId: "",
      pid: 20,
      name: "nginx",
      executable: "/usr/sbin/nginx",
      arguments: ["nginx"],
      startTime: atMs - minute,
    },
  ]);
  const queries = createQueries({ store: store.store, clock });
  server = await testServer({ queries, clock });
  empty = await testServer({ clock });
});

after(async () => {
  await server?.[Symbol.asyncDispose]();
  await empty?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

async function run(of: TestServer, ...words: readonly string[]) {
  const child = spawn(
    process.execPath,
    [entry, "detections", ...words, "--data", of.data, "--now", new Date(nowMs).toISOString()],
    { env: { ...process.env, NO_COLOR: "1", TZ: "UTC" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}

interface Card {
  readonly id: string;
  readonly rule: string;
  readonly severity: string;
  readonly action: string;
  readonly count: number;
}

async function cards(...words: readonly string[]): Promise<readonly Card[]> {
  const ran = await run(server, ...words, "-o", "json");
  assert.equal(ran.code, 0, ran.err);
  return (JSON.parse(ran.out) as { apiVersion: string; items: readonly Card[] }).items;
}

test("the list: newest first, filters, and who looks at the end", async () => {
  const listed = await run(server);
  assert.equal(listed.code, 0, listed.err);
  const [title = "", ...rows] = listed.out.trimEnd().split("\n");
  assert.match(title, /^ID +LAST +SEVERITY +ACTION +COUNT +WORKLOAD +PROCESS +MARK +RULE$/);
  assert.match(rows[0] ?? "", /critical +detected +1 +shop\/other +xmrig +- +Miner$/);
  assert.ok(rows.length >= 2, listed.out);
  assert.match(listed.err, /\d detections\n/);
  assert.match(listed.err, /nobody looks: /, "no agent is connected to this server: that is said, not hidden");
  assert.deepEqual(
    (await cards("severity:critical")).map(({ rule }) => rule),
    ["Miner"],
  );
  assert.ok((await cards("action:killed")).every(({ action }) => action === "killed"));
  assert.equal((await cards("action:killed")).length, 1);
});

test("nothing found is exit 0 and still says whether anybody looked", async () => {
  for (const [of, words] of [
    [empty, []],
    [server, ["ns:nowhere"]],
  ] as const) {
    const none = await run(of, ...words);
    assert.equal(none.code, 0, none.err);
    assert.match(none.err, /^0 detections\nnobody looks: /m);
    const asJson = await run(of, ...words, "-o", "json");
    assert.deepEqual(JSON.parse(asJson.out), { apiVersion: "garrison/v1", items: [] });
  }
});

test("formats: jsonl, yaml, csv, name; one page and the mark of more", async () => {
  const whole = await cards();
  const lines = (await run(server, "-o", "jsonl")).out.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as Card).id),
    whole.map(({ id }) => id),
  );
  const names = await run(server, "-o", "name");
  assert.deepEqual(
    names.out.trimEnd().split("\n"),
    whole.map(({ id }) => id),
  );
  assert.equal((parse((await run(server, "-o", "yaml")).out) as { items: unknown[] }).items.length, whole.length);
  assert.equal((await run(server, "-o", "csv")).out.trimEnd().split("\n").length, whole.length + 1);
  const one = await run(server, "--last", "1");
  assert.match(one.err, /^1 detection \(there are more: --last or --since\)/m);
  assert.ok(!(await run(server)).out.includes("\u001b"), "control characters of data are never printed");
});

test("bad arguments are exit 2 with what was expected; nothing is asked", async () => {
  for (const [words, said] of [
    [["--last", "0"], /--last 0: expected a whole number from 1 to 10000/],
    [["--last", "x"], /--last x: expected/],
    [["--since", "yesterday"], /yesterday/],
    [["nosuch:term"], /nosuch/],
    [["--nosuch"], /unknown option '--nosuch'/],
    [["suggest", "--rule", "r", "--workload", "web"], /expected namespace\/name/],
    [["suggest", "--rule", "r"], /--workload/],
    [["mark", "x", "nois"], /"nois" is no verdict[^]*did you mean "noise"/],
    [["show"], /missing required argument 'id'/],
  ] as const) {
    const ran = await run(server, ...words);
    assert.equal(ran.code, 2, `${words.join(" ")}: ${ran.err}`);
    assert.match(ran.err, said);
    assert.equal(ran.out, "");
  }
});

test("show: evidence in order, the tree cut to the terminal, all of it in JSON", async () => {
  const [killed] = await cards("action:killed");
  assert.ok(killed !== undefined);
  const width = 80;
  const shown = await run(server, "show", killed.id, "--width", String(width));
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /^A server starts a shell\n/);
  assert.match(shown.out, / action +killed \(kernel: SIGKILL\)/);
  assert.match(shown.out, /T1059\.004/);
  assert.ok(shown.out.indexOf("connect") < shown.out.indexOf("exec  /bin/sh"), shown.out);
  const tree = shown.out.slice(shown.out.indexOf("process tree"));
  assert.match(tree, /nginx 20 [^]*\n +> sh 30 .*…\n/);
  for (const line of shown.out.split("\n")) assert.ok(line.length <= width, line);
  // The message is folded; what is longer than some lines is cut with a mark, in a pipe too.
  assert.match(shown.out.replaceAll(/\s+/g, " "), /… \(\d+ characters more: -o json\)/);
  assert.match(
    (await run(server, "show", killed.id)).out,
    /> sh 30 .{150,}…\n +…: cut to the line's length; -o json has all/,
  );
  const asJson = await run(server, "show", killed.id, "-o", "json", "--width", "80");
  const whole = JSON.parse(asJson.out) as { tree: readonly { process: { arguments: readonly string[] } }[] };
  assert.deepEqual(whole.tree.at(-1)?.process.arguments, longLine);
  assert.equal((await run(server, "show", killed.id, "-o", "name")).out, `${killed.id}\n`);
});

test("show and mark of an id that there is not: exit 5", async () => {
  for (const words of [
    ["show", "16rik-a1f00c41d3b2e001"],
    ["mark", "16rik-a1f00c41d3b2e001", "real"],
  ]) {
    const ran = await run(server, ...words);
    assert.equal(ran.code, 5, ran.err);
    assert.equal(ran.out, "");
  }
});

test("mark: kept, and shown in the list and on the detection", async () => {
  const [killed] = await cards("action:killed");
  assert.ok(killed !== undefined);
  const marked = await run(server, "mark", killed.id, "real", "--reason", "pentest");
  assert.equal(marked.code, 0, marked.err);
  assert.match(marked.err, /is marked real \(created\)/);
  assert.match((await run(server, "action:killed")).out, / real +Shell by a server$/m);
  assert.match((await run(server, "show", killed.id)).out, / mark +real by .*pentest/);
});

test("rules: how often each spoke; noise per workload against the budget", async () => {
  const rules = await run(server, "rules");
  assert.equal(rules.code, 0, rules.err);
  assert.match(rules.out, /^STATE +SPOKE +LAST +SEVERITY +FROM +RULE\n/);
  assert.match(rules.out, / 1 +\S+ +\S+ .*Miner$/m);
  const noise = await run(server, "noise", "--days", "2");
  assert.equal(noise.code, 0, noise.err);
  assert.match(noise.out, /shop\/web +Shell by a server/);
  assert.match(noise.err, /budget \d+/);
  const bad = await run(server, "noise", "--days", "99");
  assert.equal(bad.code, 2, bad.err);
});

test("suggest: a manifest that can be applied on standard output, or exit 5 and why", async () => {
  const none = await run(server, "suggest", "--rule", "No such rule", "--workload", "shop/web", "--cluster", cluster);
  assert.equal(none.code, 5, none.err);
  assert.equal(none.out, "");
  assert.match(none.err, /no exception is suggested: /);
  const some = await run(server, "suggest", "--rule", "Miner", "--workload", "shop/other", "--cluster", cluster);
  if (some.code === 0) assert.equal(parseDocument(some.out).errors.length, 0);
  else assert.match(some.err, /no exception is suggested: \S+/);
});

test("a server that does not answer is exit 6", async () => {
  const child = await run({ ...server, data: server.data }, "--server", "http://127.0.0.1:1", "--token", "x");
  assert.equal(child.code, 6, child.err);
  assert.match(child.err, /http:\/\/127\.0\.0\.1:1 does not answer/);
});

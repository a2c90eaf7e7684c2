// Files: lines, turning over, a full disk (a real one: a small tmpfs in a mount namespace of its own), files that are moved away, and paths that lead elsewhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { Sink, type FileTarget } from "../../model/sink.ts";
import { openFile } from "./file.ts";
import { openSink, targetWords } from "./open-sink.ts";
import { lent, sampleEvent } from "./sinks.fixture.ts";

function target(over: Record<string, unknown> = {}): FileTarget {
  return Sink.parse({ to: { type: "file", path: "alerts.jsonl", ...over } }).to as FileTarget;
}

async function numbers(place: string): Promise<readonly number[]> {
  const lines = (await readFile(place, "utf8")).trimEnd().split("\n");
  return lines.map((line) => Number((JSON.parse(line) as { uuid: string }).uuid.slice(-12)));
}

test("a line for each event, appended; private to the server", async () => {
  await using place = await lent();
  {
    await using sink = openFile(target({ path: "a/alerts.jsonl" }), place.surroundings);
    await sink.send([sampleEvent({}, 1), sampleEvent({ message: "two\nlines" }, 2)]);
  }
  await using again = openFile(target({ path: "a/alerts.jsonl" }), place.surroundings);
  assert.equal((await again.send([sampleEvent({}, 3)])).detail, "written");
  assert.deepEqual(await numbers(path.join(place.folder, "files/a/alerts.jsonl")), [1, 2, 3]);
});

test("turned over at its size; so many old files are kept; no line is lost or torn between them", async () => {
  await using place = await lent();
  await using sink = openFile(target({ rotateBytes: 4096, filesMax: 3 }), place.surroundings);
  const line = (await sink.send([sampleEvent({}, 1)])).bytes;
  for (let number = 2; number <= 30; number += 1) await sink.send([sampleEvent({}, number)]);
  const folder = path.join(place.folder, "files");
  assert.deepEqual((await readdir(folder)).toSorted(), [
    "alerts.jsonl",
    "alerts.jsonl.1",
    "alerts.jsonl.2",
    "alerts.jsonl.3",
  ]);
  const kept: number[] = [];
  for (const name of ["alerts.jsonl.3", "alerts.jsonl.2", "alerts.jsonl.1", "alerts.jsonl"]) {
    assert.ok((await readFile(path.join(folder, name))).length <= 4096);
    kept.push(...(await numbers(path.join(folder, name))));
  }
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 30 - kept.length + 1 + index),
  );
  assert.ok(kept.length >= 3 * Math.floor(4096 / (line + 16)));
  await sink.send(Array.from({ length: 12 }, (_, index) => sampleEvent({}, 31 + index)));
  assert.equal((await numbers(path.join(folder, "alerts.jsonl"))).at(-1), 42, "a batch is turned over within");
});

test("a file that was moved away is made again", async () => {
  await using place = await lent();
  await using sink = openFile(target(), place.surroundings);
  const file = path.join(place.folder, "files/alerts.jsonl");
  await sink.send([sampleEvent({}, 1)]);
  await rename(file, `${file}.moved`);
  await sink.send([sampleEvent({}, 2)]);
  assert.deepEqual([await numbers(`${file}.moved`), await numbers(file)], [[1], [2]]);
});

test("it writes below its folder only, and into no link", async () => {
  await using place = await lent();
  const files = path.join(place.folder, "files");
  await mkdir(files);
  await writeFile(path.join(place.folder, "outside"), "");
  await symlink(place.folder, path.join(files, "up"));
  await symlink(path.join(place.folder, "outside"), path.join(files, "link.jsonl"));
  await mkdir(path.join(files, "folder"));
  for (const [name, code] of [
    ["../outside", "sinks/not-there"],
    ["/tmp/elsewhere", "sinks/not-there"],
    ["up/outside", "sinks/not-there"],
    ["link.jsonl", "sinks/cannot-write"],
    ["folder", "sinks/cannot-write"],
  ] as const) {
    await using sink = openFile(target({ path: name }), place.surroundings);
    await assert.rejects(sink.send([sampleEvent()]), { code }, name);
  }
  assert.equal(await readFile(path.join(place.folder, "outside"), "utf8"), "");
});

test("a full disk takes nothing away and tears no line; when there is room it goes on", (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to mount a small tmpfs in a namespace of its own")) return;
  const script = `
    const { openFile } = await import(${JSON.stringify(new URL("file.ts", import.meta.url).href)});
    const { lent, sampleEvent } = await import(${JSON.stringify(new URL("sinks.fixture.ts", import.meta.url).href)});
    const { execFileSync } = await import("node:child_process");
    const fs = await import("node:fs");
    const place = await lent();
    const disk = place.surroundings.filesFolder;
    fs.mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    const sink = openFile({ type: "file", path: "a.jsonl", format: "falco", rotateBytes: 1e9, filesMax: 1 }, place.surroundings);
    let number = 0, fault;
    while (fault === undefined) {
      number += 1;
      try { await sink.send([sampleEvent({}, number)]); } catch (error) { fault = error; }
    }
    const whole = () => fs.readFileSync(disk + "/a.jsonl", "utf8").trimEnd().split("\\n").map((line) => Number(JSON.parse(line).uuid.slice(-12)));
    const full = whole();
    execFileSync("mount", ["-o", "remount,size=256k", disk]);
    await sink.send([sampleEvent({}, number)]);
    const after = whole();
    await sink[Symbol.asyncDispose]();
    execFileSync("umount", [disk]);
    await place[Symbol.asyncDispose]();
    console.log(JSON.stringify({ code: fault.code, kind: fault.kind, tried: number, full, after }));`;
  const child = spawnSync("unshare", ["--mount", process.execPath, "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  const told = JSON.parse(child.stdout) as {
    code: string;
    kind: string;
    tried: number;
    full: number[];
    after: number[];
  };
  assert.deepEqual([told.code, told.kind], ["sinks/disk-full", "unavailable"]);
  assert.ok(told.tried > 10);
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  assert.deepEqual([told.full, told.after], [upTo(told.tried - 1), upTo(told.tried)]);
});

test("standard output gets lines; every kind can be opened and named", async () => {
  await using place = await lent();
  const { to } = Sink.parse({ to: { type: "stdout", format: "cef" } });
  await using sink = await openSink(to, place.surroundings);
  await sink.send([sampleEvent(), sampleEvent()]);
  assert.match(place.printed.join(""), /^(CEF:0\|[^\n]*\n){2}$/);
  const words = [
    to,
    Sink.parse({ to: { type: "syslog", host: "siem" } }).to,
    Sink.parse({ to: { type: "webhook", url: "https://hook.example/x?key=1" } }).to,
    Sink.parse({ to: { type: "webhook", secretUrl: { file: "chat" } } }).to,
    target(),
  ].map(targetWords);
  assert.deepEqual(words, [
    "standard output (cef)",
    "udp://siem:514 (cef)",
    "https://hook.example/x",
    "an address that is a secret",
    "alerts.jsonl (falco)",
  ]);
});

test("a resource with a mistake is refused with its place", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ type: "webhook", url: "https://x.example", template: { a: "{{ruel}}" } }, /did you mean \{\{rule\}\}/],
    [{ type: "webhook", url: "https://x.example", template: "{{constructor.constructor}}" }, /is no field/],
    [{ type: "webhook", url: "https://x.example", template: "{{ rule" }, /is no field/],
    [{ type: "webhook" }, /either `url` or `secretUrl`/],
    [{ type: "webhook", url: "ftp://x.example" }, /url/],
    [{ type: "webhook", url: "https://x.example", secretHeaders: { a: {} } }, /either `environment` or `file`/],
    [{ type: "webhook", url: "https://x.example", secretHeaders: { a: { environment: "PATH" } } }, /GARRISON_SINK_/],
    [{ type: "webhook", url: "https://x.example", headers: { a: "x\r\nb: c" } }, /headers/],
    [{ type: "syslog", host: "a b" }, /host/],
  ];
  for (const [to, expected] of cases) {
    const parsed = Sink.safeParse({ to });
    assert.equal(parsed.success, false, JSON.stringify(to));
    assert.match(JSON.stringify(parsed.error?.issues), expected);
  }
});

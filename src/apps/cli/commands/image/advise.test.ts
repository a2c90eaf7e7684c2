// garrison image advise as a process: files, folders, standard input, settings, formats, gates, faults.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { dockerfilesOf } from "./dockerfiles.ts";

const entry = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");

interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly talk: string;
}

async function folder(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), "garrison-advise-"));
  t.after(() => rm(made, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(made, name)), { recursive: true });
    await writeFile(path.join(made, name), text);
  }
  return made;
}

async function advise(cwd: string, args: readonly string[], input = ""): Promise<Ran> {
  const child = spawn(process.execPath, [entry, "image", "advise", "--color", "never", ...args], { cwd });
  let output = "";
  let talk = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (talk += chunk));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output, talk };
}

const bad = "FROM debian\nRUN sudo ls\n";

test("the folder's Dockerfile: a paragraph a line, the line quoted, exit 3 at errors", async (t) => {
  const cwd = await folder(t, { Dockerfile: bad });
  const { code, output, talk } = await advise(cwd, []);
  equal(code, 3);
  match(output, /^Dockerfile {2}\d+ error/);
  match(output, /2: RUN sudo ls\n +error +sudo .* dockerfile\/sudo, DL3004/);
  match(talk, /1 file looked at/);
});

test("folders and standard input as JSON; settings of .hadolint.yaml; --ignore", async (t) => {
  const cwd = await folder(t, {
    "a/Dockerfile": "FROM debian:12\n",
    "a/web.dockerfile": "FROM alpine:3\n",
    "a/node_modules/x/Dockerfile": bad,
    "a/notes.txt": bad,
    ".hadolint.yaml": "ignored: [DL3006]\nfailure-threshold: none\noverride:\n  error: [DL3004]\ncolour: x\n",
  });
  const { code, output, talk } = await advise(
    cwd,
    ["a", "-", "-o", "json", "--ignore", "DL3057,dockerfile/no-user"],
    bad,
  );
  equal(code, 0);
  match(talk, /colour/);
  const { targets } = JSON.parse(output) as {
    targets: { name: string; findings: { hadolint: string; rule: string; severity: string }[] }[];
  };
  deepEqual(
    targets.map(({ name }) => name),
    ["a/Dockerfile", "a/web.dockerfile", "(standard input)"],
  );
  const found = targets.flatMap(({ findings }) => findings);
  equal(
    found.some(({ hadolint }) => hadolint === "DL3006" || hadolint === "DL3057"),
    false,
  );
  equal(found.find(({ hadolint }) => hadolint === "DL3004")?.severity, "error");
});

test("SARIF and Markdown; bytes that are not UTF-8 are a finding; the gate is the flag's", async (t) => {
  const cwd = await folder(t, {
    Containerfile: Uint8Array.from([...Buffer.from("FROM debian:12\nUSER 5\nRUN a"), 0xff, 0x0a]),
  });
  const sarif = await advise(cwd, ["-o", "sarif", "--fail-on", "never"]);
  equal(sarif.code, 0);
  const log = JSON.parse(sarif.output) as { version: string; runs: { results: { ruleId: string }[] }[] };
  equal(log.version, "2.1.0");
  ok(log.runs[0]?.results.some(({ ruleId }) => ruleId === "dockerfile/parse"));
  const markdown = await advise(cwd, ["Containerfile", "-o", "markdown"]);
  deepEqual([markdown.code, markdown.output.startsWith("## Containerfile\n")], [3, true]);
});

test("faults: no file, no such rule, a broken settings file", async (t) => {
  const cwd = await folder(t, { ".hadolint.yaml": "ignored: 5\n", Dockerfile: bad });
  const wrong = await advise(cwd, ["./nothing"]);
  equal(wrong.code, 2);
  const slip = await advise(cwd, ["--no-config", "--ignore", "DL9999"]);
  deepEqual([slip.code, /there is no rule DL9999/.test(slip.talk)], [2, true]);
  const settings = await advise(cwd, ["Dockerfile"]);
  deepEqual([settings.code, /ignored is not a list/.test(settings.talk)], [2, true]);
});

test("a slip in a Dockerfile's name is no image's reference; an image's name is", async () => {
  for (const name of ["Dockerfil", "dockerfiel", "Containerfle"])
    await rejects(dockerfilesOf([name]), /cannot read|Dockerfile/);
  for (const name of ["nginx", "dockerfil:1.2", "shop/web"]) equal(await dockerfilesOf([name]), undefined);
});

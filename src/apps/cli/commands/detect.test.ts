import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const bin = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");
const folder = mkdtempSync(path.join(tmpdir(), "garrison-detect-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const whole = path.join(folder, name);
  writeFileSync(whole, text);
  return whole;
}

function garrison(...args: readonly string[]): {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, said: stderr };
}

// The second item's list ends as Falco's own files have it: lenient YAML is needed.
const good = file(
  "good.yaml",
  `- list: tools
  items: [
    nc, socat
  ]
- rule: Tool
  desc: d
  condition: evt.type in (execve, execveat) and proc.name in (tools)
  output: tool %proc.name %proc.cmdline
  priority: WARNING
`,
);
const bad = file(
  "bad.yaml",
  `- rule: Bad\n  desc: d\n  condition: evt.type = execve and proc.nme = x\n  output: o\n  priority: NOTICE\n`,
);
const events = file(
  "events.jsonl",
  `{"evt.type":"execve","proc.name":"nc","proc.cmdline":"nc -l"}
{"type":"exec","timeMs":1795000000000,"process":{"pid":5,"startMs":5},"comm":"socat","path":"/usr/bin/socat","arguments":["socat","-"]}
{"evt.type":"execve","proc.name":"ls"}
`,
);

test("detect test: rules of which none is left are an error, and a field that no rule can ask for is said", () => {
  const refused = garrison("detect", "test", bad, "--events", events);
  assert.equal(refused.code, 2);
  assert.match(refused.said, /no rule is left to judge by/);
  const strange = file("strange.jsonl", `{"evt.type":"execve","proc.nmae":"nc"}\n`);
  const { code, said } = garrison("detect", "test", good, "--events", strange);
  assert.equal(code, 0);
  assert.match(said, /there is no field "proc.nmae"/);
});

test("detect test: hits as Falco's lines, exit 3", () => {
  const { code, out, said } = garrison("detect", "test", good, "--events", events);
  assert.equal(code, 3);
  assert.deepEqual(
    out
      .trim()
      .split("\n")
      .map((line) => line.replace(/^[^ ]+: /, "")),
    ["Warning tool nc nc -l", "Warning tool socat socat -"],
  );
  assert.match(said, /3 events, 1 rule: 2 hits/);
});

test("detect test --json: one object a line", () => {
  const { out } = garrison("detect", "test", good, "--events", events, "--json");
  const [first] = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { rule: string; output_fields: object; evidence: readonly object[] });
  assert.deepEqual(
    [first?.rule, first?.output_fields, first?.evidence.length],
    ["Tool", { "proc.name": "nc", "proc.cmdline": "nc -l" }, 1],
  );
});

test("detect test: no hit is 0, a broken line or a file that is not there is 2 and named", () => {
  assert.equal(
    garrison("detect", "test", good, "--events", file("none.jsonl", `{"evt.type":"execve","proc.name":"ls"}\n`)).code,
    0,
  );
  const broken = garrison("detect", "test", good, "--events", file("broken.jsonl", `{"evt.type":"execve"}\n{oops\n`));
  assert.equal(broken.code, 2);
  assert.match(broken.said, /broken\.jsonl:2/);
  assert.equal(garrison("detect", "test", path.join(folder, "no.yaml"), "--events", events).code, 2);
});

test("detect lint: refused rules with file, line and the nearest name, exit 3; clean files 0", () => {
  const { code, out } = garrison("detect", "lint", good, bad);
  assert.equal(code, 3);
  assert.match(out, /bad\.yaml:1 .*Bad[\s\S]*no field "proc\.nme"[\s\S]*did you mean "proc\.name"/);
  const clean = garrison("detect", "lint", good, "--rules");
  assert.equal(clean.code, 0);
  assert.match(clean.out, /Tool[\s\S]*execve, execveat/);
});

test("detect lint says what is blind, and why", () => {
  const blind = file(
    "blind.yaml",
    `- rule: Env\n  desc: d\n  condition: evt.type = openat and evt.buffer contains X\n  output: o\n  priority: NOTICE\n`,
  );
  const { code, out } = garrison("detect", "lint", blind);
  assert.equal(code, 0);
  assert.match(out, /blind[\s\S]*Env[\s\S]*no sensor here supplies evt\.buffer/);
});

test("detect lint: at a terminal's width what is wrong is folded, whole and no wider", () => {
  const unknown = file("unknown.yaml", "rules:\n  - x\n");
  const { code, out } = garrison("detect", "lint", unknown, "--width", "60");
  assert.equal(code, 3);
  const [, ...lines] = out.trimEnd().split("\n");
  assert.deepEqual(
    lines.filter((line) => line.length > 60),
    [],
  );
  assert.match(
    out.replaceAll(/\s+/g, " "),
    /the document \(rules\) is no list of Falco rules, no GarrisonRule and no Sigma rule/,
  );
});

const sigma = file(
  "sigma.yaml",
  `title: Shadow\nid: 5d3f5d0e-5d3f-4f0e-8d3f-5d3f5d0e5d3f\nlogsource: { category: process_creation, product: linux }
detection:\n  selection:\n    CommandLine|contains: shadow\n  condition: selection\nlevel: high\n`,
);

test("detect test: a command line is what Sigma asks for, a system call is its end, no time is none", () => {
  const command = file("command.jsonl", `{"evt.type":"execve","proc.cmdline":"cat /etc/shadow"}\n`);
  const { code, out, said } = garrison("detect", "test", sigma, "--events", command);
  assert.equal(code, 3, said);
  assert.doesNotMatch(out, /1970/);
  assert.doesNotMatch(garrison("detect", "test", sigma, "--events", command, "--json").out, /1970/);
  const exit = file(
    "exit.yaml",
    `- rule: Exit\n  desc: d\n  condition: evt.type = execve and evt.dir = <\n  output: o\n  priority: NOTICE\n`,
  );
  assert.equal(garrison("detect", "test", exit, "--events", command).code, 3);
});

test("detect test: fields that a silent rule asks for and no event gives, in the author's words", () => {
  const named = file("named.jsonl", `{"evt.type":"execve","proc.name":"cat"}\n`);
  const { code, said } = garrison("detect", "test", sigma, good, "--events", named);
  assert.equal(code, 0);
  assert.match(said, /^Shadow: no event gives CommandLine \(proc\.cmdline\), which it asks for$/m);
  assert.doesNotMatch(said, /Tool: no event/);
});

test("detect test: refused rules are counted, and no hit of the rest is a part of an answer", () => {
  const quiet = file("quiet.jsonl", `{"evt.type":"execve","proc.name":"ls"}\n`);
  const none = garrison("detect", "test", good, bad, "--events", quiet);
  assert.equal(none.code, 7);
  assert.match(none.said, /1 event, 1 rule, 1 refused: 0 hits/);
  assert.equal(garrison("detect", "test", good, bad, "--events", events).code, 3);
});

test("detect lint: YAML when asked for; a file without a rule is said", () => {
  const { code, out } = garrison("detect", "lint", bad, "-o", "yaml");
  assert.equal(code, 3);
  assert.match(out, /^problems:\n {2}- hint: did you mean "proc\.name"\?$/m);
  const list = file("list.yaml", "- list: names\n  items: [a]\n");
  assert.match(garrison("detect", "lint", list).said, /no rule in .*list\.yaml/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, connect, engineOf, exec, file, inShop } from "./rules.fixture.ts";
import type { SensorEvent } from "../sense/sensor.ts";

interface Case {
  readonly name: string;
  readonly source: object;
  readonly detection: object;
  readonly hits: readonly SensorEvent[];
  readonly misses: readonly SensorEvent[];
}

const processes = { product: "linux", category: "process_creation" };
const files = { product: "linux", category: "file_event" };
const network = { product: "linux", category: "network_connection" };
const audit = { product: "linux", service: "auditd" };
const run = (...words: [string, ...string[]]): SensorEvent => exec(9, 1, words);

const cases: readonly Case[] = [
  {
    name: "endswith, without case",
    source: processes,
    detection: { sel: { "Image|endswith": ["/NC", "/ncat"] }, condition: "sel" },
    hits: [run("/usr/bin/nc"), run("/bin/ncat")],
    misses: [run("/usr/bin/ncx")],
  },
  {
    name: "contains|all",
    source: processes,
    detection: { sel: { "CommandLine|contains|all": ["-e", "/bin/sh"] }, condition: "sel" },
    hits: [run("/nc", "-e", "/bin/sh")],
    misses: [run("/nc", "-e", "/bin/cat")],
  },
  {
    name: "1 of, filters",
    source: processes,
    detection: {
      sel_a: { "Image|endswith": "/curl" },
      sel_b: { "Image|endswith": "/wget" },
      filter_ok: { "CommandLine|contains": "localhost" },
      condition: "1 of sel_* and not 1 of filter_*",
    },
    hits: [run("/usr/bin/wget", "http://x")],
    misses: [run("/usr/bin/curl", "localhost"), run("/bin/ls")],
  },
  {
    name: "all of them",
    source: processes,
    detection: { a: { "Image|endswith": "/x" }, b: { "CommandLine|contains": "y" }, condition: "all of them" },
    hits: [run("/x", "y")],
    misses: [run("/x", "z")],
  },
  {
    name: "wildcards and escapes",
    source: processes,
    detection: { sel: { CommandLine: "*rm -? /tmp/*" }, condition: "sel" },
    hits: [run("rm", "-r", "/tmp/a")],
    misses: [run("rm", "-rf", "/tmp/a")],
  },
  {
    name: "an escaped star is a star",
    source: processes,
    detection: { sel: { "CommandLine|endswith": "a\\*" }, condition: "sel" },
    hits: [run("/x", "a*")],
    misses: [run("/x", "ab")],
  },
  {
    name: "a list of mappings is a choice",
    source: processes,
    detection: { sel: [{ "Image|endswith": "/a" }, { "CommandLine|contains": "b" }], condition: "sel" },
    hits: [run("/a"), run("/z", "b")],
    misses: [run("/z")],
  },
  {
    name: "words without a field",
    source: processes,
    detection: { words: ["stratum+tcp", "xmrig"], condition: "words" },
    hits: [run("/x", "--url=STRATUM+TCP://pool")],
    misses: [run("/x")],
  },
  {
    name: "regular expression",
    source: processes,
    detection: { sel: { "CommandLine|re": "base64\\s+(-d|--decode)" }, condition: "sel" },
    hits: [run("base64", "-d"), run("/x", "base64", "--decode")],
    misses: [run("base64", "-e")],
  },
  {
    name: "base64",
    source: processes,
    detection: { sel: { "CommandLine|base64|contains": "/bin/sh" }, condition: "sel" },
    hits: [run("echo", "L2Jpbi9zaA==")],
    misses: [run("echo", "/bin/sh")],
  },
  {
    name: "a field that is not there",
    source: processes,
    detection: { sel: { "Image|endswith": "/x", ParentImage: null }, condition: "sel" },
    hits: [run("/x")],
    misses: [],
  },
  {
    name: "parent",
    source: processes,
    detection: { sel: { "ParentImage|endswith": "/nginx", "Image|endswith": "/sh" }, condition: "sel" },
    hits: [exec(8, 7, ["/bin/sh"])],
    misses: [exec(8, 6, ["/bin/sh"])],
  },
  {
    name: "files written",
    source: files,
    detection: { sel: { "TargetFilename|startswith": "/etc/cron.d/" }, condition: "sel" },
    hits: [file(9, "open", "/etc/cron.d/x", { flags: 0o101 })],
    misses: [file(9, "open", "/etc/cron.d/x"), file(9, "open", "/etc/x", { flags: 1 })],
  },
  {
    name: "connections, addresses in ranges",
    source: network,
    detection: {
      sel: { DestinationPort: [4444, 5555] },
      inside: { "DestinationIp|cidr": ["10.0.0.0/8", "127.0.0.0/8"] },
      condition: "sel and not inside",
    },
    hits: [connect(9, "203.0.113.9", 4444)],
    misses: [connect(9, "10.1.1.1", 4444), connect(9, "203.0.113.9", 443)],
  },
  {
    name: "audit records of programs",
    source: audit,
    detection: { sel: { type: "EXECVE", a0: "chmod", "a1|contains": "+x" }, condition: "sel" },
    hits: [run("chmod", "+x", "/tmp/a")],
    misses: [run("chmod", "-x", "/tmp/a")],
  },
  {
    name: "audit records of paths",
    source: audit,
    detection: { sel: { type: "PATH", name: ["/etc/ld.so.preload"] }, condition: "sel" },
    hits: [file(9, "open", "/etc/ld.so.preload")],
    misses: [file(9, "open", "/etc/ld.so.conf")],
  },
];

for (const { name, source, detection, hits, misses } of cases)
  test(`Sigma: ${name}`, () => {
    const result = compiled({
      title: "t",
      logsource: source,
      detection,
      level: "high",
      tags: ["attack.execution", "attack.t1059.004"],
      falsepositives: ["Admins"],
    });
    assert.deepEqual(result.problems, []);
    const [summary] = result.rules.summaries;
    assert.deepEqual([summary?.format, summary?.severity, summary?.techniques], ["sigma", "high", ["T1059.004"]]);
    assert.match(summary?.description ?? "", /False positives: Admins/);
    const fired = (event: SensorEvent): boolean => {
      const { detector, told } = engineOf(result);
      detector.take([{ ...exec(7, 1, ["/usr/sbin/nginx"]), type: "running" }], () => inShop);
      detector.take([event], () => inShop);
      return told.length === 1;
    };
    for (const event of hits) assert.ok(fired(event), JSON.stringify(event));
    for (const event of misses) assert.ok(!fired(event), JSON.stringify(event));
  });

const refused: readonly (readonly [why: string, logsource: object, detection: object, hint: RegExp])[] = [
  [
    "another product",
    { product: "windows", category: "process_creation" },
    { s: { Image: "x" }, condition: "s" },
    /linux/,
  ],
  ["an unknown field", processes, { s: { Imge: "x" }, condition: "s" }, /Image/],
  ["an unknown modifier", processes, { s: { "Image|endwith": "x" }, condition: "s" }, /endswith/],
  ["an unknown search", processes, { selection: { Image: "x" }, condition: "selecton" }, /selection/],
  ["an aggregation", processes, { s: { Image: "x" }, condition: "s | count() > 5" }, /^$/],
  ["no detection of ours", audit, { s: { type: "USER_LOGIN" }, condition: "s" }, /EXECVE/],
];
for (const [why, logsource, detection, hint] of refused)
  test(`Sigma refuses ${why}`, () => {
    const { rules, problems } = compiled({ title: "t", logsource, detection });
    assert.equal(rules.summaries.length, 0);
    assert.match(problems[0]?.hint ?? "", hint);
  });

test("a name that every object has is no field and no type of record", () => {
  for (const selection of [{ constructor: "x" }, { "toString|contains": "x" }, { type: "constructor" }]) {
    const product = { product: "linux", service: "auditd" };
    const { problems } = compiled({ title: "t", logsource: product, detection: { s: selection, condition: "s" } });
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ["error"],
      JSON.stringify(selection),
    );
  }
});

// garrison waf as a user meets it: real processes over a small rule file, no server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

const rules = `SecRuleEngine On
SecAction "id:1,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule ARGS "@rx (?i)union\\s+select" "id:942000,phase:2,pass,log,t:none,t:urlDecodeUni,msg:'SQL words',severity:2,setvar:tx.score=+5"
SecRule REQUEST_BODY|ARGS "@contains rm -rf" "id:932000,phase:2,deny,status:418,log,msg:'Shell words'"
SecRule TX:score "@ge 5" "id:949110,phase:2,deny,status:403,log,msg:'Score %{tx.score}'"
`;
const broken = `SecRule ARGS "@rx (" "id:1,phase:2,deny"
SecFoo bar
`;
const suite = `rule_id: 942000
tests:
  - test_id: 1
    stages:
      - input: { uri: "/?q=union%20select", headers: { Host: localhost } }
        output: { log: { expect_ids: [942000, 949110], no_expect_ids: [932000] } }
  - test_id: 2
    stages:
      - input: { method: POST, uri: /, headers: { Host: localhost }, data: "a=rm -rf" }
        output: { log: { match_regex: 'id "932000".*Shell words' } }
  - test_id: 3
    stages:
      - input: { uri: "/a#b", headers: { Host: localhost } }
        output: { status: 400 }
  - test_id: 4
    stages:
      - input: { uri: /quiet, headers: { Host: localhost } }
        output: {}
`;
const event = {
  transactionId: "t-1",
  verdict: "blocked",
  method: "GET",
  path: "/search",
  decidingRule: 949110,
  ruleIds: [942000, 949110],
  variables: ["ARGS:q", "TX:score"],
  scores: [5, 0],
};

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "garrison-waf-cli-"));
  await writeFile(path.join(folder, "rules.conf"), rules);
  await writeFile(path.join(folder, "broken.conf"), broken);
  await writeFile(path.join(folder, "suite.yaml"), suite);
  await writeFile(path.join(folder, "wrong.yaml"), suite.replace("expect_ids: [942000", "expect_ids: [1, 942000"));
  await writeFile(path.join(folder, "events.jsonl"), `not an event\n${JSON.stringify(event)}\n`);
  await writeFile(
    path.join(folder, "request.txt"),
    "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ncmd=rm+-rf+/",
  );
});
after(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function garrison(...words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [entry, "waf", ...words], {
    cwd: folder,
    // Many short processes over the same code: they need not compile it anew.
    env: { ...process.env, NO_COLOR: "1", GARRISON_DATA: folder, NODE_COMPILE_CACHE: path.join(folder, "compiled") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.err += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, ...texts })));
}

describe("garrison waf test", { concurrency: 2 }, () => {
  test("explains each rule: variable, value, matched piece underlined, verdict", async () => {
    const { code, out } = await garrison("test", "rules.conf", "--url", "/?q=1 UNION  select 2", "--width", "100");
    assert.equal(code, 0);
    assert.match(out, /942000 +SQL words/);
    assert.match(out, /in +ARGS:q\n +value +1 UNION {2}select 2\n +matched +\^{13}\n/);
    assert.match(out, /blocked by rule 949110 in phase 2, deny with status 403/);
  });

  test("a raw request from a file, as JSON; an expectation that does not hold ends with 3", async () => {
    const { code, out } = await garrison(
      "test",
      "rules.conf",
      "--request",
      "request.txt",
      "--json",
      "--expect",
      "pass",
    );
    assert.equal(code, 3);
    const document = JSON.parse(out) as {
      verdict: string;
      interruption: { status: number };
      rules: { ruleId: number }[];
    };
    assert.equal(document.verdict, "block");
    assert.equal(document.interruption.status, 418);
    assert.deepEqual(
      document.rules.map(({ ruleId }) => ruleId),
      [932000],
    );
  });

  test("one request, not none and not two", async () => {
    assert.equal((await garrison("test", "rules.conf")).code, 2);
    assert.equal((await garrison("test", "rules.conf", "--url", "/", "--request", "request.txt")).code, 2);
    assert.equal((await garrison("test", "not-there.conf", "--url", "/")).code, 2);
  });
});

describe("garrison waf lint, rules, bench", { concurrency: 2 }, () => {
  test("lint names file and line, and ends with 3 unless told never to", async () => {
    const bad = await garrison("lint", "broken.conf");
    assert.equal(bad.code, 3);
    assert.match(bad.out, /error +broken\.conf:1/);
    assert.match(bad.out, /error +broken\.conf:2/);
    assert.match(bad.err, /^0 rules taken, 2 lines refused: 2 errors, /m);
    assert.equal((await garrison("lint", "broken.conf", "--fail-on", "never")).code, 0);
  });

  test("lint and rules count the same, without the rules that every engine begins with", async () => {
    await writeFile(
      path.join(folder, "expression.conf"),
      'SecRule ARGS "@rx (" "id:1,phase:2,deny"\nSecRule ARGS "@rx a" "id:2,phase:2,deny"\n',
    );
    assert.match((await garrison("lint", "expression.conf")).err, /^1 rule taken, 1 line refused: 1 error, /m);
    const { code, err } = await garrison("rules", "expression.conf");
    assert.equal(code, 7);
    assert.match(err, /^1 error, 0 warnings, 0 notes: garrison waf lint expression\.conf shows them$/m);
  });

  test("rules of the Core Rule Set without its set-up are told", async () => {
    const check = 'SecRule &TX:crs_setup_version "@eq 0" "id:901001,phase:1,deny,status:500,log"\n';
    await writeFile(path.join(folder, "no-setup.conf"), check);
    const { code, out } = await garrison("lint", "no-setup.conf", "--fail-on", "warning");
    assert.equal(code, 3);
    assert.match(out, /without its set-up/);
  });

  test("a group without its command shows its own help only", async () => {
    const { code, out, err } = await garrison();
    assert.equal(code, 2);
    assert.deepEqual(`${out}${err}`.match(/^Usage: .*/gm), ["Usage: garrison waf [options] [command]"]);
  });

  test("rules counts by file and phase", async () => {
    const { code, out } = await garrison("rules", "rules.conf", "-o", "json");
    assert.equal(code, 0);
    const { rulesByPhase, files } = JSON.parse(out) as {
      rulesByPhase: number[];
      files: { file: string; rules: number }[];
    };
    const [base] = files.filter(({ file }) => file !== "rules.conf");
    assert.equal(files.find(({ file }) => file === "rules.conf")?.rules, 4);
    assert.equal(
      rulesByPhase.reduce((sum, count) => sum + count, 0),
      4 + (base?.rules ?? 0),
    );
  });

  test("bench prints a row for each kind of request", async () => {
    const { code, out } = await garrison("bench", "rules.conf", "--rounds", "1");
    assert.equal(code, 0);
    for (const kind of ["east", "get", "json", "form", "upload"]) assert.match(out, new RegExp(`^${kind} `, "m"));
    assert.match(out, /loaded in \d+ ms CPU/);
  });
});

describe("garrison waf ftw", { concurrency: 2 }, () => {
  test("counts stages, and those without an assertion apart; in process and over a socket", async () => {
    for (const more of [["--chunk-bytes", "3"], ["--socket"]]) {
      // oxlint-disable-next-line no-await-in-loop
      const { code, out, err } = await garrison("ftw", "rules.conf", "suite.yaml", ...more);
      assert.equal(out, "1 without an assertion: 942000-4\n3 passed, 0 failed\n", `${more.join(" ")}: ${err}`);
      assert.equal(code, 0);
    }
  });

  test("a failure is told with its reason and ends with 3; --exclude leaves it out", async () => {
    const { code, out, err } = await garrison("ftw", "rules.conf", "wrong.yaml");
    assert.equal(code, 3);
    assert.match(out, /2 passed, 1 failed\n$/);
    assert.match(err, /failed 942000-1 stage 1: expected 1, got 942000, 949110/);
    assert.equal((await garrison("ftw", "rules.conf", "wrong.yaml", "--exclude", "-1$")).code, 0);
  });
});

test("garrison waf exclude: the narrowest exclusion as a policy, with proof", async () => {
  const { code, out, err } = await garrison(
    "exclude",
    "events.jsonl",
    "--rules",
    "rules.conf",
    "--reason",
    "a search for SQL",
  );
  assert.equal(code, 0, err);
  const { kind, spec } = parse(out) as {
    kind: string;
    spec: { exclusions: { rules: string[]; target: string; path: string }[] };
  };
  assert.equal(kind, "WafPolicy");
  assert.deepEqual(
    spec.exclusions.map(({ rules: ids, target, path: at }) => [ids.join(), target, at]),
    [["942000", "ARGS:q", "/search"]],
  );
  assert.match(err, /attacks elsewhere: \d+ of \d+ caught before, \d+ after/);
  assert.equal((await garrison("exclude", "rules.conf", "--rules", "rules.conf", "--reason", "no event")).code, 5);
});

test("garrison waf test: long expressions are cut, a body that no gateway holds is told", async () => {
  const expression = "abc|".repeat(2000);
  await writeFile(path.join(folder, "long.conf"), `SecRule ARGS "@rx ${expression}x" "id:5,phase:2,deny,log"\n`);
  await writeFile(path.join(folder, "large.txt"), `a=${"x".repeat(17 * 1024 * 1024)}`);
  const long = await garrison("test", "long.conf", "--url", "/?a=abc");
  assert.ok(long.out.split("\n").every((line) => line.length < 500));
  const large = await garrison("test", "long.conf", "--url", "/", "--body", "@large.txt");
  assert.match(large.err, /answers this one with 413/);
});

describe("garrison waf exclude: what it takes the policy from", () => {
  const detected = {
    ...event,
    transactionId: "t-2",
    verdict: "detected",
    mode: "detect",
    namespace: "shop",
    workload: "web",
    paranoias: [2, 1],
    inboundScore: 5,
    inboundThreshold: 5,
  };
  const denied = {
    ...detected,
    transactionId: "t-3",
    decidingRule: 932000,
    ruleIds: [942000, 932000],
    variables: ["REQUEST_HEADERS:Host", "ARGS:a"],
    scores: [3, 0],
    inboundScore: 3,
  };
  const policy = `kind: WafPolicy
scope: cluster/prod
name: mine
spec:
  mode: detect
  target: { namespace: shop, workload: web }
  exclusions:
    - { id: all, rules: ["942000-942999"], target: ARGS, reason: legacy }
`;
  interface Printed {
    readonly scope?: string;
    readonly spec: {
      readonly mode: string;
      readonly paranoia?: number;
      readonly target?: object;
      readonly exclusions: readonly { readonly rules: readonly string[]; readonly target?: string }[];
    };
  }
  const ask = (...args: readonly string[]) =>
    garrison("exclude", "more.jsonl", "--rules", "rules.conf", "--reason", "a search for SQL", ...args);
  before(async () => {
    await writeFile(path.join(folder, "more.jsonl"), [detected, denied].map((row) => JSON.stringify(row)).join("\n"));
    await writeFile(path.join(folder, "mine.yaml"), policy);
  });

  test("a new policy has the event's mode, level and workload", async () => {
    const { code, out, err } = await ask("--transaction", "t-2");
    assert.equal(code, 0, err);
    const { spec } = parse(out) as Printed;
    assert.deepEqual([spec.mode, spec.paranoia, spec.target], ["detect", 2, { namespace: "shop", workload: "web" }]);
    assert.match(err, /this request: score 5 before, 0 of 5 after, below the threshold/);
    assert.doesNotMatch(err, /every workload/);
  });
  test("a request that a rule denied by itself: that rule", async () => {
    const { out } = await ask("--transaction", "t-3");
    assert.deepEqual(
      (parse(out) as Printed).spec.exclusions.map(({ rules: ids, target }) => [ids.join(), target]),
      [["932000", "ARGS:a"]],
    );
  });
  test("with --into the policy's own settings hold, in the proof too", async () => {
    const { code, out, err } = await ask("--transaction", "t-3", "--into", "mine.yaml");
    assert.equal(code, 0, err);
    const { scope, spec } = parse(out) as Printed;
    assert.deepEqual([scope, spec.mode, spec.exclusions.length], ["cluster/prod", "detect", 2]);
    const caught = (text: string): number => Number(/elsewhere: (\d+) of/.exec(text)?.[1]);
    assert.ok(caught(err) < caught((await ask("--transaction", "t-3")).err), err);
    assert.equal((await ask("--into", "mine.yaml", "--paranoia", "2")).code, 2);
  });
  test("nothing is printed that no gateway takes, or that could not be proved", async () => {
    for (const args of [
      ["--reason", "x"],
      ["--name", "Bad Name!"],
      ["--workload", "a/b/c"],
      ["--rules", "nowhere"],
      ["--into", "rules.conf"],
    ]) {
      const { code, out } = await ask(...args);
      assert.ok(code !== 0, args.join(" "));
      assert.equal(out, "");
    }
  });
});

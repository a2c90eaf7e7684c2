// The whole gateway: threads, events in files, status, rule sets swapped under load, policies from files and from a server.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { formatJoinToken } from "../../edge/trust/join-token.ts";
import { WafPolicy } from "../../model/waf-policy.ts";
import { openFakeDoor } from "../../../test/support/fake-door.ts";
import { smallRules, startGateway, until } from "./gateway.fixture.ts";

test("two threads serve; stopped requests are lines, rows and figures", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-events-"));
  const events = path.join(folder, "events.json");
  const log = path.join(folder, "waf.log");
  const gateway = await startGateway({ workers: 2, events, log, workload: "shop/checkout" });
  try {
    assert.deepEqual(await gateway.ask("/ok?a=b"), { status: 200, body: "fine" });
    const stopped = await gateway.ask("/search?q=an+attack&password=hunter2", {
      "x-forwarded-for": "9.9.9.9",
      traceparent: `00-${"a1".repeat(16)}-${"b".repeat(16)}-01`,
    });
    assert.equal(stopped.status, 403);
    const text = await until(
      () => readFileSync(events, "utf8"),
      (value) => value.endsWith("\n"),
    );
    const row = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(
      [
        row["verdict"],
        row["door"],
        row["decidingRule"],
        row["path"],
        row["clientAddress"],
        row["forwardedFor"],
        row["workload"],
        row["namespace"],
        row["status"],
        row["traceId"],
      ],
      ["blocked", "proxy", 1001, "/search", "127.0.0.1", "::", "checkout", "shop", 403, "a1".repeat(16)],
    );
    assert.doesNotMatch(text, /hunter2/);
    assert.match(
      await until(
        () => readFileSync(log, "utf8"),
        (value) => value !== "",
      ),
      /^ModSecurity: Access denied with code 403 \(phase 2\).*\[id "1001"\]/,
    );
    assert.ok(
      gateway.notices.some((line) => /^blocked 403 GET .*\/search from 127\.0\.0\.1: rule 1001/.test(line)),
      gateway.notices.join("\n"),
    );
    const status = await until(
      () => gateway.status(),
      (value) => value["http"].requests === 2,
    );
    assert.deepEqual(
      [status["workers"], status["ruleSet"].rules, status["http"].blocked, status["inspector"].inspected],
      [2, 1, 1, 2],
    );
    assert.match(await gateway.text("/metrics"), /garrison_waf_requests_blocked_total 1\n/);
    assert.equal(await gateway.text("/readyz"), "ready\n");
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
});

test("rule sets are swapped under load and no request is lost; a broken one leaves the old one serving", async () => {
  const gateway = await startGateway({ workers: 2 });
  try {
    const asked = 5000;
    let at = 0;
    const answers = new Map<string, number>();
    const client = async (): Promise<void> => {
      while (at < asked) {
        at += 1;
        const { status, body } = await gateway.ask(`/?a=${at % 10 === 0 ? "attack" : "b"}`);
        const key = status === 200 ? body : String(status);
        answers.set(key, (answers.get(key) ?? 0) + 1);
      }
    };
    const change = async (): Promise<void> => {
      for (let number = 2; number <= 6; number += 1) {
        const before = ((await gateway.status())["ruleSet"] as { loads: number }).loads;
        writeFileSync(
          gateway.rulesFile,
          `${smallRules}\nSecRule ARGS "@contains other${number}" "id:${2000 + number},phase:2,deny,status:403,log"\n`,
        );
        gateway.hangup();
        await until(
          () => gateway.status(),
          (value) => value["ruleSet"].loads > before,
        );
      }
    };
    await Promise.all([change(), ...Array.from({ length: 12 }, client)]);
    assert.deepEqual(Object.fromEntries(answers), { "403": asked / 10, fine: asked - asked / 10 });

    writeFileSync(gateway.rulesFile, `${smallRules}\nSecRule ARGS "@noSuchOperator x" "id:3000,phase:2,deny"\n`);
    gateway.hangup();
    const refused = await until(
      () => gateway.status(),
      (value) => value["ruleSet"].problem !== "",
    );
    assert.match(refused["ruleSet"].problem, /rules\.conf line \d+/);
    assert.equal((await gateway.ask("/?a=attack")).status, 403);
    assert.equal((await gateway.ask("/?a=other6")).status, 403, "the one before goes on");
    assert.ok(gateway.notices.some((line) => line.startsWith("rules    refused, the old ones go on")));

    writeFileSync(gateway.rulesFile, smallRules.replace('attack"', 'assault"'));
    gateway.hangup();
    await until(
      () => gateway.status(),
      (value) => value["ruleSet"].problem === "",
    );
    assert.equal((await gateway.ask("/?a=attack")).status, 200);
    assert.equal((await gateway.ask("/?a=assault")).status, 403);
  } finally {
    await gateway.close();
  }
});

test("changed files are found by looking, without a signal", async () => {
  const gateway = await startGateway({ workers: 0, watchSeconds: 0.05 });
  try {
    writeFileSync(gateway.rulesFile, smallRules.replaceAll("attack", "assault"));
    await until(
      () => gateway.ask("/?a=assault"),
      ({ status }) => status === 403,
    );
    assert.equal((await gateway.ask("/?a=attack")).status, 200);
  } finally {
    await gateway.close();
  }
});

test("policies from a file: by route, with an exclusion; flags hold for the rest", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-policy-"));
  const file = path.join(folder, "policy.yaml");
  const document = (name: string, spec: string): string =>
    `apiVersion: garrison/v1\nkind: WafPolicy\nname: ${name}\nspec:\n${spec}---\n`;
  writeFileSync(
    file,
    document("looked", `  mode: detect\n  target: { routes: [{ path: /looked }] }\n`) +
      document(
        "excepted",
        `  mode: block\n  target: { routes: [{ path: /excepted }] }\n  exclusions: [{ id: one, rules: ["1001"], target: "ARGS:comment", reason: prose }]\n`,
      ),
  );
  const gateway = await startGateway({ workers: 0, policies: [file] });
  try {
    const statuses = await Promise.all(
      ["/?a=attack", "/looked?a=attack", "/excepted?comment=attack", "/excepted?other=attack"].map(
        async (target) => (await gateway.ask(target)).status,
      ),
    );
    assert.deepEqual(statuses, [403, 200, 200, 403]);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
});

test("what cannot start says why", async () => {
  await assert.rejects(startGateway({ workers: 0, rules: ["/nowhere/at/all"] }), /not there/);
  await assert.rejects(startGateway({ workers: 0 }, "# nothing\n"), /no rule/);
  await assert.rejects(startGateway({ workers: 0, upstream: "ftp://x" }), /no upstream/);
  await assert.rejects(startGateway({ workers: 0, listen: "nowhere" }), /no address/);
});

test("as a node of a server: joins, takes its policies, ships its events, reports what is in force", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-link-"));
  const door = await openFakeDoor({ folder: path.join(folder, "authority") });
  const gateway = await startGateway({
    workers: 1,
    mode: "off",
    server: { address: door.url.host },
    join: { token: formatJoinToken(door.token) },
    node: "edge-1-waf",
    data: path.join(folder, "data"),
  });
  try {
    assert.equal((await gateway.ask("/?a=attack")).status, 200);
    await until(
      () => door.controlNumbers.length,
      (count) => count > 0,
    );
    const resource = (name: string, spec: Record<string, unknown>) =>
      ({
        apiVersion: "garrison/v1",
        kind: "WafPolicy",
        scope: "global",
        name,
        spec,
        generation: 3,
        author: "a",
        time: new Date().toISOString(),
        deleted: false,
      }) as const;
    door.push({
      type: "snapshot",
      number: 1,
      resources: [resource("shop", WafPolicy.parse({ mode: "block" })), resource("odd", { mode: "loud" })],
    });
    await until(
      () => gateway.ask("/?a=attack"),
      ({ status }) => status === 403,
    );
    const block = await until(
      () => door.blocks.find(({ header }) => header.table === "waf_events"),
      (value) => value !== undefined,
    );
    assert.ok((block?.header.rows ?? 0) > 0);
    const report = await until(
      () => door.reports.at(-1),
      (value) => (value?.resources.length ?? 0) === 2,
    );
    assert.equal(report?.gateway?.rules, 1);
    assert.equal(report?.fidelity, "proxy");
    const states = Object.fromEntries(report?.resources.map(({ name, state }) => [name, state]) ?? []);
    assert.deepEqual(states, { odd: "refused", shop: "applied" });
  } finally {
    await gateway.close();
    await door.stop();
    rmSync(folder, { recursive: true });
  }
});

test("a swap to a folder that lost its rules is refused; the old ones go on", async () => {
  const many = Array.from(
    { length: 20 },
    (_, at) => `SecRule ARGS "@contains bad${at}" "id:${2000 + at},phase:2,deny"`,
  );
  const gateway = await startGateway({ workers: 0 }, [smallRules, ...many].join("\n"));
  try {
    writeFileSync(gateway.rulesFile, `SecRule ARGS "@contains other" "id:3000,phase:2,deny"\n`);
    gateway.hangup();
    await until(
      () => gateway.status(),
      (value) => value["ruleSet"].refusals === 1,
    );
    assert.equal((await gateway.ask("/?a=attack")).status, 403);
    assert.ok(
      gateway.notices.some((line) => /refused, the old ones go on: .* lost most of its rules: 1 of 21/.test(line)),
      gateway.notices.join("\n"),
    );
  } finally {
    await gateway.close();
  }
});

test("what is wrong at the start ends it, once and with its own hint", async () => {
  const starts: readonly (readonly [object, string, RegExp, RegExp])[] = [
    [{}, `${smallRules}\nSecRule ARGS "@contains x" "phase:2,deny"`, /1 refused directives, .*has no id/, /waf lint/],
    [
      { policies: ["/nowhere/policy.yaml"] },
      smallRules,
      /policy file \/nowhere\/policy.yaml cannot be read/,
      /WafPolicy/,
    ],
  ];
  for (const [config, rules, message, hint] of starts)
    await assert.rejects(startGateway({ workers: 0, ...config }, rules), (error: { message: string; hint: string }) => {
      assert.match(error.message, message);
      assert.match(error.hint, hint);
      return true;
    });
});

test("problems of policies are told at the start; a stopped request names the rule that denied", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-policies-"));
  const file = path.join(folder, "policy.yaml");
  const exclusion = { id: "none", rules: ["999999"], reason: "of a rule that is not there" };
  const manifest = { kind: "WafPolicy", name: "shop", spec: { mode: "block", exclusions: [exclusion] } };
  writeFileSync(file, JSON.stringify(manifest));
  const scoring = `SecRule REQUEST_HEADERS:Host "@rx ." "id:1000,phase:1,pass,log,msg:'host',severity:4,setvar:tx.inbound_anomaly_score_pl1=+3"`;
  const gateway = await startGateway({ workers: 0, policies: [file] }, `${smallRules}\n${scoring}`);
  try {
    assert.ok(
      gateway.notices.some((line) => line.startsWith("policy   shop: ")),
      gateway.notices.join("\n"),
    );
    await gateway.ask("/?a=attack");
    const [line] = await until(
      () => gateway.notices.filter((each) => each.startsWith("blocked")),
      (lines) => lines.length > 0,
    );
    assert.match(line ?? "", /: rule 1001 ARGS:a/);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
});

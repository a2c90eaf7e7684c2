// The demo's WAF: its rules read without a problem, visitors are judged as the story wants, and rows are whole.
import assert from "node:assert/strict";
import test from "node:test";
import { parseRuleSet } from "../../core/waf/seclang/parse-rule-set.ts";
import { tables } from "../../model/table.ts";
import { createDemoGateway } from "./gateway.ts";
import { createSimulation } from "./world/world.ts";
import { demoRules } from "./world/visits.ts";

const startMs = Date.parse("2026-11-26T10:00:00Z");

function gatewayOf(attack: boolean) {
  const objects = { put: () => undefined, remove: () => undefined };
  const simulation = createSimulation({ seed: "t", startMs, bootMs: startMs - 1e6, visitsPerSecond: 1, objects });
  simulation.world.story.attack = attack;
  return createDemoGateway(simulation.world, startMs);
}

test("its rules are whole", () => {
  const { problems, counts } = parseRuleSet({
    files: [{ file: "demo.conf", text: demoRules }],
    reader: { include: () => [], wordList: () => ({ refused: "none" }) },
  });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.equal(counts.rules, 6);
});

test("a calm shop has a few blocked, some that would be, some below; the attack has many more", () => {
  const counted = (attack: boolean) => {
    const gateway = gatewayOf(attack);
    const rows = [];
    for (let atMs = startMs; atMs < startMs + 600_000; atMs += 5000) rows.push(...gateway.advance(atMs));
    for (const row of rows) tables.waf_events.parse({ ...row, time: new Date(row.time).toISOString() });
    const verdicts = Object.fromEntries(
      [...Map.groupBy(rows, ({ verdict }) => verdict)].map(([verdict, all]) => [verdict, all.length]),
    );
    return { verdicts, rows, requests: gateway.report().requests };
  };
  const calm = counted(false);
  assert.ok(calm.requests > 200, String(calm.requests));
  assert.deepEqual(Object.keys(calm.verdicts).sort(), ["blocked", "detected", "logged"], JSON.stringify(calm.verdicts));
  assert.ok(calm.rows.length < calm.requests / 4, "most visitors are harmless");
  const wrong = calm.rows.find(({ path }) => path === "/reviews");
  assert.deepEqual([wrong?.verdict, wrong?.workload, wrong?.mode], ["detected", "catalog", "detect"]);
  assert.equal(wrong?.variables[0], "ARGS:comment");
  assert.ok((counted(true).verdicts["blocked"] ?? 0) > 5 * (calm.verdicts["blocked"] ?? 0));
});

test("what a sleeping machine missed did not happen", () => {
  const gateway = gatewayOf(false);
  gateway.advance(startMs + 7 * 86_400_000);
  assert.ok(gateway.report().requests <= 200);
});

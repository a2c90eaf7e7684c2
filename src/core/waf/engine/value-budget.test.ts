// The budget holds inside one value, and no value is too long for it: patterns over a long one stop in the middle, fields and values have their bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRules, runRequest, testEngine, testPolicy } from "../../../../test/support/waf-engine.ts";
import { valueLimits } from "./values.ts";

const patterns = 200;
const many = Array.from(
  { length: patterns },
  (_, at) => `SecRule ARGS "@rx x${at}[0-9]z" "id:${at + 1},phase:2,deny,log"`,
).join("\n");

test("a long value is left as soon as the time is used up, not after its last pattern", () => {
  let now = 0;
  const engine = testEngine(parseRules(many), { nowUs: () => (now += 1000), isPrefiltered: false });
  engine.warm();
  const before = engine.figures.patternsRun;
  const budget = { usMax: 10_000, bytesMax: 1e9, onExceeded: "block" as const };
  const { stopped } = runRequest(engine, testPolicy({ budget }), { target: `/?a=${"y".repeat(64 * 1024)}` });
  assert.equal(stopped?.because, "budget: time");
  const ran = engine.figures.patternsRun - before;
  assert.ok(ran > 0 && ran < 30, `${ran} patterns ran`);
});

test("transformations of a long value are paid before they run, and so is each rule that asks for itself", () => {
  let now = 0;
  const asked = Array.from(
    { length: patterns },
    (_, at) =>
      `SecRule ARGS "@rx ^\\x25y" "id:${at + 1},phase:2,pass,log,multiMatch,t:urlDecode,t:lowercase,t:hexEncode"`,
  ).join("\n");
  const engine = testEngine(parseRules(asked), { nowUs: () => (now += 1000) });
  engine.warm();
  const budget = { usMax: 50_000, bytesMax: 1e9, onExceeded: "block" as const };
  const { report } = runRequest(engine, testPolicy({ budget, mode: "block" }), {
    target: `/?a=${"%25y".repeat(16 * 1024)}`,
  });
  assert.equal(report.interruption?.because, "budget: time");
  assert.ok(report.rules.length < 60, `${report.rules.length} rules matched`);
});

test("a short value is judged to its end even where the budget ends in it: what is remembered of it is whole", () => {
  let now = 0;
  let step = 10_000;
  const rules = `${many}\nSecRule ARGS "@rx x5[0-9]z" "id:1000,phase:2,deny,log"`;
  const engine = testEngine(parseRules(rules), { nowUs: () => (now += step), isPrefiltered: false });
  engine.warm();
  const budget = { usMax: 5_000, bytesMax: 1e9, onExceeded: "pass" as const };
  for (let round = 0; round < 4; round++) runRequest(engine, testPolicy({ budget }), { target: `/?a=x55z` });
  step = 0;
  assert.equal(runRequest(engine, testPolicy({ budget }), { target: `/?a=x55z` }).stopped?.ruleId, 6);
});

test("fields of a multipart body are bounded by SecRequestBodyNoFilesLimit; files are not", () => {
  const engine = testEngine(parseRules(`SecRequestBodyAccess On\n${many}`));
  const body = (head: string): string =>
    `--B\r\nContent-Disposition: form-data; name="f"${head}\r\n\r\n${"a".repeat(200_000)}\r\n--B--\r\n`;
  const request = (head: string) => ({
    method: "POST",
    headers: [["Content-Type", "multipart/form-data; boundary=B"]] as const,
    body: body(head),
  });
  const field = runRequest(engine, testPolicy(), request(""));
  assert.equal(field.stopped?.status, 400);
  assert.match(field.report.notInspected.join(), /fieldBytesMax \(131072\)/);
  const file = runRequest(engine, testPolicy(), request('; filename="f.bin"'));
  assert.deepEqual([file.stopped, file.report.notInspected], [undefined, []]);
});

test("of a value over its bound the rest is not looked at, told, and blocked", () => {
  const engine = testEngine(parseRules(many));
  const target = `/${"y".repeat(valueLimits.valueBytesMax)}?a=b`;
  const { stopped, report } = runRequest(engine, testPolicy(), { target });
  assert.match(stopped?.because ?? "", /limit: a value after its first 1048576 bytes/);
  assert.deepEqual(report.notInspected, ["a value after its first 1048576 bytes"]);
  const detected = runRequest(engine, testPolicy({ mode: "detect" }), { target });
  assert.equal(detected.report.isBlocked, false);
});

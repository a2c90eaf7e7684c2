// Whatever an overlay says, the operator's rules stay as they are, and one team does not use up what is there for all.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../../../../test/support/skip.ts";
import { parseRuleSet } from "./parse-rule-set.ts";
import { codesOf, filesOf, floor, parseOverlay, rulesOf } from "./parse.fixture.ts";

test("one team does not use up what is there for all", () => {
  const many = Array.from({ length: 2100 }, (_, at) => `SecAction "id:${at + 1000000},phase:2,pass"`).join("\n");
  const rules = parseOverlay(floor, many);
  assert.equal(rules.ruleSet.items.filter((item) => item.kind === "rule" && item.layer === "team").length, 2000);
  assert.deepEqual([...new Set(codesOf(rules, "error"))], ["waf/too-many-rules"]);
  const list = Array.from({ length: 30_000 }, (_, at) => `w${at}`).join("\n");
  const naming = [1, 2, 3, 4, 5].map((at) => `SecRule ARGS "@pmFromFile w" "id:${at},phase:2,deny"`).join("\n");
  const own = rulesOf(parseOverlay(floor, naming, { w: list })).filter(({ layer }) => layer === "team");
  assert.equal(own.length, 3);
  assert.equal(own[0]?.head.operator.words, own[1]?.head.operator.words);
  const name = "a".repeat(300);
  assert.deepEqual(codesOf(parseOverlay(floor, `SecAction "id:1,pass,setvar:tx.${name}=1"`)), ["waf/overlay-refused"]);
});

const ids = fc.constantFrom("100", "101", "942100", "900", "1-999999", "949110");
const names = fc.constantFrom("attack-sqli", "own", "SQL injection", ".*", "a");
const keys = fc.constantFrom(
  "tx.allowed",
  "tx.own",
  "tx.inbound_anomaly_score_pl1",
  "tx.%{ARGS.a}",
  "ip.x",
  "env.a",
  "tx.header_a",
);
const changes = fc.constantFrom("=0", "=-1", "=+1", "=+%{tx.critical_anomaly_score}", "");
const action = fc.oneof(
  fc
    .tuple(fc.constantFrom("ctl:ruleRemoveById=", "ctl:ruleRemoveTargetById="), ids)
    .map(([kind, id]) => `${kind}${id};ARGS`),
  fc
    .tuple(fc.constantFrom("ctl:'ruleRemoveByTag=", "ctl:'ruleRemoveByMsg=", "tag:'", "msg:'"), names)
    .map(([kind, name]) => `${kind}${name}'`),
  fc.tuple(keys, changes).map(([key, change]) => `setvar:'${key}${change}'`),
  keys.map((key) => `expirevar:${key}=1`),
  fc.constantFrom(
    "allow",
    "deny",
    "pass",
    "block",
    "skip:2",
    "skipAfter:END-FLOOR",
    "skipAfter:OWN",
    "chain",
    "capture",
  ),
  fc.constantFrom(
    "ctl:ruleEngine=Off",
    "ctl:requestBodyAccess=Off",
    "ctl:requestBodyProcessor=XML",
    "ctl:auditEngine=Off",
  ),
  fc.constantFrom("phase:1", "initcol:ip=x"),
);
const actions = fc.array(action, { maxLength: 4 }).map((list) => list.join());
const overlayLine = fc.oneof(
  fc.tuple(ids, actions).map(([id, list]) => `SecRule ARGS "@rx a" "id:${id},${list}"`),
  fc.tuple(ids, actions).map(([id, list]) => `SecAction "id:${id},${list}"`),
  fc.constantFrom(
    "SecMarker OWN",
    "SecMarker END-FLOOR",
    "SecRuleEngine Off",
    'SecDefaultAction "phase:2,deny"',
    "SecCookieFormat 1",
  ),
  fc.tuple(ids, actions).map(([id, list]) => `SecRuleUpdateActionById ${id} "${list}"`),
  ids.map((id) => `SecRuleUpdateTargetById ${id} "!ARGS"`),
  ids.map((id) => `SecRuleRemoveById ${id}`),
  names.map((name) => `SecRuleRemoveByTag "${name}"`),
  names.map((name) => `SecRuleRemoveByMsg "${name}"`),
);

test("whatever an overlay says, the operator's rules and settings are as without it", () => {
  const alone = parseRuleSet({ files: [{ file: "floor.conf", text: floor }], reader: filesOf() });
  const floorIds = rulesOf(alone).map(({ id }) => id);
  let taken = 0;
  fc.assert(
    fc.property(fc.array(overlayLine, { maxLength: 8 }), (lines) => {
      const parsed = parseOverlay(floor, lines.join("\n"));
      assert.deepEqual(parsed.ruleSet.settings, alone.ruleSet.settings);
      const kept = parsed.ruleSet.items.filter((item) =>
        item.kind === "rule" ? item.layer === "" : !item.name.startsWith("team/"),
      );
      assert.deepEqual(kept, alone.ruleSet.items);
      for (const rule of rulesOf(parsed).filter(({ layer }) => layer === "team")) {
        taken += 1;
        assert.equal(floorIds.includes(rule.id) || rule.disruptive.startsWith("allow") || rule.skip > 0, false);
        for (const part of [rule.head, ...rule.links]) {
          assert.deepEqual(part.collections, []);
          for (const control of part.controls) {
            assert.match(control.kind, /^ruleRemove/);
            const ranges = "ranges" in control ? control.ranges : [];
            for (const { from, to } of ranges)
              assert.equal(
                floorIds.some((id) => id >= from && id <= to),
                false,
              );
          }
          for (const { collection, key, change } of part.assignments) {
            const name = key.map((piece) => ("text" in piece ? piece.text : "%")).join("");
            const isOwn = collection === "ENV" || (collection === "TX" && name === "own");
            assert.ok(isOwn || (name === "inbound_anomaly_score_pl1" && change === "add"), `${collection} ${name}`);
          }
        }
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(taken > 50, String(taken));
});

test("over the real Core Rule Set: scores may be added to, everything that it names is shut", (context) => {
  const rules = path.resolve(import.meta.dirname, "../../../..", "../shared/data/crs/rules");
  if (!skipUnless(context, existsSync(rules), "the Core Rule Set (../shared/data/crs)")) return;
  const names = readdirSync(rules)
    .filter((name) => name.endsWith(".conf"))
    .sort();
  const files = names.map((file) => ({ file, text: readFileSync(path.join(rules, file), "latin1") }));
  const reader = { include: () => [], wordList: (name: string) => readFileSync(path.join(rules, name), "latin1") };
  const text = `
    SecRule ARGS "@rx evil" "id:100,phase:2,block,setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}'"
    SecAction "id:101,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=100"
    SecAction "id:102,phase:1,pass,setvar:tx.sampling_percentage=0"
    SecAction "id:103,phase:1,pass,setvar:tx.blocking_inbound_anomaly_score=0"
    SecAction "id:104,phase:1,pass,setvar:tx.team=1"
    SecAction "id:105,phase:1,pass,setvar:tx.enforce_bodyproc_urlencoded=0"
    SecAction "id:106,phase:1,pass,ctl:ruleRemoveByTag=OWASP_CRS"
    SecAction "id:107,phase:1,pass,setvar:tx.early_blocking=1"`;
  const overlays = [{ name: "team", files: [{ file: "team.conf", text }], reader: filesOf() }];
  const parsed = parseRuleSet({ files, reader, overlays });
  const refused = parsed.problems.filter(({ code }) => code === "waf/overlay-refused").map(({ ruleId }) => ruleId);
  assert.deepEqual(refused, [101, 102, 103, 105, 106, 107]);
  const items = parsed.ruleSet.items;
  const own = items.findIndex((item) => item.kind === "rule" && item.id === 100);
  const evaluation = items.findIndex((item) => item.kind === "rule" && item.id >= 949_000 && item.id < 950_000);
  const attack = items.findIndex((item) => item.kind === "rule" && item.id === 942_100);
  assert.ok(attack < own && own < evaluation, `${attack} ${own} ${evaluation}`);
});

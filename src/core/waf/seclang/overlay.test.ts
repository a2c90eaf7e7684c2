// Overlays: what a team may add, and every way around the operator's rules that is shut, with its place.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../../../../test/support/skip.ts";
import { parseRuleSet } from "./parse-rule-set.ts";
import { codesOf, filesOf, parseOverlay, rulesOf } from "./parse.fixture.ts";

const floor = `
  SecDefaultAction "phase:2,log,pass"
  SecAction "id:900,phase:1,pass,setvar:tx.blocking_paranoia_level=1,setvar:tx.critical_anomaly_score=5,initcol:ip=%{REMOTE_ADDR}"
  SecAction "id:901,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=5,setvar:tx.inbound_anomaly_score_pl1=0,setvar:tx.allowed=GET"
  SecRule ARGS "@rx attack" "id:942100,phase:2,block,tag:'attack-sqli',msg:'SQL injection',setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}',setvar:'tx.param_%{MATCHED_VAR_NAME}=1'"
  SecRule TX:/^header_/ "@rx bad" "id:920450,phase:2,deny,skipAfter:END-FLOOR"
  SecMarker END-FLOOR
  SecRule REQUEST_METHOD "!@within %{tx.allowed}" "id:911100,phase:1,deny"
  SecRule TX:inbound_anomaly_score_pl1 "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny"
  SecAction "id:980170,phase:5,pass,msg:'Score %{TX.allowed} of the request'"`;

describe("an overlay may", () => {
  const allowed: readonly string[] = [
    'SecRule ARGS:x "@rx evil" "id:100,phase:2,deny,status:403,capture,logdata:\'%{TX.0}\'"',
    'SecRule ARGS "@rx evil" "id:100,phase:1,drop"\nSecAction "id:101,phase:1,pass,nolog"',
    `SecRule ARGS "@rx evil" "id:100,phase:2,block,setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}'"`,
    `SecRule ARGS "@rx evil" "id:100,phase:2,block,setvar:tx.inbound_anomaly_score_pl1=+3"`,
    'SecAction "id:100,phase:1,pass,setvar:tx.team_a=1,expirevar:tx.team_a=60,setvar:!tx.team_a,setenv:team=1"',
    'SecAction "id:100,phase:2,pass,skipAfter:END-FLOOR"\nSecMarker END-FLOOR',
    'SecAction "id:100,phase:2,pass,ctl:ruleRemoveById=101,ctl:ruleRemoveTargetByTag=team-x;ARGS:y"\nSecRule ARGS "a" "id:101,phase:2,deny,tag:team-x"',
    'SecRule ARGS "a" "id:101,phase:2,deny,tag:team-x"\nSecRuleRemoveById 101\nSecRuleUpdateTargetByTag team-x "!ARGS:y"',
    'SecRule ARGS "@pmFromFile words.data" "id:100,phase:2,deny"\nIncludeOptional more/*',
    'SecAction "id:100,phase:1,pass,ctl:forceRequestBodyVariable=On"',
  ];
  for (const text of allowed) {
    test(text, () => {
      const parsed = parseOverlay(floor, text, { "words.data": "a b" });
      assert.deepEqual(codesOf(parsed, "error"), [], JSON.stringify(parsed.problems));
      assert.equal(parsed.counts.refused, 0);
    });
  }
});

describe("an overlay may not", () => {
  /** Each line is one refusal. The last rule of the overlay stays. */
  const refused: readonly string[] = [
    "SecRuleEngine Off",
    "SecRuleEngine DetectionOnly",
    "SecRequestBodyAccess Off",
    "SecRequestBodyLimit 1",
    "SecResponseBodyMimeType text/plain",
    "SecArgumentSeparator ;",
    "SecCookieFormat 1",
    "SecUnicodeMapFile words.data 20127",
    "SecAuditLog /tmp/x",
    "SecDebugLog /tmp/x",
    "SecRemoteRules key https://rules.example/",
    "SecRuleScript x.lua",
    "SecComponentSignature x",
    'SecDefaultAction "phase:2,pass"',
    "Include /etc/passwd",
    "SecRuleRemoveById 942100",
    'SecRuleRemoveById 7 "900000-999999"',
    "SecRuleRemoveByTag attack-sqli",
    'SecRuleRemoveByTag "attack"',
    'SecRuleRemoveByTag ".*"',
    'SecRuleRemoveByMsg "SQL injection"',
    'SecRuleRemoveByMsg "SQL.*"',
    'SecRuleUpdateTargetById 942100 "!ARGS:x"',
    'SecRuleUpdateTargetById 1-999999 "!ARGS"',
    'SecRuleUpdateTargetByTag attack-sqli "!ARGS"',
    'SecRuleUpdateTargetByMsg "SQL injection" "!ARGS"',
    'SecRuleUpdateActionById 942100 "pass"',
    'SecAction "id:942100,phase:1,pass"',
    'SecAction "id:100,phase:1,allow"',
    'SecAction "id:100,phase:1,allow:phase"',
    'SecAction "id:100,phase:1,allow:request"',
    'SecAction "id:100,phase:2,pass,skip:10"',
    'SecAction "id:100,phase:1,pass,ctl:ruleEngine=Off"',
    'SecAction "id:100,phase:1,pass,ctl:ruleEngine=DetectionOnly"',
    'SecAction "id:100,phase:1,pass,ctl:ruleEngine=On"',
    'SecAction "id:100,phase:1,pass,ctl:requestBodyAccess=Off"',
    'SecAction "id:100,phase:1,pass,ctl:requestBodyProcessor=URLENCODED"',
    'SecAction "id:100,phase:1,pass,ctl:responseBodyAccess=Off"',
    'SecAction "id:100,phase:1,pass,ctl:forceRequestBodyVariable=Off"',
    'SecAction "id:100,phase:1,pass,ctl:auditEngine=Off"',
    'SecAction "id:100,phase:1,pass,ctl:auditLogParts=-E"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveById=942100"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveById=1-999999"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveByTag=attack-sqli"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveByTag=attack.*"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveByTag=%{ARGS.t}"',
    `SecAction "id:100,phase:1,pass,ctl:'ruleRemoveByMsg=SQL injection'"`,
    `SecAction "id:100,phase:1,pass,ctl:'ruleRemoveByMsg=of the request'"`,
    'SecRuleRemoveByMsg "Score "',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveByTag=ATTACK-sqli"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveTargetById=942100;ARGS:x"',
    'SecAction "id:100,phase:1,pass,ctl:ruleRemoveTargetByTag=attack-sqli;ARGS"',
    'SecAction "id:100,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=9999"',
    'SecAction "id:100,phase:1,pass,setvar:TX.Inbound_Anomaly_Score_Threshold=9999"',
    'SecAction "id:100,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=+9999"',
    'SecAction "id:100,phase:1,pass,setvar:!tx.inbound_anomaly_score_threshold"',
    'SecAction "id:100,phase:1,pass,setvar:tx.blocking_paranoia_level=0"',
    'SecAction "id:100,phase:1,pass,setvar:tx.critical_anomaly_score=0"',
    'SecAction "id:100,phase:1,pass,setvar:tx.critical_anomaly_score=+1"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_anomaly_score_pl1=0"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_anomaly_score_pl1=-5"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_anomaly_score_pl1=+-5"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_anomaly_score_pl1=+%{ARGS.n}"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_anomaly_score_pl1=+%{tx.allowed}"',
    'SecAction "id:100,phase:2,pass,setvar:tx.%{ARGS.name}=0"',
    'SecAction "id:100,phase:2,pass,setvar:tx.inbound_%{ARGS.name}=0"',
    'SecAction "id:100,phase:2,pass,setvar:tx.param_ARGS:x=0"',
    'SecAction "id:100,phase:2,pass,setvar:tx.header_x=0"',
    'SecAction "id:100,phase:2,pass,setvar:tx.allowed=TRACE"',
    'SecAction "id:100,phase:2,pass,setvar:tx.1=x"',
    'SecAction "id:100,phase:2,pass,expirevar:tx.allowed=1"',
    'SecAction "id:100,phase:1,pass,setvar:ip.block=0"',
    'SecAction "id:100,phase:1,pass,setvar:global.a=0"',
    'SecAction "id:100,phase:1,pass,initcol:ip=constant"',
    'SecAction "id:100,phase:1,pass,initcol:global=g"',
    'SecAction "id:100,phase:1,pass,setuid:x"',
    'SecAction "id:100,phase:1,pass,exec:/bin/true"',
    'SecRule ARGS "@inspectFile /bin/true" "id:100,phase:2,pass"',
    'SecRule ARGS "@pmFromFile ../../other/words.data" "id:100,phase:2,pass"',
    'SecRule ARGS "@rx a" "id:100,phase:2,deny,chain"\nSecRule ARGS "@rx b" "ctl:ruleEngine=Off"',
  ];
  for (const text of refused) {
    test(text, () => {
      const parsed = parseOverlay(floor, `\n${text}\nSecAction "id:777,phase:2,pass"`);
      const errors = parsed.problems.filter(({ severity }) => severity === "error");
      assert.equal(errors.length, 1, JSON.stringify(parsed.problems));
      assert.equal(errors[0]?.position.file, "team.conf");
      assert.ok((errors[0]?.position.line ?? 0) >= 2);
      assert.notEqual(errors[0]?.hint, "");
      const kept = rulesOf(parsed).map(({ id }) => id);
      assert.deepEqual(kept, [900, 901, 942100, 920450, 911100, 777, 949110, 980170]);
      const untouched = rulesOf(parsed).filter(({ layer }) => layer === "");
      const alone = rulesOf(parseRuleSet({ files: [{ file: "floor.conf", text: floor }], reader: filesOf() }));
      assert.deepEqual(untouched, alone);
    });
  }

  test("say by an update of its own rule what the rule may not say", () => {
    for (const actions of ["allow", "ctl:ruleEngine=Off", "setvar:tx.inbound_anomaly_score_threshold=999", "skip:3"]) {
      const parsed = parseOverlay(floor, `SecAction "id:100,phase:1,pass"\nSecRuleUpdateActionById 100 "${actions}"`);
      assert.deepEqual(codesOf(parsed, "error"), ["waf/overlay-refused"], actions);
      assert.equal(parsed.problems.find(({ severity }) => severity === "error")?.position.line, 2, actions);
      assert.equal(
        rulesOf(parsed).some(({ id }) => id === 100),
        false,
      );
    }
  });

  test("be a marker that the operator's rules jump to", () => {
    const parsed = parseOverlay('SecAction "id:1,phase:2,pass,skipAfter:END"', "SecMarker END");
    assert.deepEqual(codesOf(parsed), ["waf/no-marker", "waf/idle-marker"]);
    const marker = parsed.ruleSet.items.find((item) => item.kind === "marker");
    assert.equal(marker?.name, "team/END");
  });

  test("jump out of itself: to the operator's markers and rules, back, or to nowhere", () => {
    for (const target of ["END-FLOOR", "980170", "NOWHERE", "BACK"]) {
      const parsed = parseOverlay(floor, `SecMarker BACK\nSecAction "id:100,phase:2,pass,skipAfter:${target}"`);
      assert.deepEqual(codesOf(parsed, "error"), ["waf/overlay-refused"], target);
    }
  });
});

describe("layers", () => {
  const overlay = (
    name: string,
    text: string,
    trust?: "floor",
  ): NonNullable<Parameters<typeof parseRuleSet>[0]["overlays"]>[number] => ({
    name,
    files: [{ file: `${name}.conf`, text }],
    reader: filesOf(),
    ...(trust === undefined ? {} : { trust }),
  });

  test("stand before the blocking evaluation and carry their name", () => {
    const parsed = parseRuleSet({
      files: [{ file: "floor.conf", text: floor }],
      reader: filesOf(),
      overlays: [overlay("a", 'SecAction "id:100,phase:2,pass"'), overlay("b", 'SecAction "id:100,phase:2,deny"')],
    });
    assert.deepEqual(codesOf(parsed, "error"), []);
    assert.deepEqual(
      rulesOf(parsed)
        .slice(4)
        .map(({ id, layer }) => `${layer}${id}`),
      ["911100", "a100", "b100", "949110", "980170"],
    );
  });

  test("without a blocking evaluation they are last", () => {
    const parsed = parseOverlay('SecAction "id:1,phase:2,pass"', 'SecAction "id:2,phase:2,pass"');
    assert.deepEqual(
      rulesOf(parsed).map(({ id }) => id),
      [1, 2],
    );
  });

  test("the operator's patches may say everything, and teams may not touch them", () => {
    const patch = 'SecAction "id:5000,phase:1,deny,tag:patch,setvar:tx.allowed=GET,ctl:ruleRemoveById=911100"';
    const parsed = parseRuleSet({
      files: [{ file: "floor.conf", text: floor }],
      reader: filesOf(),
      overlays: [
        overlay("team", 'SecRuleRemoveById 5000\nSecRuleRemoveByTag patch\nSecAction "id:5000,phase:1,pass"'),
        overlay("patch", patch, "floor"),
        overlay("patch2", 'SecAction "id:900,phase:1,pass"', "floor"),
      ],
    });
    assert.deepEqual(codesOf(parsed, "error").toSorted(), [
      "waf/duplicate-id",
      "waf/overlay-refused",
      "waf/overlay-refused",
      "waf/overlay-refused",
    ]);
    assert.deepEqual(
      rulesOf(parsed)
        .filter(({ layer }) => layer !== "")
        .map(({ id, layer }) => `${layer} ${id}`),
      ["patch 5000"],
    );
  });

  test("the operator's patches jump and exclude in the floor", () => {
    const patch = 'SecAction "id:5000,phase:2,pass,skipAfter:END-LATE"\nSecRuleRemoveById 911100';
    const parsed = parseRuleSet({
      files: [{ file: "floor.conf", text: `${floor}\nSecMarker END-LATE` }],
      reader: filesOf(),
      overlays: [overlay("patch", patch, "floor")],
    });
    assert.deepEqual(codesOf(parsed), []);
    const left = rulesOf(parsed);
    assert.equal(left.find(({ id }) => id === 5000)?.skipAfter, "END-LATE");
    assert.equal(
      left.some(({ id }) => id === 911_100),
      false,
    );
  });

  test("one team's updates do not reach another's rules", () => {
    const parsed = parseRuleSet({
      files: [{ file: "floor.conf", text: floor }],
      reader: filesOf(),
      overlays: [
        overlay("a", 'SecAction "id:100,phase:2,deny,tag:x"'),
        overlay("b", "SecRuleRemoveById 100\nSecRuleRemoveByTag x"),
      ],
    });
    assert.deepEqual(codesOf(parsed), ["waf/update-of-nothing", "waf/update-of-nothing"]);
    assert.equal(
      rulesOf(parsed).some(({ id }) => id === 100),
      true,
    );
  });
});

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

// Overlays: what a team may add, and every way around the operator's rules that is shut, with its place.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRuleSet } from "./parse-rule-set.ts";
import { codesOf, filesOf, floor, parseOverlay, rulesOf } from "./parse.fixture.ts";

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

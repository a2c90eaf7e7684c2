// SecLang: what is read, exactly how, and what is refused where.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../../../../test/support/skip.ts";
import { parseRuleSet } from "./parse-rule-set.ts";
import { variableText } from "./parse-variables.ts";
import { codesOf, filesOf, parseText, rulesOf } from "./parse.fixture.ts";
import type { Rule } from "./rule-set.ts";

function only(text: string, table: Readonly<Record<string, string>> = {}): Rule {
  const parsed = parseText(text, table);
  const errors = parsed.problems.filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, [], text);
  const [rule] = rulesOf(parsed);
  assert.ok(rule !== undefined, text);
  return rule;
}

describe("lines", () => {
  test("continuation, CRLF, comments, blanks at the end, byte order mark", () => {
    const rule = only(
      '\u00ef\u00bb\u00bf# SecRule ARGS "x" \\\r\n   "id:9"\r\n  # prose \\\n\tSecRule ARGS \\\r\n  "@rx a" \\ \r\n  "id:1,\\\n   phase:1,\\\n   pass"\n',
    );
    assert.equal(rule.id, 1);
    assert.equal(rule.phase, 1);
    assert.deepEqual(rule.head.position, { file: "a.conf", line: 4, column: 2 });
  });

  test("problems name line and column inside continued directives", () => {
    const { problems } = parseText('SecRule ARGS "@rx a" \\\n  "id:1,\\\n  phase:1,\\\n  t:lowercse"\n');
    assert.deepEqual(problems[0]?.position, { file: "a.conf", line: 4, column: 3 });
    assert.equal(problems[0]?.hint, "did you mean lowercase?");
    const target = parseText('SecRule ARGS|ARGS_NAME "@rx a" "id:1"').problems[0];
    assert.deepEqual(target?.position, { file: "a.conf", line: 1, column: 14 });
    assert.equal(target?.hint, "did you mean ARGS_NAMES?");
    const operator = parseText('SecRule ARGS "!@beginWith a" "id:1"').problems[0];
    assert.deepEqual(operator?.position, { file: "a.conf", line: 1, column: 16 });
    assert.equal(operator?.hint, "did you mean beginsWith?");
    const escaped = parseText(String.raw`SecRule ARGS "@rx \"a\"" "id:1,msg:'\"x\"',phse:1"`).problems[0];
    assert.equal(escaped?.position.column, String.raw`SecRule ARGS "@rx \"a\"" "id:1,msg:'\"x\"',`.length + 1);
  });
});

describe("operators", () => {
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ['"@rx ^a b$"', "rx", "^a b$", false],
    ['"^a b$"', "rx", "^a b$", false],
    ["^ab$", "rx", "^ab$", false],
    ['"!@rx a"', "rx", "a", true],
    ['"! @rx a"', "rx", "a", true],
    ['"!a"', "rx", "a", true],
    ['"@RX a"', "rx", "a", false],
    [String.raw`"@rx \"[^\"]\\"`, "rx", String.raw`"[^"]\\`, false],
    [String.raw`"@rx \x5c\\d"`, "rx", String.raw`\x5c\\d`, false],
    ['"@contains a, b "', "contains", "a, b ", false],
    ['"@streq "', "streq", "", false],
    ["'@rx a\"b'", "rx", 'a"b', false],
    ['"@detectSQLi"', "detectsqli", "", false],
    ['"@pmf words.data"', "pmfromfile", "words.data", false],
    ['"@ge %{tx.threshold}"', "ge", "%{tx.threshold}", false],
    ['"@rx caf\u00e9\u00a0"', "rx", "caf\u00e9\u00a0", false],
  ];
  for (const [written, name, argument, isNegated] of cases) {
    test(written, () => {
      const { operator } = only(`SecRule ARGS ${written} "id:1,pass"`, { "words.data": "x" }).head;
      assert.deepEqual(
        { name: operator.name, argument: operator.argument, isNegated: operator.isNegated },
        { name, argument, isNegated },
      );
    });
  }

  test("words: of pm, of files, bytes kept that are blanks elsewhere", () => {
    const words = (written: string): readonly string[] =>
      only(`SecRule ARGS "${written}" "id:1,pass"`, {
        "a.data": "# comment\r\n one two \r\n\r\n\t\u00e3\u00a0\n",
        "b.data": "three",
        "c.data": "10.0.0.0/8 \n",
      }).head.operator.words;
    assert.deepEqual(words("@pm one  two\tthree"), ["one", "two", "three"]);
    assert.deepEqual(words("@pm a|42 43|d |0a| |zz"), ["aBCd", "|zz"]);
    assert.deepEqual(words("@pmFromFile a.data b.data"), ["one two", "\u00e3\u00a0", "three"]);
    assert.deepEqual(words("@ipMatchFromFile c.data"), ["10.0.0.0/8"]);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["@pmFromFile nowhere.data", "waf/bad-word-list"],
    ["@pmFromFile https://lists.example/a", "waf/remote-list"],
    ["@pmFromFile", "waf/missing-argument"],
    ["@pm ", "waf/empty-list"],
    ["@inspectFile /bin/true", "waf/unsupported-operator"],
    ["@rsub s/a/b/", "waf/unsupported-operator"],
    ["@nosuch a", "waf/unknown-operator"],
    ["@ipMatch", "waf/missing-argument"],
  ];
  for (const [written, code] of refused) {
    test(`refused: ${written}`, () => {
      const parsed = parseText(`SecRule ARGS "${written}" "id:1,pass"\nSecAction "id:2,pass"`);
      assert.deepEqual(codesOf(parsed, "error"), [code]);
      assert.deepEqual(
        rulesOf(parsed).map(({ id }) => id),
        [2],
      );
    });
  }

  test("look-ups outside load and never match, with a note", () => {
    const parsed = parseText(
      'SecRule REMOTE_ADDR "@rbl list.example" "id:1,pass"\nSecRule ARGS "!@geoLookup" "id:2,pass"',
    );
    assert.deepEqual(codesOf(parsed), ["waf/never-matches", "waf/never-matches"]);
    assert.deepEqual(
      rulesOf(parsed).map(({ head }) => head.operator.name),
      ["nomatch", "nomatch"],
    );
    assert.equal(rulesOf(parsed)[1]?.head.operator.isNegated, true);
  });
});

describe("targets", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["ARGS", ["ARGS"]],
    ["args|Args_Names", ["ARGS", "ARGS_NAMES"]],
    ["ARGS:User_Id", ["ARGS:user_id"]],
    ["&REQUEST_HEADERS:Host", ["&REQUEST_HEADERS:host"]],
    ["!ARGS:x|ARGS", ["ARGS", "!ARGS:x"]],
    ["ARGS|!ARGS:/^p.*\\/d$/", ["ARGS", "!ARGS:/^p.*/d$/"]],
    ["ARGS:/a|b,c/|FILES", ["ARGS:/a|b,c/", "FILES"]],
    ["ARGS:'/a|b /'|FILES", ["ARGS:/a|b /", "FILES"]],
    ["&TX:'/WEB_ATTACK/'", ["&TX:/WEB_ATTACK/"]],
    ["XML:/*|XML://@*", ["XML:/*", "XML://@*"]],
    ["XML", ["XML"]],
    ["ARGS:a[b][0].c", ["ARGS:a[b][0].c"]],
    ["REQUEST_HEADERS:X.Filename,FILES", ["REQUEST_HEADERS:x.filename", "FILES"]],
    ['"ARGS | ARGS_NAMES"', ["ARGS", "ARGS_NAMES"]],
    ["ARGS:/half", ["ARGS:/half"]],
  ];
  for (const [written, expected] of cases) {
    test(written, () => {
      const { variables } = only(`SecRule ${written} "@rx a" "id:1,pass"`).head;
      assert.deepEqual(variables.map(variableText), expected);
    });
  }

  const refused = [
    "ARGS|",
    "NOSUCH",
    "REQUEST_URI:x",
    "ARGS:",
    "ARGS:'x",
    "|ARGS",
    "SCRIPT_UID",
    "HTTP_USER_AGENT",
    "!",
    "ARGS:/(/",
  ];
  for (const written of refused) {
    test(`refused: ${written}`, () => {
      const parsed = parseText(`SecRule ${written} "@rx a" "id:1,pass"`);
      assert.equal(parsed.counts.refused, 1);
      assert.match(codesOf(parsed, "error").join(), /^waf\/(bad|unknown|unsupported)-(variable|quotes|selector)$/);
    });
  }
});

describe("actions", () => {
  test("every kind of value", () => {
    const rule = only(
      String.raw`SecRule ARGS "@rx (a)" "id:'12', phase:REQUEST,deny, status:429,log,noauditlog,capture,multiMatch,severity:'CRITICAL',\
        msg:'It\'s, a \"test\" %{MATCHED_VAR}',logdata:'%{TX.0}x',tag:'a/b',tag:c,ver:'V/1',rev:2,maturity:'9',accuracy:8,t:none,\
        t:urlDecodeUni,t:normalisePath,setvar:'tx.a_%{rule.id}=+%{tx.critical}',setvar:!tx.b,setvar:tx.c,setvar:ip.d=-5,\
        setvar:tx.e='x,y',expirevar:'ip.d=%{tx.f}',initcol:ip=%{REMOTE_ADDR}_%{tx.g},ctl:auditEngine=Off,skipAfter:END"
        SecMarker END`.replaceAll("\\\n        ", ""),
    );
    assert.equal(rule.id, 12);
    assert.equal(rule.phase, 2);
    assert.equal(rule.disruptive, "deny");
    assert.equal(rule.status, 429);
    assert.deepEqual([rule.isLogged, rule.isAudited], [true, false]);
    assert.equal(rule.severity, 2);
    assert.deepEqual(rule.tags, ["a/b", "c"]);
    assert.deepEqual([rule.version, rule.revision, rule.maturity, rule.accuracy], ["V/1", "2", "9", "8"]);
    assert.equal(rule.skipAfter, "END");
    const { head } = rule;
    assert.deepEqual([head.isCapture, head.isMultiMatch], [true, true]);
    assert.deepEqual(head.message, [{ text: 'It\'s, a "test" ' }, { collection: "MATCHED_VAR", key: "" }]);
    assert.deepEqual(head.logData, [{ collection: "TX", key: "0" }, { text: "x" }]);
    assert.deepEqual(head.transformations, [{ name: "urldecodeuni" }, { name: "normalizepath" }]);
    assert.deepEqual(head.assignments, [
      {
        collection: "TX",
        key: [{ text: "a_" }, { collection: "RULE", key: "id" }],
        change: "add",
        value: [{ collection: "TX", key: "critical" }],
      },
      { collection: "TX", key: [{ text: "b" }], change: "unset", value: [] },
      { collection: "TX", key: [{ text: "c" }], change: "set", value: [{ text: "1" }] },
      { collection: "IP", key: [{ text: "d" }], change: "subtract", value: [{ text: "5" }] },
      { collection: "TX", key: [{ text: "e" }], change: "set", value: [{ text: "x,y" }] },
    ]);
    assert.deepEqual(head.expirations, [
      { collection: "IP", key: [{ text: "d" }], seconds: [{ collection: "TX", key: "f" }] },
    ]);
    assert.deepEqual(head.collections, [
      {
        collection: "IP",
        key: [{ collection: "REMOTE_ADDR", key: "" }, { text: "_" }, { collection: "TX", key: "g" }],
      },
    ]);
    assert.deepEqual(head.controls, [{ kind: "auditEngine", value: "Off" }]);
  });

  test("phases and severities in words and numbers", () => {
    const phases = ["1", "2", "3", "4", "5", "request", "response", "logging"];
    assert.deepEqual(
      phases.map((phase) => only(`SecAction "id:1,phase:${phase},pass"`).phase),
      [1, 2, 3, 4, 5, 2, 4, 5],
    );
    assert.equal(only('SecAction "id:1,pass"').phase, 2);
    const severities = ["EMERGENCY", "alert", "'CRITICAL'", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "3"];
    assert.deepEqual(
      severities.map((severity) => only(`SecAction "id:1,severity:${severity},pass"`).severity),
      [0, 1, 2, 3, 4, 5, 6, 7, 3],
    );
  });

  test("ctl", () => {
    const controls = (text: string): unknown => only(`SecAction "id:1,pass,${text}"`).head.controls;
    assert.deepEqual(controls("ctl:ruleRemoveById=5,ctl:ruleRemoveById=7-9,ctl:ruleEngine=DetectionOnly"), [
      { kind: "ruleRemoveById", ranges: [{ from: 5, to: 5 }] },
      { kind: "ruleRemoveById", ranges: [{ from: 7, to: 9 }] },
      { kind: "ruleEngine", value: "detectionOnly" },
    ]);
    assert.deepEqual(controls("ctl:ruleRemoveTargetByTag=OWASP_CRS;ARGS:a[b],ctl:requestBodyProcessor=xml"), [
      {
        kind: "ruleRemoveTargetByTag",
        pattern: "OWASP_CRS",
        targets: [{ name: "ARGS", select: "key", argument: "a[b]", isCount: false, isExcluded: false }],
      },
      { kind: "requestBodyProcessor", value: "XML" },
    ]);
    assert.deepEqual(controls("ctl:forceRequestBodyVariable=On"), [{ kind: "forceRequestBodyVariable", value: true }]);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["id:x", "waf/bad-id"],
    ["id:0", "waf/bad-id"],
    ["phase:6", "waf/bad-phase"],
    ["phase:0", "waf/bad-phase"],
    ["severity:HIGH", "waf/bad-severity"],
    ["status:99", "waf/bad-status"],
    ["t:nosuch", "waf/unknown-transformation"],
    ["exec:/bin/true", "waf/unsupported-action"],
    ["proxy:http://a", "waf/unsupported-action"],
    ["setvar:foo=1", "waf/bad-assignment"],
    ["setvar:args.a=1", "waf/bad-assignment"],
    ["initcol:tx=a", "waf/bad-initcol"],
    ["ctl:nosuch=1", "waf/bad-ctl"],
    ["ctl:ruleRemoveById=abc", "waf/bad-ctl"],
    ["ctl:ruleRemoveById=9-5", "waf/bad-ctl"],
    ["ctl:ruleRemoveTargetById=5", "waf/bad-ctl"],
    ["ctl:requestBodyProcessor=YAML", "waf/bad-ctl"],
    ["ctl:ruleRemoveByTag=a(", "waf/bad-ctl"],
    ["ctl:ruleRemoveTargetById=1;ARGS:/(/", "waf/bad-ctl"],
    ["msg:'open", "waf/bad-action"],
    ["msg:'a'b", "waf/bad-action"],
    ["msg", "waf/bad-action"],
    ["allow:everything", "waf/bad-action"],
    ["skip:0", "waf/bad-skip"],
    ["denyy", "waf/unknown-action"],
    ["'quoted'", "waf/bad-action"],
  ];
  for (const [written, code] of refused) {
    test(`refused: ${written}`, () => {
      const parsed = parseText(`SecAction "id:1,${written}"\nSecAction "id:2,pass"`);
      assert.deepEqual(codesOf(parsed, "error"), [code]);
      assert.deepEqual(
        rulesOf(parsed).map(({ id }) => id),
        [2],
      );
    });
  }
});

describe("default actions", () => {
  test("are merged by phase, later ones replace, t:none clears theirs", () => {
    const parsed = parseText(`
      SecAction "id:1,phase:1"
      SecDefaultAction "phase:1,log,noauditlog,deny,status:418,t:lowercase"
      SecAction "id:2,phase:1"
      SecAction "id:3,phase:1,block,t:trim"
      SecAction "id:4,phase:1,pass,t:none,t:trim,nolog"
      SecAction "id:5,phase:2,block"
      SecDefaultAction "phase:1,nolog,pass"
      SecAction "id:6,phase:1,block"`);
    const seen = rulesOf(parsed).map((rule) => [
      rule.id,
      rule.disruptive,
      rule.blockAction,
      rule.status,
      rule.isLogged,
      rule.isAudited,
      rule.head.transformations.map(({ name }) => name).join("+"),
    ]);
    assert.deepEqual(seen, [
      [1, "pass", "pass", 403, true, true, ""],
      [2, "deny", "deny", 418, true, false, "lowercase"],
      [3, "block", "deny", 418, true, false, "lowercase+trim"],
      [4, "pass", "deny", 418, false, false, "trim"],
      [5, "block", "pass", 403, true, true, ""],
      [6, "block", "pass", 403, false, false, ""],
    ]);
    assert.deepEqual(codesOf(parsed), ["waf/default-transformations"]);
  });

  for (const written of ["log,pass", "phase:1,log", "phase:1,block", "phase:1,pass,id:1", "phase:1,pass,chain"]) {
    test(`refused: ${written}`, () => {
      assert.deepEqual(codesOf(parseText(`SecDefaultAction "${written}"`)), ["waf/bad-default-action"]);
    });
  }
});

describe("chains", () => {
  test("links follow their head; a SecAction may be one", () => {
    const rule = only(`
      SecRule ARGS "@rx a" "id:1,phase:1,deny,chain"
        SecRule ARGS "@rx b" "t:none,t:trim,chain,setvar:tx.x=1"
        SecAction "setvar:tx.y=1"`);
    assert.deepEqual(
      rule.links.map(({ operator }) => operator.name),
      ["rx", "unconditionalmatch"],
    );
    assert.deepEqual(rule.links[0]?.transformations, [{ name: "trim" }]);
  });

  const broken: readonly (readonly [string, string])[] = [
    ["the head", 'SecRule ARGS "@rx a" "id:1,t:nosuch,chain"\nSecRule ARGS "@rx b" "chain"\nSecRule ARGS "@rx c"'],
    ["a link", 'SecRule ARGS "@rx a" "id:1,chain"\nSecRule NOSUCH "@rx b" "chain"\nSecRule ARGS "@rx c"'],
    ["the last link", 'SecRule ARGS "@rx a" "id:1,chain"\nSecRule ARGS "@rx b" "t:nosuch"'],
    ["an open quote", 'SecRule ARGS "@rx a" "id:1,chain"\nSecRule ARGS "@rx b" "chain'],
    ["a link that denies", 'SecRule ARGS "@rx a" "id:1,chain"\nSecRule ARGS "@rx b" "deny"'],
    ["a marker between", 'SecRule ARGS "@rx a" "id:1,chain"\nSecMarker M'],
    ["a head without an id", 'SecRule ARGS "@rx a" "phase:1,chain"\nSecRule ARGS "@rx b"'],
  ];
  for (const [what, text] of broken) {
    test(`${what} takes the chain away and no more`, () => {
      const parsed = parseText(`${text}\nSecAction "id:7,pass"`);
      assert.deepEqual(
        rulesOf(parsed).map(({ id }) => id),
        [7],
        JSON.stringify(parsed.problems),
      );
      assert.equal(codesOf(parsed, "error").length, 1);
      assert.equal(parsed.counts.refused, 1);
    });
  }

  test("a chain that the file's end cuts off is refused", () => {
    assert.deepEqual(codesOf(parseText('SecRule ARGS "@rx a" "id:1,chain"')), ["waf/open-chain"]);
  });
});

describe("ids and jumps", () => {
  test("a second rule of an id, and one without, are refused", () => {
    const parsed = parseText('SecAction "id:1,pass"\nSecAction "id:1,deny"\nSecAction "pass"');
    assert.deepEqual(codesOf(parsed), ["waf/duplicate-id", "waf/no-id"]);
    assert.match(parsed.problems[0]?.message ?? "", /a\.conf:1/);
    assert.equal(rulesOf(parsed)[0]?.disruptive, "pass");
  });

  test("jumps to nowhere and back are warnings, ids are targets, idle markers notes", () => {
    const parsed = parseText(`
      SecMarker BACK
      SecAction "id:1,pass,skipAfter:BACK"
      SecAction "id:2,pass,skipAfter:NOWHERE"
      SecAction "id:3,pass,skipAfter:5"
      SecAction "id:4,pass,skipAfter:'A B'"
      SecAction "id:5,pass"
      SecMarker "A B"
      SecMarker IDLE`);
    assert.deepEqual(codesOf(parsed), ["waf/no-marker", "waf/no-marker", "waf/idle-marker"]);
    assert.deepEqual(
      rulesOf(parsed).map(({ skipAfter }) => skipAfter),
      ["BACK", "NOWHERE", "id:5", "A B", ""],
    );
  });

  test("values that nothing sets, and controls of nothing", () => {
    const parsed = parseText(`
      SecAction "id:1,pass,setvar:tx.known=1,setvar:tx.made_%{MATCHED_VAR_NAME}=1,ctl:ruleRemoveById=9"
      SecRule TX:optional "@rx a" "id:2,pass,msg:'%{tx.known} %{tx.optional} %{tx.0} %{tx.made_x}'"
      SecRule ARGS "@ge %{tx.unknown}" "id:3,pass"`);
    assert.deepEqual(codesOf(parsed), ["waf/control-of-nothing", "waf/never-set"]);
    assert.match(parsed.problems[1]?.message ?? "", /tx\.unknown/);
  });
});

describe("updates", () => {
  const base = `
    SecRule ARGS|ARGS_NAMES "@rx a" "id:1,phase:2,block,msg:'first',tag:'x/y',chain"
      SecRule REQUEST_HEADERS "@rx b"
    SecRule ARGS "@rx a" "id:2,phase:2,block,msg:'second',tag:'x'"
    SecRule ARGS "@rx a" "id:3,phase:2,block,msg:'third',tag:'z'"`;

  test("targets by id, range, tag and message; wherever the line stands", () => {
    const parsed = parseText(`SecRuleUpdateTargetById 1 "!ARGS:p"${base}
      SecRuleUpdateTargetById 2-3 "!ARGS:q|FILES"
      SecRuleUpdateTargetByTag x "!ARGS:/^r/"
      SecRuleUpdateTargetByMsg third "ARGS_NAMES"
      SecRuleUpdateTargetById 1:1 "!REQUEST_HEADERS:Cookie"
      SecRuleUpdateTargetById 3 "REQUEST_COOKIES" "ARGS"`);
    const [first, second, third] = rulesOf(parsed);
    assert.deepEqual(first?.head.variables.map(variableText), ["ARGS", "ARGS_NAMES", "!ARGS:p"]);
    assert.deepEqual(first?.links[0]?.variables.map(variableText), ["REQUEST_HEADERS", "!REQUEST_HEADERS:cookie"]);
    assert.deepEqual(second?.head.variables.map(variableText), ["ARGS", "FILES", "!ARGS:q", "!ARGS:/^r/"]);
    assert.deepEqual(third?.head.variables.map(variableText), ["FILES", "ARGS_NAMES", "REQUEST_COOKIES", "!ARGS:q"]);
    assert.deepEqual(parsed.problems, []);
  });

  test("actions", () => {
    const parsed = parseText(`${base}\nSecRuleUpdateActionById 2 "deny,status:404,tag:'new',t:lowercase,nolog"`);
    const second = rulesOf(parsed)[1];
    assert.deepEqual(
      [second?.disruptive, second?.status, second?.tags, second?.isLogged, second?.phase],
      ["deny", 404, ["x", "new"], false, 2],
    );
    assert.deepEqual(codesOf(parseText(`${base}\nSecRuleUpdateActionById 2 "id:9"`)), ["waf/bad-update"]);
  });

  test("removals by id, range, tag, message and expression", () => {
    const left = (line: string): readonly number[] => rulesOf(parseText(`${line}\n${base}`)).map(({ id }) => id);
    assert.deepEqual(left("SecRuleRemoveById 1"), [2, 3]);
    assert.deepEqual(left('SecRuleRemoveById 1 "2-3"'), []);
    assert.deepEqual(left('SecRuleRemoveByTag "x"'), [1, 3]);
    assert.deepEqual(left('SecRuleRemoveByTag "^x(/|$)"'), [3]);
    assert.deepEqual(left('SecRuleRemoveByMsg "second"'), [1, 3]);
  });

  test("of nothing are warnings, broken ones errors", () => {
    assert.deepEqual(codesOf(parseText('SecRuleRemoveById 9\nSecRuleUpdateTargetById 9 "ARGS"')), [
      "waf/update-of-nothing",
      "waf/update-of-nothing",
    ]);
    for (const line of [
      "SecRuleRemoveById",
      "SecRuleRemoveById x",
      "SecRuleUpdateTargetById 1",
      'SecRuleUpdateTargetById 1 "NOSUCH"',
    ])
      assert.equal(codesOf(parseText(line), "error").length, 1, line);
  });
});

describe("includes and settings", () => {
  test("files are read where they are included", () => {
    const table = { "r/1.conf": 'SecAction "id:2,pass"', "r/2.conf": 'SecAction "id:3,pass"' };
    const parsed = parseText(
      'SecAction "id:1,pass"\nInclude r/*\nIncludeOptional none/*\nSecAction "id:4,pass"',
      table,
    );
    assert.deepEqual(
      rulesOf(parsed).map(({ id }) => id),
      [1, 2, 3, 4],
    );
    assert.deepEqual(parsed.problems, []);
    assert.equal(rulesOf(parsed)[1]?.head.position.file, "r/1.conf");
  });

  test("circles, depth, missing and outside files are refused", () => {
    assert.deepEqual(codesOf(parseText("Include x.conf", { "x.conf": "Include x.conf" })), ["waf/bad-include"]);
    assert.deepEqual(codesOf(parseText("Include x", { x: "Include y", y: "Include x" })), ["waf/bad-include"]);
    assert.deepEqual(codesOf(parseText("Include none.conf")), ["waf/bad-include"]);
    assert.deepEqual(codesOf(parseText("Include /etc/passwd")), ["waf/bad-include"]);
    const deep = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, `Include f${at + 1}`]));
    assert.deepEqual(codesOf(parseText("Include f0", deep)), ["waf/bad-include"]);
  });

  test("settings", () => {
    const parsed = parseText(
      `SecRuleEngine DetectionOnly
      secrequestbodyaccess off
      SecResponseBodyAccess On
      SecResponseBodyMimeType text/plain "Application/JSON; charset=utf-8"
      SecResponseBodyMimeType text/html
      SecRequestBodyLimit 1000
      SecRequestBodyLimitAction ProcessPartial
      SecArgumentSeparator ";"
      SecCookieFormat 1
      SecCollectionTimeout 60
      SecComponentSignature "A/1"
      SecComponentSignature "B/2"
      SecUnicodeMapFile map.txt 20127`,
      { "map.txt": "1250 (ANSI)\n00a1:21\n\n20127 (US-ASCII)\n00a0:20 ff1c:3c\n28591\n00a1:a1" },
    );
    assert.deepEqual(parsed.problems, []);
    const { settings } = parsed.ruleSet;
    assert.equal(settings.ruleEngine, "detectionOnly");
    assert.equal(settings.requestBodyAccess, false);
    assert.deepEqual(settings.responseBodyTypes, ["text/plain", "application/json", "text/html"]);
    assert.equal(settings.requestBodyBytesMax, 1000);
    assert.equal(settings.requestBodyLimitAction, "processPartial");
    assert.equal(settings.argumentSeparator, ";");
    assert.equal(settings.cookieFormat, 1);
    assert.equal(settings.collectionTimeoutSeconds, 60);
    assert.deepEqual(settings.componentSignatures, ["A/1", "B/2"]);
    assert.deepEqual(
      [...(settings.unicodeMap ?? [])],
      [
        [0xa0, 0x20],
        [0xff1c, 0x3c],
      ],
    );
  });

  test("without effect, refused, unknown", () => {
    const parsed = parseText(`
      SecAuditLog /var/log/x
      SecPcreMatchLimit 1000
      SecRemoteRules key https://rules.example/
      SecRuleScript x.lua
      SecRulEngine On
      <IfModule security2_module>
      SecRuleEngine Maybe
      SecArgumentSeparator`);
    assert.deepEqual(codesOf(parsed), [
      "waf/no-effect",
      "waf/no-effect",
      "waf/unsupported-directive",
      "waf/unsupported-directive",
      "waf/unknown-directive",
      "waf/unknown-directive",
      "waf/bad-setting",
      "waf/bad-setting",
    ]);
    assert.equal(parsed.problems[4]?.hint, "did you mean SecRuleEngine?");
  });
});

test("the digest is of the content", () => {
  const digest = (text: string, words = "a"): string => parseText(text, { w: words }).ruleSet.digest;
  const rule = 'SecRule ARGS "@pmFromFile w" "id:1,pass"';
  assert.equal(digest(rule), digest(rule));
  assert.match(digest(rule), /^[0-9a-f]{32}$/);
  assert.equal(new Set([digest(rule), digest(rule, "b"), digest(`${rule}\n`), digest("")]).size, 4);
});

const words =
  `SecRule SecAction SecMarker Include SecDefaultAction SecRuleUpdateTargetById SecRuleRemoveByTag ARGS TX:/a/ XML:/* !ARGS:x
  " ' \\\\ , | : id:1 id:2 chain t:none %{tx.a} %{ phase:1 ( [ # skipAfter:A 1-9`.replaceAll(/\s+/g, " ");

test("garbage never throws, and places lie in the text", () => {
  const pieces = fc.constantFrom(
    ...words.split(" "),
    "\\\n",
    "\n",
    "@rx ",
    "@pm ",
    "ctl:ruleRemoveById=1",
    "setvar:tx.a=+1",
    "\u0000",
    "\u00ff",
    " ",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join("")),
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(text, text, (floor, overlay) => {
      const parsed = parseRuleSet({
        files: [{ file: "a", text: floor }],
        reader: filesOf({ b: overlay }),
        overlays: [{ name: "t", files: [{ file: "c", text: overlay }], reader: filesOf({ b: floor }) }],
      });
      for (const { position } of parsed.problems) {
        const lines = { a: floor, b: "", c: overlay }[position.file]?.split("\n") ?? [];
        if (position.file === "b") continue;
        assert.ok(position.line >= 1 && position.line <= Math.max(1, lines.length), JSON.stringify(position));
        assert.ok(position.column >= 0);
      }
      assert.equal(parsed.counts.rules + parsed.counts.markers, parsed.ruleSet.items.length);
    }),
    { numRuns: 800 },
  );
});

test("what is over a limit is refused by name", () => {
  const long = `SecRule ARGS "@rx ${"a".repeat(300_000)}" "id:1,pass"\nSecAction "id:2,pass"`;
  assert.deepEqual(codesOf(parseText(long)), ["waf/too-large"]);
  const chain = `SecRule ARGS "a" "id:1,chain"\n${'SecRule ARGS "a" "chain"\n'.repeat(80)}SecRule ARGS "a"`;
  assert.deepEqual(codesOf(parseText(chain)), ["waf/long-chain"]);
  assert.deepEqual(codesOf(parseText(`SecAction "id:1,${"nolog,".repeat(600)}pass"`)), ["waf/too-many-actions"]);
  assert.deepEqual(codesOf(parseText(`SecRule ${"ARGS|".repeat(600)}ARGS "a" "id:1"`)), ["waf/too-many-variables"]);
  const many = parseText("SecNothing\n".repeat(1500));
  assert.equal(many.problems.length, 201);
  assert.match(many.problems.at(-1)?.message ?? "", /1300 more/);
  const noisy = parseText(`${"SecNothing\n".repeat(300)}Include b`, { b: "SecNothing" });
  assert.equal(
    noisy.problems.filter(({ code, position }) => position.file === "b" && code === "waf/unknown-directive").length,
    1,
  );
});

describe("the Core Rule Set", () => {
  const folder = path.resolve(import.meta.dirname, "../../../..", "../shared/data/crs");

  test("version 4 loads unchanged, and as many rules as its text holds", (context) => {
    if (!skipUnless(context, existsSync(folder), "the Core Rule Set (../shared/data/crs)")) return;
    const rules = path.join(folder, "rules");
    const names = readdirSync(rules)
      .filter((name) => name.endsWith(".conf"))
      .sort();
    const texts = names.map((file) => ({ file, text: readFileSync(path.join(rules, file), "latin1") }));
    const setup = {
      file: "crs-setup.conf.example",
      text: readFileSync(path.join(folder, "crs-setup.conf.example"), "latin1"),
    };
    const reader = {
      include: () => [],
      wordList: (name: string) => readFileSync(path.join(rules, name), "latin1"),
    };
    const parsed = parseRuleSet({ files: [setup, ...texts], reader });
    assert.deepEqual(
      parsed.problems.filter(({ severity }) => severity !== "note"),
      [],
    );
    const text = [setup, ...texts].map((file) => file.text.replaceAll(/^[ \t]*#.*$/gm, "")).join("\n");
    const count = (expression: RegExp): number => text.match(expression)?.length ?? 0;
    const heads = count(/\bid:\d+/g);
    const links = count(/^\s*SecRule /gm) + count(/^\s*SecAction\b/gm) - heads;
    const found = rulesOf(parsed);
    assert.equal(found.length, heads);
    assert.equal(found.flatMap((rule) => rule.links).length, links);
    assert.equal(parsed.counts.markers, count(/^\s*SecMarker /gm));
    const parts = found.flatMap((rule) => [rule.head, ...rule.links]);
    assert.equal(parts.flatMap((part) => part.assignments).length, count(/\bsetvar:/g));
    assert.equal(parts.filter((part) => part.isCapture).length, count(/^[^']*\bcapture\b[,"\\]/gm));
    assert.equal(parts.flatMap((part) => part.controls).length, count(/\bctl:/g));
    assert.equal(found.filter((rule) => rule.skipAfter !== "").length, count(/\bskipAfter:/g));
    const excluded = parts.flatMap((part) => part.variables).filter((variable) => variable.isExcluded).length;
    assert.ok(excluded >= count(/^SecRuleUpdateTargetById/gm));
    // Research counted these by another parser.
    const operators = Map.groupBy(parts, (part) => (part.operator.isNegated ? "!" : "") + part.operator.name);
    const counted = (name: string): number => operators.get(name)?.length ?? 0;
    assert.deepEqual(
      ["rx", "!rx", "pmfromfile", "lt", "detectsqli", "detectxss", "validatebyterange"].map(counted),
      [297, 21, 20, 189, 2, 2, 5],
    );
  });
});

// SecLang piece by piece: lines, operators, targets, actions; what is read, exactly how, and what is refused where.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { variableText } from "./parse-variables.ts";
import { codesOf, only, parseText, rulesOf } from "./parse.fixture.ts";

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
    ["maturity:high", "waf/bad-action"],
    ["xmlns:soap", "waf/bad-action"],
    ["ctl:auditEngine=Sometimes", "waf/bad-ctl"],
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

// SecLang as a whole: defaults, chains, jumps, updates, includes, settings, limits, and the Core Rule Set itself.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { skipUnless } from "../../../../test/support/skip.ts";
import { parseRuleSet } from "./parse-rule-set.ts";
import { variableText } from "./parse-variables.ts";
import { codesOf, filesOf, only, parseText, rulesOf } from "./parse.fixture.ts";

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
    assert.deepEqual(codesOf(parsed), ["waf/default-transformations", "waf/default-action-again"]);
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

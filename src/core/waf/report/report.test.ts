// What leaves the process: excerpts, lines and rows, with every kind of secret in a table.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { WafEvent } from "../../../model/waf-event.ts";
import { parseRules, runRequest, testEngine, testPolicy } from "../../../../test/support/waf-engine.ts";
import { displayText } from "./display-text.ts";
import { modsecurityLines } from "./modsecurity-line.ts";
import { excerptLimits, excerptOf, redactCards } from "./redact.ts";
import { wafRow, type WafRequestFacts } from "./waf-row.ts";

const variable = (name: string, value: string, matched: string, transformed = value) => ({
  name,
  value,
  matched,
  transformed,
  logData: "",
});

interface ExcerptCase {
  readonly name: string;
  readonly value: string;
  readonly matched: string;
  readonly text: string;
  /** What `start` and `end` point at. */
  readonly piece: string;
}

const excerpts: readonly ExcerptCase[] = [
  {
    name: "ARGS:q",
    value: "a union select b",
    matched: "union select",
    text: "a union select b",
    piece: "union select",
  },
  {
    name: "REQUEST_HEADERS:Authorization",
    value: "Bearer abc.def",
    matched: "abc",
    text: "‹redacted:authorization›",
    piece: "",
  },
  { name: "ARGS:password", value: "hunter2 or 1=1", matched: "or 1=1", text: "‹redacted:password›", piece: "" },
  { name: "ARGS:json.user.newPassword", value: "hunter2", matched: "hunter2", text: "‹redacted:password›", piece: "" },
  { name: "ARGS:user[access_token]", value: "tok", matched: "tok", text: "‹redacted:token›", piece: "" },
  { name: "REQUEST_HEADERS:X-Api-Key", value: "k1", matched: "k1", text: "‹redacted:token›", piece: "" },
  { name: "REQUEST_COOKIES:session_id", value: "x' or 1=1", matched: "' or 1=1", text: "‹redacted:cookie›", piece: "" },
  {
    name: "REQUEST_COOKIES:theme",
    value: "secretpart<script>",
    matched: "<script>",
    text: "‹redacted:cookie›<script>‹redacted:cookie›",
    piece: "<script>",
  },
  { name: "REQUEST_COOKIES:theme", value: "abcdef", matched: "abcdef", text: "‹redacted:cookie›", piece: "" },
  {
    name: "REQUEST_HEADERS:Cookie",
    value: "a=b; c=<svg>",
    matched: "<svg>",
    text: "‹redacted:cookie›<svg>‹redacted:cookie›",
    piece: "<svg>",
  },
  {
    name: "ARGS:note",
    value: "card 4111 1111 1111 1111 ok",
    matched: "ok",
    text: "card ‹redacted:card-number› ok",
    piece: "ok",
  },
  {
    name: "ARGS:note",
    value: "4111111111111111",
    matched: "4111111111111111",
    text: "‹redacted:card-number›",
    piece: "",
  },
  {
    name: "ARGS:note",
    value: "order 4111 1111 1111 1112",
    matched: "order",
    text: "order 4111 1111 1111 1112",
    piece: "order",
  },
  {
    name: "ARGS:note",
    value: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N <b>",
    matched: "<b>",
    text: "‹redacted:jwt› <b>",
    piece: "<b>",
  },
  {
    name: "REQUEST_BODY",
    value: "user=a&password=hunter2&q=<b>",
    matched: "<b>",
    text: "user=a&password=‹redacted:query-secret›&q=<b>",
    piece: "<b>",
  },
  { name: "REMOTE_USER", value: "anna", matched: "anna", text: "‹redacted:user›", piece: "" },
  { name: "ARGS:q", value: "\u0000\u00c3\u00a4", matched: "\u0000", text: "\\x00ä", piece: "\\x00" },
];

describe("excerpts", () => {
  for (const one of excerpts) {
    test(`${one.name} ${displayText(one.value)}`, () => {
      const { text, start, end } = excerptOf(variable(one.name, one.value, one.matched));
      assert.equal(text, one.text);
      assert.equal(text.slice(start, end), one.piece);
    });
  }

  test("a long value is cut around its matched piece", () => {
    const value = `${"a".repeat(1000)}<script>${"b".repeat(1000)}`;
    const { text, start, end } = excerptOf(variable("ARGS:q", value, "<script>"));
    assert.equal(text.slice(start, end), "<script>");
    assert.ok(text.length <= excerptLimits.charactersMax);
  });

  test("a secret beside the matched piece never shows, wherever it stands", () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 40,
    });
    const secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, matched, after) => {
        const { text, start, end } = excerptOf(variable("ARGS:q", `${before} ${secret} ${matched} ${after}`, matched));
        assert.ok(!text.includes(secret));
        assert.ok(start <= end && end <= text.length);
      }),
    );
  });
});

test("card numbers need a right check digit and stand alone", () => {
  assert.equal(redactCards("5500-0000-0000-0004"), "‹redacted:card-number›");
  assert.equal(redactCards("0000000000000000"), "0000000000000000");
  assert.equal(redactCards("a4111111111111111"), "a4111111111111111");
});

const rules = `SecRule ARGS|REQUEST_HEADERS "@rx (?i)<script" "id:941110,phase:2,deny,status:403,log,capture,msg:'XSS found',logdata:'Matched Data: %{TX.0} found within %{MATCHED_VAR_NAME}: %{MATCHED_VAR}',severity:'CRITICAL',tag:'attack-xss',ver:'OWASP_CRS/4',setvar:tx.inbound_anomaly_score_pl1=+5"
SecAction "id:2,phase:5,pass,log,msg:'done'"`;

const facts: WafRequestFacts = {
  ...WafEvent.parse({ time: "2026-11-26T00:00:00.000Z", verdict: "logged", mode: "detect" }),
  target: "/a%20b/reset-token/Zm9vYmFyQmF6MTIzNDU2Nzg5MDEy?q=secret",
  method: "GET",
  host: "shop.example",
  door: "proxy",
  status: 403,
};

test("lines are ModSecurity's: one for each variable, quotes kept apart, secrets gone", () => {
  const target = "/?q=%3Cscript%3E%22&password=%3Cscript%3Ehunter2";
  const { report } = runRequest(testEngine(parseRules(rules)), testPolicy(), { target });
  const lines = modsecurityLines(report, { hostname: "shop.example", uri: target });
  assert.equal(lines.length, 3);
  assert.equal(
    lines[0],
    String.raw`ModSecurity: Access denied with code 403 (phase 2). Matched "Operator ${"`"}Rx' with parameter ${"`"}(?i)<script' against variable ${"`"}ARGS:q' (Value: ${"`"}<script>"' )" [file "test.conf"] [line "1"] [id "941110"] [rev ""] [msg "XSS found"] [data "Matched Data: <script found within ARGS:q: <script>\""] [severity "2"] [ver "OWASP_CRS/4"] [maturity "0"] [accuracy "0"] [tag "attack-xss"] [hostname "shop.example"] [uri "/"] [unique_id "transaction-1"]`,
  );
  assert.match(lines[1] ?? "", /\[data "Matched Data: .* found within ARGS:password/);
  assert.ok(!lines.join("\n").includes("hunter2"));
  assert.match(lines[2] ?? "", /Unconditional match in SecAction.*\[msg "done"\]/);
  const open = modsecurityLines(report, { hostname: "h", uri: "/" }, { redaction: "none" });
  assert.ok(open.join("\n").includes("hunter2"));
});

test("a row holds what rules matched, and is a row", () => {
  const engine = testEngine(parseRules(rules));
  const policy = testPolicy({ name: "shop" });
  const { report } = runRequest(engine, policy, { target: "/?q=%3CSCRIPT%3E" });
  const row = wafRow(report, policy, facts);
  assert.ok(row !== undefined);
  assert.deepEqual(WafEvent.parse(row), row);
  assert.deepEqual(
    [row.verdict, row.mode, row.policy, row.phase, row.decidingRule, row.because],
    ["blocked", "block", "shop", 2, 941_110, "rule"],
  );
  assert.deepEqual(
    [row.ruleIds, row.variables, row.values, row.excerpts],
    [
      [941_110, 2],
      ["ARGS:q", ""],
      ["<SCRIPT", ""],
      ["<SCRIPT>", ""],
    ],
  );
  assert.deepEqual(
    [row.severities, row.scores, row.inboundScore, row.tags],
    [["CRITICAL", ""], [5, 0], 5, ["attack-xss"]],
  );
  assert.equal(row.path, "/a%20b/reset-token/‹redacted:key-like›");
});

test("a request that no rule spoke about makes no row", () => {
  const engine = testEngine(parseRules(`SecRule ARGS "@rx x" "id:1,phase:2,log,pass"`));
  assert.equal(wafRow(runRequest(engine, testPolicy(), {}).report, testPolicy(), facts), undefined);
});

test("verdicts: detected, logged, failed", () => {
  const engine = testEngine(
    parseRules(`SecRequestBodyLimit 4\n${rules.split("\n")[0]}\nSecRule ARGS:q "@streq log" "id:5,phase:2,pass,log"`),
  );
  const detect = testPolicy({ mode: "detect" });
  const verdict = (target: string, body = "") =>
    wafRow(runRequest(engine, detect, { target, method: "POST", body }).report, detect, facts)?.verdict;
  assert.equal(verdict("/?q=<script"), "detected");
  assert.equal(verdict("/?q=log"), "logged");
  assert.equal(verdict("/", "too long"), "failed");
});

describe("secrets that rules carry elsewhere", () => {
  const secret = "Basic YWxpY2U6czNjcjN0cGFzc3cwcmQ=";
  const cookie = "0123456789cookie";
  const table: readonly (readonly [name: string, rules: string])[] = [
    [
      "macros of named members",
      `SecRule REQUEST_METHOD "@rx ." "id:1,phase:2,pass,log,msg:'hdr %{REQUEST_HEADERS.Authorization}',logdata:'ck %{REQUEST_COOKIES.sid} pw %{ARGS.password} tok %{REQUEST_HEADERS.X-Api-Key}'"`,
    ],
    [
      "captures",
      `SecRule REQUEST_HEADERS:Authorization "@rx Basic (.*)" "id:1,phase:2,pass,log,capture,logdata:'got %{TX.1}',msg:'m %{TX.1}'"`,
    ],
    [
      "short captures",
      `SecRule ARGS:password "@rx (hun)(ter2)" "id:1,phase:2,pass,log,capture,logdata:'%{TX.1}-%{TX.2}'"`,
    ],
    [
      "captures in a later rule",
      `SecRule REQUEST_HEADERS:Authorization "@rx Basic (.*)" "id:1,phase:2,pass,nolog,capture"\nSecRule REQUEST_METHOD "@rx ." "id:2,phase:2,pass,log,logdata:'%{TX.1}'"`,
    ],
    [
      "copies in TX",
      `SecRule ARGS:password "@rx ." "id:1,phase:2,pass,log,setvar:tx.saved=%{MATCHED_VAR}"\nSecRule TX:saved "@rx ." "id:2,phase:2,pass,log,msg:'tx %{MATCHED_VAR}',logdata:'%{MATCHED_VAR}'"`,
    ],
    [
      "chains",
      `SecRule REQUEST_HEADERS:Authorization "@rx ." "id:1,phase:2,pass,log,chain,logdata:'%{MATCHED_VAR}'"\nSecRule MATCHED_VAR "@rx ." "t:none"`,
    ],
    [
      "transformations",
      `SecRule REQUEST_HEADERS:Authorization "@rx ." "id:1,phase:2,pass,log,t:lowercase,logdata:'%{MATCHED_VAR}'"`,
    ],
    ["the request as one text", `SecRule REQUEST_BODY "@rx ." "id:1,phase:2,pass,log,logdata:'%{MATCHED_VAR}'"`],
  ];
  const request = {
    method: "POST",
    headers: [
      ["Content-Type", "application/x-www-form-urlencoded"],
      ["Authorization", secret],
      ["Cookie", `sid=${cookie}; a=b`],
      ["X-Api-Key", "abcdEFGH12345678zz"],
    ],
    body: "password=hunter2&user=x",
  } as const;
  const parts = [/YWxpY2U/i, /hun.?ter2/, /0123456789cookie/, /abcdEFGH/];

  for (const [name, rules] of table) test(name, () => assertHidden(rules, request, parts));

  test("texts and attributes of XML carry their names", () => {
    const rules = `SecRule REQUEST_METHOD "@rx ." "id:9,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"\nSecRule XML:/*|XML://@* "@rx hunter" "id:1,phase:2,pass,log,logdata:'%{MATCHED_VAR}'"`;
    const body = '<l token="hunter99"><u>a</u><s:password>hunter2</s:password></l>';
    assertHidden(rules, { method: "POST", body }, [/hunter[29]/]);
  });

  test("what a rule may show is not blurred by repeating it in a password", () => {
    const parsed = parseRules(
      `SecRule ARGS:q "@rx <script" "id:1,phase:2,pass,log,msg:'XSS <script',logdata:'%{MATCHED_VAR}'"`,
    );
    const { report } = runRequest(testEngine(parsed), testPolicy(), { target: "/?q=<script>1&password=<script>1" });
    const [line] = modsecurityLines(report, { hostname: "h", uri: "/" });
    assert.match(line ?? "", /\[msg "XSS <script"\] \[data "<script>1"\]/);
  });

  function assertHidden(rules: string, given: Parameters<typeof runRequest>[2], hidden: readonly RegExp[]): void {
    const { report } = runRequest(testEngine(parseRules(rules)), testPolicy(), given);
    assert.ok(report.rules.length > 0);
    const row = wafRow(report, testPolicy(), { ...facts, target: "/" });
    const told = [...modsecurityLines(report, { hostname: "h", uri: "/" }), JSON.stringify(row)].join("\n");
    for (const one of hidden) assert.doesNotMatch(told, one);
  }
});

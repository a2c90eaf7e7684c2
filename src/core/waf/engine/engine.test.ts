// What rules mean: one table of rule texts and requests, each with the ids that match. Each case is run with the scan, with the scan switched off, without the memo, and plainly.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WafEngineOptions } from "./engine.ts";
import {
  parseRules,
  runRequest,
  testEngine,
  testPolicy,
  type TestRequest,
} from "../../../../test/support/waf-engine.ts";

interface Case {
  readonly name: string;
  readonly rules: string;
  readonly request: TestRequest;
  readonly ids: readonly number[];
}

const form = (body: string): TestRequest => ({
  method: "POST",
  headers: [
    ["Host", "shop.example"],
    ["Content-Type", "application/x-www-form-urlencoded"],
  ],
  body,
});

const post = (type: string, body: string): TestRequest => ({
  method: "POST",
  headers: [
    ["Host", "shop.example"],
    ["Content-Type", type],
  ],
  body,
});

const processors = `SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:91,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:92,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"
`;

const cases: readonly Case[] = [
  ...[
    { type: "application/json", body: '{"a":"hello"}', plain: [1], forced: [1] },
    { type: "text/plain", body: "hello", plain: [1], forced: [1] },
    { type: "application/octet-stream", body: "\0hello", plain: [1], forced: [1] },
    { type: "application/x-www-form-urlencoded", body: "a=hello", plain: [1], forced: [1] },
    { type: "application/xml", body: "<a>hello</a>", plain: [], forced: [1] },
    {
      type: "multipart/form-data; boundary=B",
      body: '--B\r\nContent-Disposition: form-data; name="g"\r\n\r\nhello\r\n--B--\r\n',
      plain: [],
      forced: [1],
    },
  ].flatMap(({ type, body, plain, forced }): Case[] => {
    const rule = `SecRule REQUEST_BODY "@contains hello" "id:1,phase:2,log,pass"`;
    const force = `SecAction "id:99,phase:1,nolog,pass,ctl:forceRequestBodyVariable=On"`;
    const request = post(type, body);
    return [
      { name: `REQUEST_BODY of ${type}`, rules: `${processors}${rule}`, request, ids: plain },
      {
        name: `REQUEST_BODY of ${type} when a rule asks`,
        rules: `${processors}${force}\n${rule}`,
        request,
        ids: forced,
      },
    ];
  }),
  {
    name: "a text that elements of XML cut in pieces is seen whole",
    rules: `${processors}SecRule XML:/* "@contains union select" "id:1,phase:2,log,pass"\nSecRule XML:/* "@streq union" "id:2,phase:2,log,pass"`,
    request: post("application/xml", "<a>union<b/> sel<i>ect</i></a>"),
    ids: [1, 2],
  },
  {
    name: "arguments are decoded once",
    rules: `SecRule ARGS:q "@streq a b&c" "id:1,phase:2,log,pass"`,
    request: { target: "/?q=a+b%26c" },
    ids: [1],
  },
  {
    name: "keys of arguments are compared without case",
    rules: `SecRule ARGS:Q "@streq x" "id:1,phase:2,log,pass"`,
    request: { target: "/?q=x" },
    ids: [1],
  },
  {
    name: "phase 1 sees arguments of the query, phase 2 those of the body",
    rules: `SecRule ARGS "@streq x" "id:1,phase:1,log,pass"\nSecRule ARGS "@streq x" "id:2,phase:2,log,pass"\nSecRule ARGS_POST "@streq x" "id:3,phase:2,log,pass"\nSecRule ARGS_GET "@streq x" "id:4,phase:2,log,pass"`,
    request: form("a=x"),
    ids: [2, 3],
  },
  {
    name: "an excluded member is left out",
    rules: `SecRule ARGS|!ARGS:password "@rx ^x$" "id:1,phase:2,log,pass"`,
    request: { target: "/?password=x" },
    ids: [],
  },
  {
    name: "an excluded member by pattern is left out, others are not",
    rules: `SecRule REQUEST_COOKIES|!REQUEST_COOKIES:/^_ga/ "@rx ^x$" "id:1,phase:1,log,pass"\nSecRule REQUEST_COOKIES|!REQUEST_COOKIES:/^_gb/ "@rx ^x$" "id:2,phase:1,log,pass"`,
    request: { headers: [["Cookie", "_ga_1=x; other=y"]] },
    ids: [2],
  },
  {
    name: "a count of a header that is not there is 0",
    rules: `SecRule &REQUEST_HEADERS:Accept "@eq 0" "id:1,phase:1,log,pass"\nSecRule &REQUEST_HEADERS:host "@eq 1" "id:2,phase:1,log,pass"\nSecRule &REQUEST_HEADERS "@eq 1" "id:3,phase:1,log,pass"`,
    request: {},
    ids: [1, 2, 3],
  },
  {
    name: "a negated operator holds when one member does not match",
    rules: `SecRule ARGS "!@rx ^[0-9]+$" "id:1,phase:2,log,pass"\nSecRule ARGS:missing "!@rx ^[0-9]+$" "id:2,phase:2,log,pass"`,
    request: { target: "/?a=1&b=x" },
    ids: [1],
  },
  {
    name: "a chain matches only when all its links do",
    rules: `SecRule REQUEST_METHOD "@streq GET" "id:1,phase:1,log,pass,chain"\nSecRule ARGS:a "@streq x" "chain"\nSecRule &ARGS "@gt 1" ""\nSecRule REQUEST_METHOD "@streq GET" "id:2,phase:1,log,pass,chain"\nSecRule ARGS:a "@streq y"`,
    request: { target: "/?a=x&b=1" },
    ids: [1],
  },
  {
    name: "a link's setvar of a chain that fails is kept, as far as the chain came",
    rules: `SecRule REQUEST_METHOD "@streq GET" "id:1,phase:1,nolog,pass,setvar:tx.seen=1,chain"\nSecRule ARGS:a "@streq y" "setvar:tx.never=1"\nSecRule TX:seen "@eq 1" "id:2,phase:1,log,pass"\nSecRule &TX:never "@eq 0" "id:3,phase:1,log,pass"`,
    request: { target: "/?a=x" },
    ids: [2, 3],
  },
  {
    name: "captures and macros of a chain",
    rules: `SecRule REQUEST_HEADERS:Range "@rx (\\d+)-(\\d+)" "id:1,phase:1,log,pass,capture,chain"\nSecRule TX:2 "@lt %{tx.1}" ""`,
    request: { headers: [["Range", "bytes=9-3"]] },
    ids: [1],
  },
  {
    name: "setvar adds and subtracts, by macro too",
    rules: `SecAction "id:1,phase:1,nolog,pass,setvar:tx.points=3,setvar:tx.score=+2,setvar:tx.score=+%{tx.points},setvar:tx.score=-1"\nSecRule TX:SCORE "@eq 4" "id:2,phase:1,log,pass"`,
    request: {},
    ids: [2],
  },
  {
    name: "names made of what matched are found by pattern",
    rules: `SecRule ARGS_NAMES "@rx ." "id:1,phase:2,nolog,pass,setvar:'tx.seen_%{MATCHED_VAR_NAME}=+1'"\nSecRule TX:/^seen_/ "@gt 1" "id:2,phase:2,log,pass"`,
    request: { target: "/?a=1&b=2&a=3" },
    ids: [2],
  },
  {
    name: "MATCHED_VARS holds what the links before matched",
    rules: `SecRule ARGS "@rx a" "id:1,phase:2,log,pass,chain"\nSecRule MATCHED_VARS "@rx b" ""\nSecRule ARGS "@rx a" "id:2,phase:2,log,pass,chain"\nSecRule MATCHED_VARS "@rx c"`,
    request: { target: "/?x=ab&y=c" },
    ids: [1],
  },
  {
    name: "multiMatch asks each text on the way",
    rules: `SecRule ARGS "@streq %41" "id:1,phase:2,log,pass,t:none,t:urlDecodeUni,multiMatch"\nSecRule ARGS "@streq a" "id:2,phase:2,log,pass,t:urlDecodeUni,t:lowercase,multiMatch"\nSecRule ARGS "@streq %41" "id:3,phase:2,log,pass,t:urlDecodeUni"`,
    request: { target: "/?x=%2541" },
    ids: [1, 2],
  },
  {
    name: "ctl names tags as directives do: a plain name is compared, an expression searched",
    rules: `SecAction "id:1,phase:1,nolog,pass,ctl:ruleRemoveByTag=attack,ctl:ruleRemoveByMsg=No"\nSecAction "id:2,phase:1,nolog,pass,ctl:'ruleRemoveByTag=^b.ar$'"\nSecRule ARGS "@streq x" "id:3,phase:2,log,pass,tag:'attack-sqli'"\nSecRule ARGS "@streq x" "id:4,phase:2,log,pass,tag:'attack'"\nSecRule ARGS "@streq x" "id:5,phase:2,log,pass,tag:'bear'"\nSecRule ARGS "@streq x" "id:6,phase:2,log,pass,msg:'No way'"\nSecRule ARGS "@streq x" "id:7,phase:2,log,pass,msg:'No'"`,
    request: { target: "/?a=x" },
    ids: [3, 6],
  },
  {
    name: "MULTIPART_NAME has the name of every part, FILES_NAMES those of files",
    rules: `SecRule MULTIPART_NAME "@streq field" "id:1,phase:2,log,pass"\nSecRule MULTIPART_NAME "@streq upload" "id:2,phase:2,log,pass"\nSecRule FILES_NAMES "@streq field" "id:3,phase:2,log,pass"\nSecRule &MULTIPART_NAME "@eq 2" "id:4,phase:2,log,pass"`,
    request: {
      method: "POST",
      headers: [["Content-Type", "multipart/form-data; boundary=B"]],
      body: `--B\r\nContent-Disposition: form-data; name="field"\r\n\r\nv\r\n--B\r\nContent-Disposition: form-data; name="upload"; filename="a.txt"\r\n\r\nv\r\n--B--\r\n`,
    },
    ids: [1, 2, 4],
  },
  {
    name: "skipAfter jumps over the rules of its phase up to the marker",
    rules: `SecRule ARGS:a "@streq x" "id:1,phase:2,nolog,pass,skipAfter:END"\nSecRule ARGS:a "@streq x" "id:2,phase:2,log,pass"\nSecRule ARGS:a "@streq x" "id:3,phase:1,log,pass"\nSecMarker END\nSecRule ARGS:a "@streq x" "id:4,phase:2,log,pass"`,
    request: { target: "/?a=x" },
    ids: [3, 4],
  },
  {
    name: "skip leaves out so many rules",
    rules: `SecAction "id:1,phase:1,nolog,pass,skip:1"\nSecAction "id:2,phase:1,log,pass"\nSecAction "id:3,phase:1,log,pass"`,
    request: {},
    ids: [3],
  },
  {
    name: "ctl takes rules and targets away",
    rules: `SecRule ARGS:off "@streq 1" "id:1,phase:1,nolog,pass,ctl:ruleRemoveById=2-3"\nSecRule ARGS:off "@streq 1" "id:9,phase:1,nolog,pass,ctl:ruleRemoveTargetByTag=sql;ARGS:q"\nSecRule ARGS "@rx x" "id:2,phase:2,log,pass"\nSecRule ARGS "@rx x" "id:3,phase:2,log,pass"\nSecRule ARGS "@rx x" "id:4,phase:2,log,pass,tag:'sql'"\nSecRule ARGS_GET "@rx x" "id:5,phase:2,log,pass,tag:'sql'"`,
    request: { target: "/?off=1&q=x" },
    ids: [5],
  },
  {
    name: "ctl:ruleEngine=Off ends it",
    rules: `SecRule REQUEST_URI "@beginsWith /health" "id:1,phase:1,nolog,pass,ctl:ruleEngine=Off"\nSecAction "id:2,phase:1,log,pass"\nSecAction "id:3,phase:5,log,pass"`,
    request: { target: "/health" },
    ids: [],
  },
  {
    name: "allow lets the phase, the request or all of it go",
    rules: `SecRule ARGS:a "@streq phase" "id:1,phase:1,log,allow:phase"\nSecRule ARGS:a "@streq request" "id:2,phase:1,log,allow:request"\nSecRule ARGS:a "@streq all" "id:3,phase:1,log,allow"\nSecAction "id:4,phase:1,log,pass"\nSecAction "id:5,phase:2,log,pass"\nSecAction "id:6,phase:3,log,pass"\nSecAction "id:7,phase:5,log,pass"`,
    request: { target: "/?a=request", response: {} },
    ids: [2, 6, 7],
  },
  {
    name: "path variables",
    rules: `SecRule REQUEST_FILENAME "@streq /a b/c.php" "id:1,phase:1,log,pass"\nSecRule REQUEST_BASENAME "@streq c.php" "id:2,phase:1,log,pass"\nSecRule QUERY_STRING "@streq x=%20" "id:3,phase:1,log,pass"\nSecRule REQUEST_URI_RAW "@streq http://h/a%20b/c.php?x=%20" "id:4,phase:1,log,pass"\nSecRule REQUEST_LINE "@endsWith HTTP/1.1" "id:5,phase:1,log,pass"\nSecRule REQUEST_URI "@beginsWith /a b/" "id:6,phase:1,log,pass"`,
    request: { target: "http://h/a%20b/c.php?x=%20" },
    ids: [1, 2, 3, 4, 5, 6],
  },
  {
    name: "cookies are cut at semicolons, nothing is decoded",
    rules: `SecRule REQUEST_COOKIES:a "@streq %41" "id:1,phase:1,log,pass"\nSecRule REQUEST_COOKIES_NAMES "@streq b" "id:2,phase:1,log,pass"\nSecRule &REQUEST_COOKIES "@eq 3" "id:3,phase:1,log,pass"`,
    request: { headers: [["Cookie", "a=%41;  b; c==;;"]] },
    ids: [1, 2, 3],
  },
  {
    name: "JSON is flattened to arguments, and an array's own name is a name",
    rules: `SecRule ARGS:json.user.name "@streq x" "id:1,phase:2,log,pass"\nSecRule ARGS_NAMES "@streq json.list" "id:2,phase:2,log,pass"\nSecRule REQBODY_PROCESSOR "@streq JSON" "id:3,phase:2,log,pass"`,
    request: {
      method: "POST",
      headers: [["Content-Type", "application/json"]],
      body: `{"user":{"name":"x"},"list":[1,2]}`,
    },
    ids: [1, 2, 3],
  },
  {
    name: "a body without a type is a form when it must be a text",
    rules: `SecAction "id:1,phase:1,nolog,pass,ctl:forceRequestBodyVariable=On"\nSecRule REQUEST_BODY "@streq a=b" "id:2,phase:2,log,pass"\nSecRule ARGS:a "@streq b" "id:3,phase:2,log,pass"\nSecRule REQUEST_BODY_LENGTH "@eq 3" "id:4,phase:2,log,pass"`,
    request: { method: "POST", body: "a=b" },
    ids: [2, 3, 4],
  },
  {
    name: "a body that cannot be read is told",
    rules: `SecRule REQBODY_ERROR "!@eq 0" "id:1,phase:2,log,pass"`,
    request: { method: "POST", headers: [["Content-Type", "application/json"]], body: `{"a":` },
    ids: [1],
  },
  {
    name: "answers: status, headers, body of the types that are read",
    rules: `SecResponseBodyAccess On\nSecResponseBodyMimeType text/html\nSecRule RESPONSE_STATUS "@rx ^5" "id:1,phase:3,log,pass"\nSecRule RESPONSE_HEADERS:X-Powered-By "@contains php" "id:2,phase:3,log,pass,t:lowercase"\nSecRule RESPONSE_BODY "@contains secret" "id:3,phase:4,log,pass"`,
    request: {
      response: {
        status: 500,
        headers: [
          ["Content-Type", "text/html; charset=utf-8"],
          ["X-Powered-By", "PHP/8"],
        ],
        body: "a secret",
      },
    },
    ids: [1, 2, 3],
  },
  {
    name: "variables that outlive a transaction are there within it",
    rules: `SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.count=+1"\nSecRule IP:count "@ge 1" "id:2,phase:1,log,pass"`,
    request: {},
    ids: [2],
  },
  {
    name: "words in bars are bytes; words are found without case",
    rules: `SecRule ARGS "@pm |41 42| zzz" "id:1,phase:2,log,pass"\nSecRule ARGS "@pm nothing QQQ" "id:2,phase:2,log,pass"`,
    request: { target: "/?a=xABx&b=qqq" },
    ids: [1, 2],
  },
  {
    name: "byte ranges",
    rules: `SecRule ARGS "@validateByteRange 32-126" "id:1,phase:2,log,pass"\nSecRule ARGS "!@validateByteRange 32-126" "id:2,phase:2,log,pass"`,
    request: { target: "/?a=%00" },
    ids: [1],
  },
];

const variants: readonly (readonly [string, Partial<WafEngineOptions>])[] = [
  ["with scan and memo", {}],
  ["without the scan", { isPrefiltered: false }],
  ["without the memo", { memoEntriesMax: 0 }],
  ["plainly", { isPlain: true }],
];

for (const [name, options] of variants) {
  describe(`rules, ${name}`, () => {
    for (const one of cases) {
      test(one.name, () => {
        const parsed = parseRules(one.rules);
        assert.deepEqual(
          parsed.problems.filter(({ severity }) => severity === "error"),
          [],
        );
        const engine = testEngine(parsed, options);
        const policy = testPolicy();
        // Twice: the second time out of the memo and out of a state that was used before.
        assert.deepEqual(runRequest(engine, policy, one.request).ids, one.ids);
        assert.deepEqual(runRequest(engine, policy, one.request).ids, one.ids);
      });
    }
  });
}

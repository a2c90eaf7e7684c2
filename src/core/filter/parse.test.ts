import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../base/fault.ts";
import { fields } from "./fields.ts";
import { type Filter, filterLimits } from "./filter.ts";
import { parseFilter } from "./parse.ts";
import { printFilter, quote } from "./print.ts";

/** A filter without its places: what it means. */
function meaning(filter: Filter): unknown {
  return { window: filter.window, clauses: filter.clauses.map(({ start: _start, end: _end, ...rest }) => rest) };
}

const printed: readonly (readonly [string, string])[] = [
  ["ns:shop to:db verdict:deny port:5432 last:1h", "ns:shop to:db verdict:deny port:5432 last:1h"],
  ["  NAMESPACE:shop   dst.ns:db\tsrc:web ", "ns:shop to.ns:db from:web"],
  ["last:15m wl:web -process:curl,wget", "workload:web -process:curl,wget last:15m"],
  ['pod:"" "two words" -"not this"', 'pod:"" "two words" -"not this"'],
  ['process:"a \\"b\\" \\\\"', 'process:"a \\"b\\" \\\\"'],
  ["fe80::1 ip:fd00::/8 to:10.0.0.0/8", "fe80::1 ip:fd00::/8 to:10.0.0.0/8"],
  ["since:2026-11-23T07:00:00Z until:now http.status:5xx", "status:5xx since:2026-11-23T07:00:00Z until:now"],
  ["", ""],
];

test("canonical text", () => {
  for (const [text, expected] of printed) assert.equal(printFilter(parseFilter(text)), expected, text);
});

const tests: readonly (readonly [string, unknown])[] = [
  ["port:>1024", { is: "between", low: 1025, high: Infinity }],
  ["port:>=1024", { is: "between", low: 1024, high: Infinity }],
  ["port:<1024", { is: "between", low: -Infinity, high: 1023 }],
  ["port:8000-8100", { is: "between", low: 8000, high: 8100 }],
  ["exit:-1", { is: "between", low: -1, high: -1 }],
  ["bytes:>10kb", { is: "between", low: 10_001, high: Infinity }],
  ["bytes:<=1.5MiB", { is: "between", low: -Infinity, high: 1_572_864 }],
  ["latency:>100ms", { is: "between", low: 100_001, high: Infinity }],
  ["latency:>50us", { is: "between", low: 51, high: Infinity }],
  ["duration:<5s", { is: "between", low: -Infinity, high: 4999 }],
  ["status:5xx", { is: "between", low: 500, high: 599 }],
  ["status:404", { is: "between", low: 404, high: 404 }],
  ["verdict:DENY", { is: "equals", text: "deny" }],
  ["kind:deployment", { is: "equals", text: "Deployment" }],
  ["domain:Example.COM.", { is: "equals", text: "example.com" }],
  ["pod:web-*", { is: "like", pattern: "web-*" }],
  ['pod:"web-*"', { is: "equals", text: "web-*" }],
  ["pod:*", { is: "filled" }],
  ["loopback:yes", { is: "flag", value: true }],
  ["word", { is: "contains", text: "word" }],
  ["arg:--port", { is: "contains", text: "--port" }],
];

test("what a value asks of a column", () => {
  for (const [text, expected] of tests) assert.deepEqual(parseFilter(text).clauses[0]?.values[0]?.test, expected, text);
});

const refused: readonly (readonly [string, string, string, RegExp])[] = [
  ["nss:shop", "unknown-field", "q:0", /ns:/],
  ["a -verdct:deny", "unknown-field", "q:3", /verdict/],
  ["to.process:x", "unknown-field", "q:0", /process:/],
  ["to.prt:x", "unknown-field", "q:0", /to\.port/],
  ["verdict:dney", "bad-value", "q:8", /deny/],
  ["port:80,http", "bad-value", "q:8", /./],
  ["port:90-80", "bad-value", "q:5", /./],
  ["ip:10.0.0.*", "bad-value", "q:3", /CIDR/],
  ["ip:10.0.0.0/33", "bad-value", "q:3", /./],
  ["pod:*a*b*c*d*e*f*g*h*i*", "bad-value", "q:4", /./],
  ['process:"open', "bad-syntax", "q:8", /"/],
  ['process:a"b', "bad-syntax", "q:9", /./],
  ['"a"b', "bad-syntax", "q:3", /./],
  ["ns:", "bad-syntax", "q:3", /""/],
  ["ns:a,", "bad-syntax", "q:5", /./],
  ["-", "bad-syntax", "q:1", /./],
  ['""', "bad-value", "q:0", /./],
  ["last:1h last:2h", "bad-window", "q:8", /./],
  ["-last:1h", "bad-window", "q:0", /./],
  ["last:1h since:2h", "bad-window", "q:8", /one of the two/],
  ["since:tomorrow", "bad-value", "q:6", /./],
  ["last:0s", "bad-value", "q:5", /./],
  [`ns:${"a".repeat(filterLimits.valueLengthMax + 1)}`, "too-long", "q:3", /./],
  ["a ".repeat(filterLimits.clausesMax + 1), "too-many-clauses", "q:128", /./],
  [`ns:${"a,".repeat(filterLimits.valuesPerClauseMax)}a`, "too-many-values", "q:131", /./],
  ["x".repeat(filterLimits.lengthMax + 1), "too-long", "q:4096", /./],
];

test("what cannot be understood is refused with place and hint", () => {
  for (const [text, code, where, hint] of refused) {
    assert.throws(
      () => parseFilter(text),
      (thrown: unknown) => {
        assert.ok(thrown instanceof Fault, text);
        assert.deepEqual(
          [thrown.code, thrown.where, thrown.kind],
          [`filter/${code}`, where, "usage"],
          text.slice(0, 80),
        );
        assert.match(thrown.hint ?? "", hint, text.slice(0, 80));
        return true;
      },
      text.slice(0, 80),
    );
  }
});

test("any text is either understood or refused by a fault of this room whose place is inside the text", () => {
  const pieces = fc.constantFrom(
    "n",
    "s",
    "p",
    ":",
    "-",
    ",",
    '"',
    "\\",
    "*",
    ".",
    "0",
    "5",
    "/",
    " ",
    ">",
    "=",
    "<",
    "x",
    "ns:",
    "to.",
    "last:",
    "1h",
    "deny",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(pieces).map((list) => list.join("")),
      ),
      (text) => {
        try {
          const filter = parseFilter(text);
          assert.deepEqual(meaning(parseFilter(printFilter(filter))), meaning(filter));
        } catch (thrown) {
          if (!(thrown instanceof Fault)) throw thrown;
          const offset = Number(/^q:(\d+)$/.exec(thrown.where ?? "")?.[1] ?? NaN);
          assert.ok(offset >= 0 && offset <= text.length, thrown.where ?? "");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("a quoted value is that value", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 200 }), (text) => {
      const clause = parseFilter(`pod:${quote(text)}`).clauses[0];
      assert.equal(clause?.values[0]?.text, text);
    }),
  );
});

test("names and aliases of fields are different from each other and fit the grammar", () => {
  const names = fields.flatMap((field) => [field.name, ...(field.aliases ?? [])]);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z][a-z0-9.-]*$/);
});

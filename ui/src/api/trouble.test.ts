import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, type FaultKind } from "../../../src/base/fault.ts";
import { troubleOf } from "./trouble.ts";

test("every kind of fault has its state", () => {
  const cases: readonly (readonly [FaultKind, string])[] = [
    ["usage", "bad-input"],
    ["unauthenticated", "unauthenticated"],
    ["forbidden", "forbidden"],
    ["not-found", "not-found"],
    ["too-large", "bad-input"],
    ["limited", "limited"],
    ["unavailable", "unavailable"],
    ["internal", "unexpected"],
    ["conflict", "unexpected"],
  ];
  for (const [kind, expected] of cases) {
    const trouble = troubleOf(new Fault("m", { code: "a/b", kind, hint: "h" }));
    assert.deepEqual([trouble.kind, trouble.message, trouble.hint, trouble.code], [expected, "m", "h", "a/b"]);
  }
});

test("a filter error says where", () => {
  const fault = new Fault("unknown field", { code: "filter/unknown-field", kind: "usage", where: "q:14" });
  assert.equal(troubleOf(fault).filterPosition, 14);
  assert.equal(troubleOf(new Fault("x", { code: "a/b", kind: "usage", where: "spec.http" })).filterPosition, undefined);
});

test("no server, and anything else", () => {
  assert.equal(troubleOf(new TypeError("fetch failed")).kind, "unreachable");
  assert.equal(troubleOf("boom").message, "boom");
  assert.equal(troubleOf(undefined).kind, "unexpected");
});

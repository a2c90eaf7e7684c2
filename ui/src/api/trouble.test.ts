import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf } from "../../../src/apps/server/contract/client.ts";
import { troubleOf } from "./trouble.ts";

function answer(status: number, extra: Record<string, unknown> = {}): Response {
  const problem = { type: "about:blank", title: "t", status, detail: "m", code: "a/b", hint: "h", ...extra };
  return new Response(JSON.stringify(problem), { status });
}

test("every refusal of the server has its state", async () => {
  for (const [status, expected] of [
    [400, "bad-input"],
    [401, "unauthenticated"],
    [403, "forbidden"],
    [404, "not-found"],
    [409, "unexpected"],
    [413, "bad-input"],
    [429, "limited"],
    [500, "unexpected"],
    [503, "unavailable"],
  ] as const) {
    const trouble = troubleOf(await faultOf(answer(status)));
    assert.deepEqual([trouble.kind, trouble.message, trouble.hint, trouble.code], [expected, "m", "h", "a/b"]);
  }
});

test("a filter error says where", async () => {
  assert.equal(troubleOf(await faultOf(answer(400, { where: "q:14" }))).filterPosition, 14);
  assert.equal(troubleOf(await faultOf(answer(400, { where: "spec.http" }))).filterPosition, undefined);
});

test("an answer that is no problem+json, no server, a problem in a stream, and anything else", async () => {
  assert.equal(troubleOf(await faultOf(new Response("<html>", { status: 503 }))).kind, "unavailable");
  assert.equal(troubleOf(new TypeError("fetch failed")).kind, "unreachable");
  assert.equal(troubleOf({ detail: "the store is away", code: "store/down" }).message, "the store is away");
  assert.equal(troubleOf("boom").message, "boom");
  assert.equal(troubleOf(undefined).kind, "unexpected");
});

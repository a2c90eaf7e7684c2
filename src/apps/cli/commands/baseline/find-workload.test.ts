import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../context.ts";
import { findWorkload, type Ladder } from "./find-workload.ts";

function row(namespace: string, workload: string, more: Partial<Ladder> = {}) {
  const time = "2026-11-23T08:00:00.000Z";
  const confidence = { score: 0, level: "low", hours: 0, replicas: 0, restarts: 0, quietHours: 0, because: [] };
  const seen = { executables: 0, parents: 0, writes: 0, loads: 0, destinations: 0, listens: 0, domains: 0 };
  const key = { cluster: "c", namespace, kind: "Deployment", workload, imageDigest: "" };
  const life = { image: "", service: "", step: "learning", otherImages: 0, drift: 0, firstSeen: time, lastSeen: time };
  return { ...key, ...life, confidence, seen, ...more };
}

/** A server that keeps to what it is asked, and what it was asked. */
function world(rows: readonly ReturnType<typeof row>[]) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request): Promise<Response> => {
    const { searchParams } = new URL(url instanceof Request ? url.url : url);
    asked.push(searchParams.toString());
    const time = "2026-11-23T08:00:00.000Z";
    const given = ["cluster", "namespace", "workload"] as const;
    const found = rows.filter((one) => given.every((name) => (searchParams.get(name) ?? one[name]) === one[name]));
    const window = { since: time, until: time, partial: false, partialBecause: "", gaps: [] };
    return Response.json({ rows: found, omitted: 0, window });
  };
  const flags = { server: "http://127.0.0.1:1", token: "x" };
  return { asked, context: { flags, environment: {}, fetch, say: () => undefined } as unknown as Context };
}

const rows = [row("shop", "web"), row("shop", "db"), row("bank", "web"), row("a b", "x/y")];

test("one workload is asked for by what its name says, and all only for the one that was meant", async () => {
  for (const [name, expected] of [
    ["db", ["workload=db"]],
    ["shop/web", ["workload=web&namespace=shop"]],
    ["c/bank/Deployment/web", ["workload=web&namespace=bank"]],
    ["c/a%20b/Deployment/x%2Fy", ["workload=x%2Fy&namespace=a+b"]],
  ] as const) {
    const { asked, context } = world(rows);
    await findWorkload(context, name, {});
    assert.deepEqual(asked, expected, name);
  }
  const { asked, context } = world(rows);
  await assert.rejects(findWorkload(context, "shop/wbe", { since: "7d" }), { hint: 'did you mean "shop/web"?' });
  assert.deepEqual(asked, ["since=7d&workload=wbe&namespace=shop", "since=7d"]);
});

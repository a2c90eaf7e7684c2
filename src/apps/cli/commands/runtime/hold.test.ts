// Freeze, isolate and release against a server that knows three workloads: a slip in a name holds nothing, and is refused.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";

const entry = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");
const workloads = [
  ["c1", "shop", "checkout"],
  ["c1", "shop", "web"],
  ["c2", "bank", "ledger"],
].map(([cluster, namespace, name]) => ({ cluster, namespace, kind: "Deployment", name }));

interface World {
  readonly url: string;
  /** Names of RuntimePolicies that were put. */
  readonly put: string[];
  partialBecause: string;
  isStoreAway: boolean;
}

async function world(t: TestContext): Promise<World> {
  const server = createServer((request, response) => {
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const say = (status: number, body: object): void => {
      const type = status === 200 ? "application/json" : "application/problem+json";
      response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
    };
    const problem = (status: number, code: string): void =>
      say(status, { type: "about:blank", title: code, status, detail: `because of ${code}`, code });
    const name = pathname.split("/").at(-1) ?? "";
    if (pathname === "/api/v1/workloads" && made.isStoreAway) problem(503, "store/unavailable");
    else if (pathname === "/api/v1/workloads") {
      const { partialBecause } = made;
      const time = "2026-11-23T08:00:00.000Z";
      const window = { since: time, until: time, partial: partialBecause !== "", partialBecause, gaps: [] };
      const wanted = /workload:(\S+)/.exec(searchParams.get("q") ?? "")?.[1];
      say(200, { rows: workloads.filter((one) => wanted === undefined || one.name === wanted), window });
    } else if (request.method === "PUT") {
      made.put.push(name);
      say(200, { outcome: "created", resource: {}, changes: [] });
    } else if (request.method === "DELETE") problem(404, "resource/not-found");
    else {
      const hold = { action: "freeze", until: "2026-11-23T09:00:00.000Z", reason: "a test" };
      const spec = { target: { namespace: "shop", workload: "web" }, mode: "enforce", hold };
      const resource = { kind: "RuntimePolicy", scope: "cluster/c1", name: "hold.shop.web", spec, deleted: false };
      say(200, { resources: [{ ...resource, status: [] }] });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: World = { url, put: [], partialBecause: "", isStoreAway: false };
  return made;
}

async function garrison({ url }: World, ...args: readonly string[]) {
  const child = spawn(process.execPath, [entry, "runtime", ...args, "--server", url, "--token", "x"], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await closed) as [number];
  return { code, out, err };
}

const why = ["--reason", "a test"] as const;

test("a workload that nobody saw is not held: the name that was meant is said", async (t) => {
  const made = await world(t);
  for (const [args, words] of [
    [
      ["freeze", "shop/chekout"],
      /no workload shop\/chekout was seen within a day, .*\nhint: did you mean shop\/checkout\?/,
    ],
    [["isolate", "shp/web"], /hint: did you mean shop\/web\?/],
    [["freeze", "shop/ledger"], /hint: did you mean bank\/ledger\?/],
    [["freeze", "shop/something-else"], /hint: `garrison workloads --since 24h` lists them/],
    [["freeze", "bank/ledger", "--scope", "cluster/c1"], /was seen within a day in cluster\/c1/],
  ] as const) {
    const ran = await garrison(made, ...args, ...why);
    assert.equal(ran.code, 5, ran.err);
    assert.match(ran.err, words);
  }
  const mute = await garrison(made, "freeze", "shop/web", "--reason", " a ");
  assert.deepEqual([mute.code, /--reason " a " says too little\nhint: \S/.test(mute.err)], [2, true], mute.err);
  const whole = await garrison(made, "freeze", "c1/shop/Deployment/web", ...why);
  assert.deepEqual([whole.code, /names no workload/.test(whole.err)], [2, true], whole.err);
  assert.deepEqual(made.put, []);
});

test("what is there is held; also what nobody saw, when that is asked for; a cgroup is its node's to know", async (t) => {
  const made = await world(t);
  for (const [args, note] of [
    [["freeze", "shop/web"], /^$/],
    [["isolate", "bank/ledger", "--scope", "cluster/c2"], /^$/],
    [["freeze", "shop/later", "--unseen"], /^$/],
    [["freeze", "/system.slice/shop.service"], /^note: only its node knows whether this cgroup is there/],
  ] as const) {
    const ran = await garrison(made, ...args, ...why);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.err, note);
  }
  assert.deepEqual(made.put, [
    "hold.shop.web",
    "hold.bank.ledger",
    "hold.shop.later",
    "hold.system.slice.shop.service",
  ]);
});

test("an emergency waits for no store: where it cannot be known that is said, and it is held", async (t) => {
  const made = await world(t);
  made.isStoreAway = true;
  const away = await garrison(made, "freeze", "shop/wbe", ...why);
  made.isStoreAway = false;
  made.partialBecause = "the query took too long";
  const busy = await garrison(made, "isolate", "shop/wbe", ...why);
  assert.deepEqual([away.code, busy.code], [0, 0], away.err + busy.err);
  assert.match(away.err, /^note: whether shop\/wbe is there is not known: because of store\/unavailable/);
  assert.match(busy.err, /^note: whether shop\/wbe is there is not known: the query took too long/);
  assert.equal(made.put.length, 2);
});

test("release of what is not held says what is", async (t) => {
  const ran = await garrison(await world(t), "release", "shop/wbe");
  assert.equal(ran.code, 5, ran.err);
  assert.match(ran.err, /nothing holds shop\/wbe in scope global\nhint: held are: shop\/web --scope cluster\/c1$/m);
});

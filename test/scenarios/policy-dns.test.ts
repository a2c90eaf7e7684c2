// Rules on DNS names, on the real kernel: redirect, connection tracking, sets with timeouts, real questions and real connections, each side in a network
// namespace and a process of its own. Manifests are parsed, compiled and applied by the parts that the agent uses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { mayMakeNamespaces } from "../support/netns/namespace.ts";
import { openDnsWorld, pool, port, server, type LookupOutcome } from "../support/policy-dns-world.ts";
import { skipUnless } from "../support/skip.ts";

const names = (count: number, first = "a") =>
  Array.from({ length: count }, (_, index) => `${first}${index % 25}.shop.example`);

test("500 look-ups with ever other answers: each client connects at once, and no first packet is dropped", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld();
  const { node, web, other } = world;
  assert.deepEqual(await node.ask("problems"), []);
  assert.deepEqual(
    (await web.ask<{ outcome: string }>("connect", { address: pool[0], port })).outcome,
    "timeout",
    "without a look-up nothing is open",
  );
  const droppedBefore = await node.ask<number>("dropped");
  assert.ok(droppedBefore > 0, "the rule that denies the rest counts");
  const outcomes = await web.ask<LookupOutcome[]>("lookups", { names: names(500), server, port });
  const bad = outcomes.filter(({ connect }) => connect !== "open");
  assert.deepEqual(bad, []);
  assert.equal(await node.ask("dropped"), droppedBefore, "and the rule that denies the rest counted nothing");
  const addresses = new Set(outcomes.flatMap((outcome) => outcome.addresses));
  assert.equal(addresses.size, pool.length, "the answers rotated");
  const median = outcomes.map(({ lookupMs }) => lookupMs).toSorted((a, b) => a - b)[250] ?? 0;
  t.diagnostic(
    `500 look-ups, ${addresses.size} addresses, 0 first packets dropped, median ${median.toFixed(2)} ms to the answer`,
  );

  const tcp = await web.ask<LookupOutcome[]>("lookups", { names: names(20, "t"), server, port, isTcp: true });
  assert.deepEqual(
    tcp.filter(({ connect }) => connect !== "open"),
    [],
  );
  const counters = await node.ask<Record<string, number>>("counters");
  assert.equal(counters["released"], 520);
  assert.equal(counters["programmed"], 520);

  const elsewhere = await other.ask<{ outcome: string }>("connect", { address: outcomes.at(-1)?.addresses[0], port });
  assert.equal(elsewhere.outcome, "timeout", "one client's look-up opens nothing for another");
});

test("names without a rule open nothing; answers into the cluster are refused; nobody else is answered; shared addresses are named", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld();
  const { node, web } = world;
  const [free] = await web.ask<LookupOutcome[]>("lookups", {
    names: ["www.elsewhere.example"],
    server,
    port,
    connectWaitMs: 900,
  });
  assert.deepEqual([free?.code, free?.addresses.length, free?.connect], [0, 2, "timeout"]);
  const [inside] = await web.ask<LookupOutcome[]>("lookups", { names: ["inside.shop.example"], server, port });
  assert.deepEqual([inside?.code, inside?.addresses.length], [5, 0]);
  const [direct] = await web.ask<LookupOutcome[]>("lookups", {
    names: ["a.shop.example"],
    server: "169.254.1.1",
    port,
    waitMs: 300,
  });
  assert.equal(direct?.code, -1);

  await web.ask("lookups", { names: ["fixed1.shop.example", "fixed2.elsewhere.example"], server, port: 0 });
  assert.deepEqual(await node.ask("shared", { address: pool[0] }), ["fixed1.shop.example", "fixed2.elsewhere.example"]);
  await node.ask("close");
  const told =
    await node.ask<{ reporter: string; question: string; responseCode: string; pod: string; server: string }[]>("rows");
  assert.deepEqual(
    told.map(({ reporter, question, responseCode, pod }) => `${reporter} ${pod} ${question} ${responseCode}`),
    [
      "proxy web www.elsewhere.example NOERROR",
      "proxy web inside.shop.example REFUSED",
      "proxy web fixed1.shop.example NOERROR",
      "proxy web fixed2.elsewhere.example NOERROR",
    ],
  );
  assert.deepEqual(new Set(told.map((row) => row.server)), new Set([server]));
});

test("an address stays while a connection to it lives, and leaves when none does", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld({ dns: { ttlSecondsMin: 2 }, graceMs: 1000 });
  const { node, web } = world;
  const [kept, left] = await web.ask<LookupOutcome[]>("lookups", {
    names: ["a1.shop.example", "a2.shop.example"],
    server,
    port,
  });
  assert.ok(kept !== undefined && left !== undefined);
  await web.ask("hold", { address: kept.addresses[0], port });
  let addresses: readonly (string | undefined)[] = [];
  let keptTimes = 0;
  // What was closed long ago may go, and what came before it is looked at when it is due.
  const isOver = () => keptTimes > 0 && !left.addresses.some((address) => addresses.includes(address));
  for (let round = 0; round < 600 && !isOver(); round += 1) {
    await delay(100);
    addresses = (await node.ask<{ key: string[] }[]>("elements")).map(({ key }) => key[1]);
    keptTimes = (await node.ask<Record<string, number>>("counters"))["kept"] ?? 0;
  }
  assert.ok(isOver(), `kept ${keptTimes} times; ${addresses.join()}`);
  assert.ok(addresses.includes(kept.addresses[0] ?? ""), addresses.join());
});

test("the node killed in mid-query: closed means no answers and nothing new; what was open stays; the next node takes over", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld();
  const { node, web } = world;
  const [before] = await web.ask<LookupOutcome[]>("lookups", { names: ["a1.shop.example"], server, port });
  assert.equal(before?.connect, "open");
  const asking = web.ask<LookupOutcome[]>("lookups", { names: ["slow.shop.example"], server, port, waitMs: 1500 });
  while (!(await world.server.ask<{ name: string }[]>("asked")).some(({ name }) => name.startsWith("slow"))) {
    await delay(20);
  }
  await node.kill();
  await world.server.ask("letGo");
  assert.deepEqual((await asking)[0]?.addresses, [], "the question that was asked is never answered");
  const [later] = await web.ask<LookupOutcome[]>("lookups", { names: ["b1.shop.example"], server, port, waitMs: 300 });
  assert.deepEqual(later?.addresses, []);
  const still = await web.ask<{ outcome: string }>("connect", { address: before?.addresses[0], port, waitMs: 30_000 });
  assert.equal(still.outcome, "open", "elements live on in the kernel");
  const next = await world.openNode();
  const [again] = await web.ask<LookupOutcome[]>("lookups", { names: ["b1.shop.example"], server, port });
  assert.equal(again?.connect, "open");
  const adopted = (await next.ask<Record<string, number>>("counters"))["adopted"] ?? 0;
  assert.ok(adopted >= 2, `${adopted} elements of the node before are known`);
});

test("sets emptied by somebody else are filled again from what is known", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld();
  const { node, web } = world;
  const [outcome] = await web.ask<LookupOutcome[]>("lookups", { names: ["a1.shop.example"], server, port });
  await node.ask("flush");
  assert.equal(
    (await web.ask<{ outcome: string }>("connect", { address: outcome?.addresses[0], port })).outcome,
    "timeout",
  );
  await node.ask("refill");
  assert.equal(
    (await web.ask<{ outcome: string }>("connect", { address: outcome?.addresses[0], port, waitMs: 30_000 })).outcome,
    "open",
  );
});

test("the node killed with fail mode open: a little later the kernel lets clients ask the server, and sets are filled no more", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld({ dns: { failMode: "open" }, liveMs: 2000 });
  const { node, web } = world;
  const ask = (name: string) =>
    web.ask<LookupOutcome[]>("lookups", { names: [name], server, port, waitMs: 300, connectWaitMs: 900 });
  // Longer than one life: the proxy keeps telling that it lives.
  await delay(2500);
  let [served] = await ask("a1.shop.example");
  // A proxy that was kept from telling for a life is believed again with its next word.
  for (let round = 0; round < 50 && served?.connect !== "open"; round += 1) [served] = await ask("a1.shop.example");
  assert.equal(served?.connect, "open");
  await node.kill();
  let [answered] = await ask("b1.shop.example");
  for (let round = 0; round < 200 && answered?.code !== 0; round += 1) [answered] = await ask("b1.shop.example");
  assert.deepEqual([answered?.code, answered?.connect], [0, "timeout"]);
});

test("links without an address: questions are turned to the node's own address, by UDP and TCP", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld({ proxyAddress: "10.255.255.254" });
  const outcomes = [
    ...(await world.web.ask<LookupOutcome[]>("lookups", { names: names(10), server, port })),
    ...(await world.web.ask<LookupOutcome[]>("lookups", { names: names(3, "t"), server, port, isTcp: true })),
  ];
  assert.deepEqual(
    outcomes.filter(({ connect }) => connect !== "open"),
    [],
  );
  const [direct] = await world.web.ask<LookupOutcome[]>("lookups", {
    names: ["a.shop.example"],
    server: "10.255.255.254",
    port: 0,
    waitMs: 300,
  });
  assert.equal(direct?.code, -1, "nobody is answered there who did not ask a server");
});

test("told by resources, as agents are: look-ups open what the policy names, the rest is denied and told, with rows of the proxy", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openDnsWorld({ isAgent: true });
  const { node, web } = world;
  const statuses = await node.ask<{ kind: string; state?: string; because: string }[]>("statuses");
  assert.deepEqual(
    statuses.filter(({ state }) => state === "refused" || state === "failed"),
    [],
  );
  const outcomes = await web.ask<LookupOutcome[]>("lookups", { names: names(20), server, port });
  assert.deepEqual(
    outcomes.filter(({ connect }) => connect !== "open"),
    [],
  );
  const [elsewhere] = await web.ask<LookupOutcome[]>("lookups", {
    names: ["www.elsewhere.example"],
    server,
    port,
    connectWaitMs: 900,
  });
  assert.equal(elsewhere?.connect, "timeout");
  type Status = { kind: string; dns?: { state: string; counters: Record<string, number> } };
  const status = (await node.ask<Status[]>("statuses")).find(({ kind }) => kind === "Enforcement");
  assert.equal(status?.dns?.state, "serving");
  assert.deepEqual([status.dns.counters["released"], status.dns.counters["programmed"]], [21, 20]);
  const rows = await node.ask<{ reporter: string; pod: string; namespace: string; question: string }[]>("rows");
  assert.equal(rows.length, 21);
  assert.deepEqual(
    new Set(rows.map((row) => `${row.reporter} ${row.namespace}/${row.pod}`)),
    new Set(["proxy shop/web"]),
  );
  type Denied = { sourcePod: string; destinationAddress: string; verdictBecause: string };
  let denied: Denied[] = [];
  // The kernel's reports come by a thread of their own.
  for (let round = 0; round < 1200 && denied.length === 0; round += 1) {
    denied = await node.ask<Denied[]>("denied");
    await delay(50);
  }
  assert.deepEqual(
    denied.map(({ sourcePod, destinationAddress }) => [sourcePod, destinationAddress]),
    [["web", elsewhere.addresses[0]]],
    JSON.stringify(denied),
  );
});

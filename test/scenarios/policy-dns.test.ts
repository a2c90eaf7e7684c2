// Rules on DNS names, on the real kernel: redirect, connection tracking, sets with timeouts, real questions and real connections, each side in a network
// namespace and a process of its own. Manifests are parsed, compiled and applied by the parts that the agent uses.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { openListeners } from "../support/netns/listeners.ts";
import { mayMakeNamespaces, runInNetns, type NetworkNamespace } from "../support/netns/namespace.ts";
import { openStar } from "../support/netns/star.ts";
import type { LookupOutcome, NodeOrder } from "../support/policy-dns-process.ts";
import { skipUnless } from "../support/skip.ts";

const program = path.resolve(import.meta.dirname, "../support/policy-dns-process.ts");
const webAddress = "10.1.0.2";
const otherAddress = "10.1.0.3";
const server = "10.1.9.53";
const port = 8080;
const proxyPort = 15_053;
const pool = Array.from({ length: 60 }, (_, index) => `198.51.100.${index + 1}`);

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web }] }
status: { podIP: ${webAddress}, podIPs: [{ ip: ${webAddress} }] }
---
apiVersion: v1
kind: Pod
metadata: { name: other, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: other }] }
status: { podIP: ${otherAddress}, podIPs: [{ ip: ${otherAddress} }] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: names }
spec:
  tier: Admin
  priority: 10
  subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: web } } } }
  egress:
    - { name: shops, action: Accept, to: [{ domainNames: ["*.shop.example"] }] }
    - { name: servers, action: Accept, to: [{ networks: ["${server}/32"] }] }
    - { name: nothing-else, action: Deny, to: [{ networks: ["0.0.0.0/0"] }] }
`;

interface Child {
  ask<T>(what: string, order?: object): Promise<T>;
  kill(): Promise<void>;
}

async function start(inside: NetworkNamespace, role: string, order: object): Promise<Child> {
  const child: ChildProcess = runInNetns(inside, [process.execPath, program, role, JSON.stringify(order)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, (message: { result?: unknown; error?: string }) => void>();
  child.on("message", (message: { id: number; result?: unknown; error?: string }) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const reply = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the ${role} ended with ${String(code)}`));
      child.once("exit", onExit);
      waiting.set(id, ({ result, error }) => {
        child.off("exit", onExit);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
    });
  await reply(0);
  let last = 0;
  return {
    ask: <T>(what: string, more: object = {}) => {
      last += 1;
      const answer = reply(last);
      child.send({ ...more, id: last, do: what });
      return answer as Promise<T>;
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Two pods, a DNS server and "the internet" around a node. */
async function openWorld(given: Partial<NodeOrder> = {}) {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    return { ...(await startWorld(closing, given)), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startWorld(closing: (() => Promise<void> | void)[], given: Partial<NodeOrder>) {
  const star = openStar({
    pods: [
      { name: "web", addresses: [webAddress] },
      { name: "other", addresses: [otherAddress] },
      { name: "dns", addresses: [server] },
      { name: "internet", addresses: pool },
    ],
  });
  closing.unshift(() => star.close());
  const started = async (child: Promise<Child>) => {
    const made = await child;
    closing.unshift(() => made.kill());
    return made;
  };
  const internet = await openListeners([
    { in: star.pod("internet"), address: "0.0.0.0", port, protocol: "tcp", echo: true },
  ]);
  closing.unshift(() => internet.close());
  const order: NodeOrder = {
    manifests,
    port: proxyPort,
    clients: [
      { endpoint: "pod/shop/web", address: webAddress, interfaceName: star.linkOf("web") },
      { endpoint: "pod/shop/other", address: otherAddress, interfaceName: star.linkOf("other") },
    ],
    upstream: server,
    clusterRanges: ["10.1.0.0/16"],
    dns: {},
    ...given,
  };
  const openNode = () => started(start(star.router, "node", order));
  return {
    openNode,
    node: await openNode(),
    web: await started(start(star.pod("web"), "client", {})),
    other: await started(start(star.pod("other"), "client", {})),
    server: await started(start(star.pod("dns"), "server", { address: server, pool, inside: "10.1.0.3" })),
  };
}

const names = (count: number, first = "a") =>
  Array.from({ length: count }, (_, index) => `${first}${index % 25}.shop.example`);

test("500 look-ups with ever other answers: each client connects at once, and no first packet is dropped", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openWorld();
  const { node, web, other } = world;
  assert.deepEqual(await node.ask("problems"), []);
  assert.deepEqual(
    (await web.ask<{ outcome: string }>("connect", { address: pool[0], port })).outcome,
    "timeout",
    "without a look-up nothing is open",
  );
  const droppedBefore = await node.ask<number>("dropped");
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
  await using world = await openWorld();
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
  await using world = await openWorld({ dns: { ttlSecondsMin: 2 }, graceMs: 1000 });
  const { node, web } = world;
  const [kept, left] = await web.ask<LookupOutcome[]>("lookups", {
    names: ["a1.shop.example", "a2.shop.example"],
    server,
    port,
  });
  assert.ok(kept !== undefined && left !== undefined);
  await web.ask("hold", { address: kept.addresses[0], port });
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const elements = await node.ask<{ key: string[] }[]>("elements");
  const addresses = elements.map(({ key }) => key[1]);
  assert.ok(addresses.includes(kept.addresses[0] ?? ""), addresses.join());
  assert.ok(!addresses.includes(left.addresses[0] ?? ""), "closed long ago: it may go");
  assert.ok(!addresses.includes(left.addresses[1] ?? ""), addresses.join());
  const counters = await node.ask<Record<string, number>>("counters");
  assert.ok((counters["kept"] ?? 0) > 0);
});

test("the node killed in mid-query: closed means no answers and nothing new; what was open stays; the next node takes over", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openWorld();
  const { node, web } = world;
  const [before] = await web.ask<LookupOutcome[]>("lookups", { names: ["a1.shop.example"], server, port });
  assert.equal(before?.connect, "open");
  const asking = web.ask<LookupOutcome[]>("lookups", { names: ["slow.shop.example"], server, port, waitMs: 1500 });
  while (!(await world.server.ask<{ name: string }[]>("asked")).some(({ name }) => name.startsWith("slow"))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await node.kill();
  assert.deepEqual((await asking)[0]?.addresses, [], "the question that was asked is never answered");
  const [later] = await web.ask<LookupOutcome[]>("lookups", { names: ["b1.shop.example"], server, port, waitMs: 300 });
  assert.deepEqual(later?.addresses, []);
  const still = await web.ask<{ outcome: string }>("connect", { address: before?.addresses[0], port });
  assert.equal(still.outcome, "open", "elements live on in the kernel");
  const next = await world.openNode();
  const [again] = await web.ask<LookupOutcome[]>("lookups", { names: ["b1.shop.example"], server, port });
  assert.equal(again?.connect, "open");
  const adopted = (await next.ask<Record<string, number>>("counters"))["adopted"] ?? 0;
  assert.ok(adopted >= 2, `${adopted} elements of the node before are known`);
});

test("sets emptied by somebody else are filled again from what is known", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openWorld();
  const { node, web } = world;
  const [outcome] = await web.ask<LookupOutcome[]>("lookups", { names: ["a1.shop.example"], server, port });
  await node.ask("flush");
  assert.equal(
    (await web.ask<{ outcome: string }>("connect", { address: outcome?.addresses[0], port })).outcome,
    "timeout",
  );
  await node.ask("refill");
  assert.equal(
    (await web.ask<{ outcome: string }>("connect", { address: outcome?.addresses[0], port })).outcome,
    "open",
  );
});

test("the node killed with fail mode open: a little later the kernel lets clients ask the server, and sets are filled no more", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "root and network namespaces")) return;
  await using world = await openWorld({ dns: { failMode: "open" }, liveMs: 2000 });
  const { node, web } = world;
  const ask = (name: string) =>
    web.ask<LookupOutcome[]>("lookups", { names: [name], server, port, waitMs: 300, connectWaitMs: 900 });
  // Longer than one life: the proxy keeps telling that it lives.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal((await ask("a1.shop.example"))[0]?.connect, "open");
  await node.kill();
  let [answered] = await ask("b1.shop.example");
  for (let round = 0; round < 20 && answered?.code !== 0; round += 1) [answered] = await ask("b1.shop.example");
  assert.deepEqual([answered?.code, answered?.connect], [0, "timeout"]);
});

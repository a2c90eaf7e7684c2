// A process of the DNS scenario, started inside a network namespace: the node (rules, sets, proxy), a client, or a DNS server, by its first argument.
// The test asks it over Node's channel: { id, do, ... } in, { id, result } out.
import { connect } from "node:net";
import { silentLogger } from "../../src/base/logger.ts";
import { emptySubject } from "../../src/core/process/subject.ts";
import { createDnsSide } from "../../src/apps/agent/dns/create-dns-side.ts";
import type { DnsSide } from "../../src/apps/agent/dns/dns-side.ts";
import { createNftCompiler } from "../../src/core/policy/compile/create-compiler.ts";
import { dnsLiveSet } from "../../src/core/policy/compile/settings.ts";
import type { Dataplane } from "../../src/core/policy/compile/dataplane.ts";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import { parsePolicies } from "../../src/core/policy/parse/parse-policies.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import { readYaml } from "../../src/edge/manifests/read-yaml.ts";
import { Enforcement } from "../../src/model/enforcement.ts";
import type { Row } from "../../src/model/table.ts";
import { addressRecord, askByTcp, askByUdp, encodeDns, encodeQuestion, openDnsServer } from "./dns-server.ts";

export interface NodeOrder {
  readonly manifests: string;
  readonly port: number;
  readonly clients: readonly { readonly endpoint: string; readonly address: string; readonly interfaceName: string }[];
  readonly upstream: string;
  readonly clusterRanges: readonly string[];
  readonly dns: Partial<Enforcement["dns"]>;
  readonly graceMs?: number;
  readonly liveMs?: number;
  /** The node's address that questions are turned to, and the only one listened at. */
  readonly proxyAddress?: string;
}

export interface LookupOutcome {
  readonly name: string;
  readonly code: number;
  readonly addresses: readonly string[];
  readonly lookupMs: number;
  /** "open", an error's code, or "timeout"; "" without an address. */
  readonly connect: string;
  readonly connectMs: number;
}

type Handler = (order: never) => unknown;

const [role = "", text = "{}"] = process.argv.slice(2);
const handlers: Record<string, Handler> =
  role === "node"
    ? await nodeHandlers(JSON.parse(text))
    : role === "client"
      ? clientHandlers()
      : await serverHandlers(JSON.parse(text));

process.on("message", (message: { id: number; do: string }) => {
  void (async () => {
    try {
      const handler = handlers[message.do];
      if (handler === undefined) throw new Error(`no ${message.do} in ${role}`);
      process.send?.({ id: message.id, result: await handler(message as never) });
    } catch (error) {
      process.send?.({ id: message.id, error: String(error) });
    }
  })();
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0, result: "ready" });

async function nodeHandlers(order: NodeOrder): Promise<Record<string, Handler>> {
  const clock = { nowMs: Date.now };
  const dataplane: Dataplane = openNftables({ table: "garrison", clock, logger: silentLogger });
  const parsed = parsePolicies([{ file: "dns.yaml", text: order.manifests }], readYaml);
  const engine = createPolicyEngine({ set: parsed.set, world: parsed.world });
  const settings = Enforcement.parse({ dns: { upstreams: [order.upstream], ...order.dns } });
  const compiled = createNftCompiler().compile(engine, {
    node: "here",
    local: order.clients.map(({ endpoint, interfaceName }) => ({ endpoint, interfaceName })),
    nodeAddresses: [],
    failsafe: settings.failsafe,
    workloadToHost: "accept",
    alwaysAllowed: [],
    dns: {
      proxyPort: order.port,
      upstreams: [order.upstream],
      failMode: settings.dns.failMode,
      ...(order.proxyAddress === undefined ? {} : { proxyAddresses: [order.proxyAddress] }),
    },
    log: "none",
    workloadInterfacePrefixes: [],
  });
  dataplane.apply(compiled.ruleset);
  const rows: Row<"dns_events">[] = [];
  const gaps: Row<"gaps">[] = [];
  const states: string[] = [];
  const side: DnsSide = createDnsSide({
    clock,
    logger: silentLogger,
    port: order.port,
    dataplane,
    subjectOf: ({ id }) => ({ ...emptySubject, pod: id.split("/")[2] ?? "", namespace: id.split("/")[1] ?? "" }),
    onRow: (row) => rows.push(row),
    onGap: (row) => gaps.push(row),
    onState: (state) => states.push(state.state),
    ...(order.graceMs === undefined ? {} : { graceMs: order.graceMs }),
    ...(order.liveMs === undefined ? {} : { liveMs: order.liveMs }),
  });
  await side.update({
    sets: compiled.domainSets,
    clients: order.clients.map(({ endpoint, address }) => ({ id: endpoint, addresses: [address] })),
    clusterRanges: order.clusterRanges,
    upstreams: [order.upstream],
    settings: settings.dns,
    ...(settings.dns.failMode === "open" ? { liveSet: dnsLiveSet } : {}),
    ...(order.proxyAddress === undefined ? {} : { listenAt: [order.proxyAddress] }),
  });
  const dropped = () =>
    dataplane
      .counters()
      .filter(({ ruleId }) => engine.rule(ruleId)?.rule === -1 || engine.rule(ruleId)?.ruleName === "nothing-else")
      .reduce((sum, { packets }) => sum + packets, 0);
  return {
    problems: () => [...parsed.problems, ...compiled.problems].map(({ message }) => message),
    state: () => side.state,
    states: () => states,
    counters: () => side.counters(),
    rows: () => rows,
    gaps: () => gaps,
    dropped,
    elements: () => compiled.domainSets.flatMap(({ set4 }) => dataplane.listElements(set4)),
    shared: ({ address }: { address: string }) => side.sharedBy(address),
    flush: () => {
      for (const { set4 } of compiled.domainSets)
        dataplane.deleteElements([{ set: set4, elements: dataplane.listElements(set4) }]);
    },
    refill: () => side.refill(),
    /** Without it questions go straight to their server: what a look-up costs without the proxy. */
    redirect: ({ on }: { on: boolean }) => {
      const { ruleset } = compiled;
      const chains = ruleset.chains.filter(({ name }) => on || name !== "gr_dns");
      dataplane.apply({ ...ruleset, digest: `${ruleset.digest}${String(on)}`, chains });
      // A port that is used again would go the way it went before.
      dataplane.cut(dataplane.connections(100_000).connections);
    },
    cpuUs: () => process.cpuUsage(),
    close: () => side.close(),
  };
}

function clientHandlers(): Record<string, Handler> {
  return {
    /** Resolves and connects to the first address at once. */
    lookups: async (order: {
      names: readonly string[];
      server: string;
      port: number;
      isTcp?: true;
      waitMs?: number;
    }) => {
      const outcomes: LookupOutcome[] = [];
      for (const name of order.names) outcomes.push(await lookUp(name, order));
      return outcomes;
    },
    connect: ({ address, port, waitMs }: { address: string; port: number; waitMs?: number }) =>
      tryConnect(address, port, waitMs),
    /** Many questions at once. */
    flood: async (order: { names: number; server: string; count: number; atOnce: number }) => {
      const startMs = performance.now();
      let next = 0;
      let answered = 0;
      const worker = async () => {
        while (next < order.count) {
          next += 1;
          const outcome = await lookUp(`f${next % order.names}.shop.example`, { server: order.server, port: 0 });
          if (outcome.addresses.length > 0) answered += 1;
        }
      };
      await Promise.all(Array.from({ length: order.atOnce }, worker));
      return { answered, seconds: (performance.now() - startMs) / 1000 };
    },
    /** A connection that stays; what comes back is its state later, by "held". */
    hold: async ({ address, port }: { address: string; port: number }) => {
      const socket = connect({ host: address, port });
      await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
      return "open";
    },
  };
}

async function lookUp(
  name: string,
  {
    server,
    port,
    isTcp,
    waitMs,
    connectWaitMs,
  }: { server: string; port: number; isTcp?: true; waitMs?: number; connectWaitMs?: number },
): Promise<LookupOutcome> {
  const startMs = performance.now();
  const question = encodeQuestion(name, { id: Math.floor(Math.random() * 65_536), udpLength: 1232 });
  const to = { address: server, port: 53 };
  const answer =
    isTcp === true
      ? (await askByTcp([question], to))[0]
      : await askByUdp(question, { ...to, waitMs: waitMs ?? 3000 }).catch(() => undefined);
  const lookupMs = performance.now() - startMs;
  const addresses = answer === undefined ? [] : addressesOf(answer);
  const [first] = addresses;
  const code = answer === undefined ? -1 : (answer[3] ?? 0) & 15;
  if (first === undefined || port === 0) return { name, code, addresses, lookupMs, connect: "", connectMs: 0 };
  // The rule's counter tells whether a first packet was dropped; a slow machine shall not.
  const connected = await tryConnect(first, port, connectWaitMs ?? 5000);
  return { name, code, addresses, lookupMs, connect: connected.outcome, connectMs: connected.ms };
}

/** Addresses of an answer whose records all point to the question's name. */
function addressesOf(answer: Buffer): string[] {
  const count = answer.readUInt16BE(6);
  let at = 12;
  while ((answer[at] ?? 0) !== 0) at += (answer[at] ?? 0) + 1;
  at += 5;
  const found: string[] = [];
  for (let index = 0; index < count; index += 1, at += 16) found.push(answer.subarray(at + 12, at + 16).join("."));
  return found;
}

function tryConnect(address: string, port: number, waitMs = 900): Promise<{ outcome: string; ms: number }> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (outcome: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ outcome, ms: performance.now() - startMs });
    };
    const timer = setTimeout(() => end("timeout"), waitMs);
    socket.on("connect", () => end("open"));
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? "error"));
  });
}

/** Each answer has two addresses of a pool, others each time; "slow..." comes late, "inside..." leads into the cluster. */
async function serverHandlers(order: {
  address: string;
  pool: readonly string[];
  inside: string;
}): Promise<Record<string, Handler>> {
  let next = 0;
  const take = () => order.pool[(next += 1) % order.pool.length] ?? "";
  const server = await openDnsServer(
    order.address,
    async ({ id, name, type }) => {
      if (name.startsWith("slow")) await new Promise((resolve) => setTimeout(resolve, 700));
      const addresses = name.startsWith("inside")
        ? [order.inside]
        : name.startsWith("fixed")
          ? [order.pool[0] ?? ""]
          : [take(), take()];
      return [
        encodeDns({
          id,
          question: name,
          type,
          answers: type === 1 ? addresses.map((address) => addressRecord(name, address, 1)) : [],
        }),
      ];
    },
    53,
  );
  return {
    asked: () => server.asked.map(({ name, from, protocol }) => ({ name, from, protocol })),
  };
}

// A process of the DNS scenario, started inside a network namespace: a node (rules, sets, proxy; or a whole enforcement side), a client, or a DNS server,
// by its first argument. The test asks it over Node's channel: { id, do, ... } in, { id, result } out.
import { connect } from "node:net";
import { addressRecord, askByTcp, askByUdp, encodeDns, encodeQuestion, openDnsServer } from "./dns-server.ts";

export interface LookupOutcome {
  readonly name: string;
  readonly code: number;
  readonly addresses: readonly string[];
  readonly lookupMs: number;
  /** "open", an error's code, or "timeout"; "" without an address. */
  readonly connect: string;
  readonly connectMs: number;
}

export type Handler = (order: never) => unknown;

const [role = "", text = "{}"] = process.argv.slice(2);
const handlers = await handlersOf(role, JSON.parse(text) as never);

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

/** Each role loads only what it needs: four processes start at once. */
async function handlersOf(name: string, order: never): Promise<Record<string, Handler>> {
  if (name === "client") return clientHandlers();
  if (name === "server") return serverHandlers(order);
  if (name === "agent") return (await import("./policy-dns-agent.ts")).agentHandlers(order);
  return (await import("./policy-dns-node.ts")).nodeHandlers(order);
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
      : await askByUdp(question, { ...to, waitMs: waitMs ?? 30_000 }).catch(() => undefined);
  const lookupMs = performance.now() - startMs;
  const addresses = answer === undefined ? [] : addressesOf(answer);
  const [first] = addresses;
  const code = answer === undefined ? -1 : (answer[3] ?? 0) & 15;
  if (first === undefined || port === 0) return { name, code, addresses, lookupMs, connect: "", connectMs: 0 };
  // The rule's counter tells whether a first packet was dropped; a slow machine shall not.
  const connected = await tryConnect(first, port, connectWaitMs ?? 30_000);
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

/** Each answer has two addresses of a pool, others each time; "slow..." comes when it is let go, "inside..." leads into the cluster. */
async function serverHandlers(order: {
  address: string;
  pool: readonly string[];
  inside: string;
}): Promise<Record<string, Handler>> {
  let next = 0;
  const letGo = Promise.withResolvers<void>();
  const take = () => order.pool[(next += 1) % order.pool.length] ?? "";
  const server = await openDnsServer(
    order.address,
    async ({ id, name, type }) => {
      if (name.startsWith("slow")) await letGo.promise;
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
    letGo: () => letGo.resolve(),
  };
}

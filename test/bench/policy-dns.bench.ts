// What the DNS proxy costs, in network namespaces: time to the answer with and without it, look-ups per CPU-second of the process that has it, first
// packets dropped. Root, nf_tables.
import { openDnsWorld, port, server, type LookupOutcome } from "../support/policy-dns-world.ts";

const rounds = 20;
const perRound = 100;

const world = await openDnsWorld();
try {
  const { node, web } = world;
  const lookUp = async (name: string, count: number, connectTo: number) => {
    const names = Array.from({ length: count }, (_, index) => `${name}${index % 25}.shop.example`);
    const outcomes = await web.ask<LookupOutcome[]>("lookups", { names, server, port: connectTo });
    if (outcomes.some(({ addresses }) => addresses.length === 0)) throw new Error("a look-up had no answer");
    return outcomes;
  };
  await lookUp("w", 300, 0);
  const direct: number[] = [];
  const through: number[] = [];
  const ratios: number[] = [];
  let cpuUs = 0;
  for (let round = 0; round < rounds; round += 1) {
    await node.ask("redirect", { on: false });
    const plain = (await lookUp("a", perRound, 0)).map(({ lookupMs }) => lookupMs);
    await node.ask("redirect", { on: true });
    const before = await node.ask<NodeJS.CpuUsage>("cpuUs");
    const proxied = (await lookUp("a", perRound, 0)).map(({ lookupMs }) => lookupMs);
    const after = await node.ask<NodeJS.CpuUsage>("cpuUs");
    cpuUs += after.user + after.system - before.user - before.system;
    direct.push(...plain);
    through.push(...proxied);
    ratios.push(median(proxied) - median(plain));
  }
  const droppedBefore = await node.ask<number>("dropped");
  const outcomes = await lookUp("c", 500, port);
  const dropped = (await node.ask<number>("dropped")) - droppedBefore;
  const counters = await node.ask<Record<string, number>>("counters");
  const asked = rounds * perRound;
  const beforeFlood = await node.ask<NodeJS.CpuUsage>("cpuUs");
  const flood = await web.ask<{ answered: number; seconds: number }>("flood", {
    names: 25,
    server,
    count: 4000,
    atOnce: 64,
  });
  const afterFlood = await node.ask<NodeJS.CpuUsage>("cpuUs");
  const floodUs = afterFlood.user + afterFlood.system - beforeFlood.user - beforeFlood.system;
  console.log(
    [
      `policy-dns: ${asked} look-ups each way, interleaved: median ${median(direct).toFixed(3)} ms without the proxy, ${median(through).toFixed(3)} ms with it;`,
      `added ${median(ratios).toFixed(3)} ms in the median of ${rounds} pairs`,
    ].join(" "),
  );
  console.log(
    `policy-dns: ${Math.round(cpuUs / asked)} us CPU per look-up one by one: ${Math.round((asked / cpuUs) * 1e6)} look-ups per CPU-second (answer checked, two addresses programmed)`,
  );
  console.log(
    `policy-dns: 64 at once: ${Math.round(flood.answered / flood.seconds)} look-ups per second, ${Math.round((flood.answered / floodUs) * 1e6)} per CPU-second, ${flood.answered} of 4000 answered`,
  );
  const failed = outcomes.filter(({ connect }) => connect !== "open").length;
  console.log(
    `policy-dns: 500 look-ups with rotating answers, a connection right after each: ${dropped} first packets dropped, ${failed} not connected; ${counters["programmed"]} answers programmed in all`,
  );
} finally {
  await world[Symbol.asyncDispose]();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

// DNS in the simulated cluster: a pod asks the cluster's DNS service, remembers for half a minute, and both sides are heard.
import { intruder, outside } from "./catalog.ts";
import { endOfPod, nextPort, tellEnd, type End } from "./network.ts";
import { dnsQuestion, dnsResponse, type DnsType } from "./packets.ts";
import { appOf, readyPods, type App, type Pod, type World } from "./state.ts";

const cachedMs = 30_000;
const external: ReadonlyMap<string, readonly string[]> = new Map(
  [...Object.values(outside), ...Object.values(intruder)].map((one) => [one.name, one.addresses] as const),
);

export function nameOfService({ serviceName, spec }: App): string {
  return `${serviceName}.${spec.namespace}.svc.cluster.local`;
}

/** The time at which the pod knows the name's address: at once when it was asked a moment ago. */
export function resolve(world: World, pod: Pod, name: string, timeMs: number): number {
  if ((pod.resolved.get(name) ?? 0) > timeMs) return timeMs;
  pod.resolved.set(name, timeMs + cachedMs);
  return ask(world, pod, { name, type: "A" }, timeMs);
}

export interface Question {
  readonly name: string;
  readonly type: DnsType;
  /** Who of the pod asks; absent: its main process. */
  readonly asker?: End;
}

/** Asks without looking into the cache. A name that nobody has is NXDOMAIN. */
export function ask(world: World, pod: Pod, { name, type, asker }: Question, timeMs: number): number {
  const dns = appOf(world, "coredns");
  const servers = readyPods(dns);
  if (servers.length === 0) return timeMs + 2000;
  const client = asker ?? endOfPod(pod);
  const server = endOfPod(world.random.pick(servers));
  const addresses = type === "A" ? addressesOf(world, name) : [];
  const code = type === "A" && addresses.length === 0 ? 3 : 0;
  const id = world.random.int(0, 65_535);
  const port = nextPort(world, pod);
  const tuples = {
    client: { localAddress: client.address, localPort: port, remoteAddress: dns.clusterAddress, remotePort: 53 },
    server: { localAddress: server.address, localPort: 53, remoteAddress: client.address, remotePort: port },
  };
  const answeredMs = timeMs + world.random.latency(name.endsWith(".cluster.local") ? 0.8 : 9);
  const question = dnsQuestion(id, name, type);
  const answer = dnsResponse(id, name, type, { addresses, code, ttlSeconds: 30 });
  const way = { question: { payload: question, from: "client" }, answer: { payload: answer, from: "server" } } as const;
  for (const [step, at] of [
    [way.question, timeMs],
    [way.answer, answeredMs],
  ] as const) {
    for (const side of ["client", "server"] as const) {
      const end = side === "client" ? client : server;
      const direction = step.from === side ? "outbound" : "inbound";
      const delayMs = step.from === side ? 0 : 0.1;
      const { payload } = step;
      tellEnd(world, end, at + delayMs, (stamp) => ({
        type: "dns",
        direction,
        payload,
        payloadCut: false,
        ...stamp,
        ...tuples[side],
      }));
      tellEnd(world, end, at + delayMs, (stamp) => ({
        type: "udp",
        direction,
        bytes: payload.length,
        packets: 1,
        ...stamp,
        ...tuples[side],
      }));
    }
  }
  return answeredMs;
}

function addressesOf(world: World, name: string): readonly string[] {
  const outsideAddresses = external.get(name);
  if (outsideAddresses !== undefined) return outsideAddresses;
  const [service, namespace] = name.split(".");
  const app = world.apps.find(({ serviceName, spec }) => serviceName === service && spec.namespace === namespace);
  return app === undefined || app.clusterAddress === "" || !name.endsWith(".svc.cluster.local")
    ? []
    : [app.clusterAddress];
}

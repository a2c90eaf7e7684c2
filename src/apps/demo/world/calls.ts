// Calls between pods: resolve the name, dial the cluster address, ask over HTTP/1, hear the answer. And calls to third parties over TLS.
import type { Outside } from "./catalog.ts";
import { nameOfService, resolve } from "./names.ts";
import { carry, close, connect, endOfPod, endOutside, errors, fail, sendFirst, type End } from "./network.ts";
import { clientHello, httpRequest, httpResponse } from "./packets.ts";
import { readyPods, type App, type Pod, type World } from "./state.ts";

export interface Reply {
  readonly status: number;
  readonly endMs: number;
  /** Of the answer's body. */
  readonly bytes: number;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly traceId: string;
  readonly timeMs: number;
  /** Then the caller gives up, closes, and counts it as 504. */
  readonly timeoutMs?: number;
  readonly bodyBytes?: number;
}

/** What a service makes of a request that reached this pod at this time. */
export type Serve = (pod: Pod, atMs: number) => Reply;

const timeoutMsDefault = 10_000;

/** A call from a pod to a service. 503: nobody was there. 504: no answer in time. */
export function callService(world: World, from: Pod, to: App, ask: Ask, serve: Serve): Reply {
  const host = nameOfService(to);
  const knownMs = resolve(world, from, host, ask.timeMs);
  const client = endOfPod(from);
  const servers = readyPods(to);
  const dial = { client, address: to.clusterAddress, port: to.spec.servicePort, targetPort: to.spec.port };
  if (servers.length === 0) {
    // kube-proxy answers for a service without endpoints.
    fail(world, { ...dial, server: endOutside(to.clusterAddress) }, errors.refused, knownMs + 0.2);
    return { status: 503, endMs: knownMs + 1, bytes: 0 };
  }
  const server = world.random.pick(servers);
  return exchange(
    world,
    { ...dial, server: endOfPod(server) },
    { ...ask, timeMs: knownMs },
    { host: host.split(".")[0] ?? host, serve: (atMs) => serve(server, atMs) },
  );
}

/** A call to one pod by its own address, as monitoring does it. */
export function callPod(
  world: World,
  from: Pod,
  to: Pod,
  target: { readonly port: number },
  ask: Ask,
  serve: Serve,
): Reply {
  const dial = {
    client: endOfPod(from),
    server: endOfPod(to),
    address: to.address,
    port: target.port,
    targetPort: target.port,
  };
  return exchange(world, dial, ask, { host: `${to.address}:${target.port}`, serve: (atMs) => serve(to, atMs) });
}

interface Served {
  readonly host: string;
  readonly serve: (atMs: number) => Reply;
}

function exchange(world: World, dial: Parameters<typeof connect>[1], ask: Ask, { host, serve }: Served): Reply {
  const { random } = world;
  const connection = connect(world, dial, ask.timeMs);
  const rttMs = connection.rttUs / 1000;
  const agent = `${dial.client.pod?.containerName ?? "client"}/1.0`;
  const payload = httpRequest({ ...ask, host, agent, spanId: random.hex(16) });
  const askedMs = ask.timeMs + rttMs;
  sendFirst(world, connection, "client", { payload, timeMs: askedMs });
  const reply = serve(askedMs + rttMs / 2);
  const answer = httpResponse(reply.status, reply.bytes);
  const sentMs = Math.max(reply.endMs, askedMs + rttMs / 2 + 0.05);
  const heardMs = sentMs + rttMs / 2;
  const timeoutMs = ask.timeMs + (ask.timeoutMs ?? timeoutMsDefault);
  carry(connection, { sent: payload.length + (ask.bodyBytes ?? 0), received: 0 });
  if (heardMs > timeoutMs) {
    close(world, connection, timeoutMs, "reset");
    return { status: 504, endMs: timeoutMs, bytes: 0 };
  }
  sendFirst(world, connection, "server", { payload: answer, timeMs: sentMs });
  carry(connection, { sent: 0, received: answer.length + reply.bytes });
  close(world, connection, heardMs + 0.2);
  return { ...reply, endMs: heardMs };
}

export interface OutsideAsk {
  readonly timeMs: number;
  readonly port: number;
  readonly latencyMs: number;
  readonly sent: number;
  readonly received: number;
}

/** A TLS exchange with a third party; resolves its name first. Returns when the answer was there. */
export function callOutside(
  world: World,
  from: Pod,
  to: Outside,
  { timeMs, port, latencyMs, sent, received }: OutsideAsk,
): number {
  const { random } = world;
  const knownMs = resolve(world, from, to.name, timeMs);
  const address = random.pick(to.addresses);
  const connection = connect(
    world,
    { client: endOfPod(from), server: endOutside(address), address, port, targetPort: port },
    knownMs,
  );
  const rttMs = connection.rttUs / 1000;
  sendFirst(world, connection, "client", {
    payload: clientHello(to.name, random.int(0, 1e9)),
    timeMs: knownMs + rttMs,
  });
  const endMs = knownMs + 3 * rttMs + latencyMs;
  carry(connection, { sent: sent + 900, received: received + 3800 });
  close(world, connection, endMs + 1);
  return endMs;
}

/** Somebody from the internet at a pod's port, over TLS. `serve` says when the answer is ready. */
export function visitFromOutside(world: World, to: Pod, address: string, visit: Visit): void {
  const client: End = endOutside(address);
  const dial = { client, server: endOfPod(to), address: to.address, port: visit.port, targetPort: visit.port };
  const connection = connect(world, dial, visit.timeMs);
  const rttMs = connection.rttUs / 1000;
  const payload = clientHello(visit.serverName, world.random.int(0, 1e9));
  sendFirst(world, connection, "client", { payload, timeMs: visit.timeMs + rttMs });
  const reply = visit.serve(visit.timeMs + 2.5 * rttMs);
  carry(connection, { sent: 1400, received: 4200 + reply.bytes });
  close(world, connection, reply.endMs + rttMs);
}

export interface Visit {
  readonly timeMs: number;
  readonly port: number;
  readonly serverName: string;
  readonly serve: (atMs: number) => Reply;
}

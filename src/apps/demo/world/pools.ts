// Connections that services keep open: to databases, the cache, the queue. They carry what requests ask of them, are sampled every few
// seconds, and are where a lossy network shows: packets sent again, longer round trips, slower answers.
import { nameOfService, resolve } from "./names.ts";
import { carry, close, connect, endOfPod, errors, fail, sample, endOutside, type Connection } from "./network.ts";
import { appOf, later, readyPods, type App, type Pod, type World } from "./state.ts";

export const sampleEveryMs = 5000;
const retryMs = 3000;
/** Round trip to the lossy database, as the kernel smooths it. */
const lossyRttUs = 180_000;

/** Who keeps connections to whom. */
const pairs: readonly (readonly [client: string, server: string])[] = [
  ["payments", "postgres"],
  ["catalog", "catalog-db"],
  ["search", "catalog-db"],
  ["cart", "redis"],
  ["recommendations", "redis"],
  ["storefront", "redis"],
  ["checkout", "rabbitmq"],
  ["email", "rabbitmq"],
  ["shipping", "rabbitmq"],
];

export interface Pools {
  /** Opens what is missing; call when pods come and go, or now and then. */
  tend(timeMs: number): void;
  /** A question over the pod's open connection; returns when the answer is there and whether there was one. */
  query(
    pod: Pod,
    server: string,
    ask: { readonly timeMs: number; readonly sent: number; readonly received: number },
  ): PoolReply;
}

export interface PoolReply {
  readonly endMs: number;
  readonly isAnswered: boolean;
}

/** 0 to 1: how much of what goes to this server is lost. */
export function lossTo(world: World, server: App): number {
  return world.story.failure === "slow-payments" && server.spec.name === "postgres" ? 0.14 : 0;
}

export function createPools(world: World): Pools {
  const open = new Map<string, Connection>();
  const waiting = new Set<string>();

  function tendOne(pod: Pod, server: App, timeMs: number): void {
    const key = `${pod.uid}/${server.spec.name}`;
    if (open.has(key) || waiting.has(key) || pod.main === undefined || pod.deletingMs > 0) return;
    const dial = {
      client: endOfPod(pod),
      address: server.clusterAddress,
      port: server.spec.servicePort,
      targetPort: server.spec.port,
    };
    const [back] = readyPods(server);
    const knownMs = resolve(world, pod, nameOfService(server), timeMs);
    const isLost = world.random.next() < lossTo(world, server);
    if (back === undefined || isLost) {
      fail(
        world,
        { ...dial, server: endOutside(server.clusterAddress) },
        isLost ? errors.timedOut : errors.refused,
        knownMs + 1,
      );
      waiting.add(key);
      later(world, timeMs + retryMs, () => void waiting.delete(key));
      return;
    }
    const connection = connect(world, { ...dial, server: endOfPod(back) }, knownMs);
    open.set(key, connection);
    const end = (endMs: number): void => {
      close(world, connection, endMs);
      pod.onEnd.delete(end);
      back.onEnd.delete(end);
      if (open.get(key) === connection) open.delete(key);
    };
    pod.onEnd.add(end);
    back.onEnd.add(end);
    const look = (nowMs: number): void => {
      if (!connection.isOpen) return;
      const loss = lossTo(world, server);
      const normal = connection.client.node === connection.server.node ? 90 : 350;
      connection.rttUs = Math.round(world.random.latency(loss > 0 ? lossyRttUs : normal));
      if (loss > 0) connection.retransmits += world.random.int(3, 14);
      // Keep-alives and housekeeping, so that the connection is seen even when nobody asks.
      carry(connection, { sent: 40, received: 40 });
      sample(world, connection, nowMs);
      // Now and then a client gives up on it and dials anew.
      if (loss > 0 && world.random.next() < 0.06) end(nowMs + 1);
      else later(world, nowMs + sampleEveryMs, look);
    };
    later(world, knownMs + world.random.int(800, sampleEveryMs), look);
  }

  return {
    tend(timeMs) {
      for (const [client, server] of pairs) {
        const to = appOf(world, server);
        for (const pod of readyPods(appOf(world, client))) tendOne(pod, to, timeMs);
      }
    },
    query(pod, server, { timeMs, sent, received }) {
      const connection = open.get(`${pod.uid}/${server}`);
      if (connection === undefined) return { endMs: timeMs + 5, isAnswered: false };
      const loss = lossTo(world, appOf(world, server));
      let latencyMs = world.random.latency(2.2);
      // Every loss costs a retransmission timeout; two in a row cost twice as much.
      for (let attempt = 0; attempt < 4 && world.random.next() < loss * 2.4; attempt += 1) {
        latencyMs += world.random.latency(320) * 2 ** attempt;
        connection.retransmits += 1;
      }
      carry(connection, { sent, received });
      return { endMs: timeMs + latencyMs, isAnswered: true };
    },
  };
}

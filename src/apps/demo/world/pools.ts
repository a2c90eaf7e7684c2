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
  query(pod: Pod, server: string, ask: PoolAsk): PoolReply;
}

export interface PoolAsk {
  readonly timeMs: number;
  readonly sent: number;
  readonly received: number;
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
  return new KeptConnections(world);
}

class KeptConnections implements Pools {
  readonly #world: World;
  readonly #open = new Map<string, Connection>();
  /** Could not be opened a moment ago. */
  readonly #waiting = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  #tendOne(pod: Pod, server: App, timeMs: number): void {
    const key = `${pod.uid}/${server.spec.name}`;
    if (this.#open.has(key) || this.#waiting.has(key) || pod.main === undefined || pod.deletingMs > 0) return;
    const dial = {
      client: endOfPod(pod),
      address: server.clusterAddress,
      port: server.spec.servicePort,
      targetPort: server.spec.port,
    };
    const [back] = readyPods(server);
    const knownMs = resolve(this.#world, pod, nameOfService(server), timeMs);
    const isLost = this.#world.random.next() < lossTo(this.#world, server);
    if (back === undefined || isLost) {
      fail(
        this.#world,
        { ...dial, server: endOutside(server.clusterAddress) },
        isLost ? errors.timedOut : errors.refused,
        knownMs + 1,
      );
      this.#waiting.add(key);
      later(this.#world, timeMs + retryMs, () => void this.#waiting.delete(key));
      return;
    }
    const connection = connect(this.#world, { ...dial, server: endOfPod(back) }, knownMs);
    this.#open.set(key, connection);
    const end = (endMs: number): void => {
      close(this.#world, connection, endMs);
      pod.onEnd.delete(end);
      back.onEnd.delete(end);
      if (this.#open.get(key) === connection) this.#open.delete(key);
    };
    pod.onEnd.add(end);
    back.onEnd.add(end);
    const look = (nowMs: number): void => {
      if (!connection.isOpen) return;
      const loss = lossTo(this.#world, server);
      const normal = connection.client.node === connection.server.node ? 90 : 350;
      connection.rttUs = Math.round(this.#world.random.latency(loss > 0 ? lossyRttUs : normal));
      if (loss > 0) connection.retransmits += this.#world.random.int(3, 14);
      // Keep-alives and a look at statistics, so that the connection is seen even when nobody asks.
      carry(connection, { sent: 6000, received: 30_000 });
      sample(this.#world, connection, nowMs);
      // Now and then a client gives up on it and dials anew.
      if (loss > 0 && this.#world.random.next() < 0.06) end(nowMs + 1);
      else later(this.#world, nowMs + sampleEveryMs, look);
    };
    later(this.#world, knownMs + this.#world.random.int(800, sampleEveryMs), look);
  }

  tend(timeMs: number): void {
    for (const [client, server] of pairs) {
      const to = appOf(this.#world, server);
      for (const pod of readyPods(appOf(this.#world, client))) this.#tendOne(pod, to, timeMs);
    }
  }

  query(pod: Pod, server: string, { timeMs, sent, received }: PoolAsk): PoolReply {
    const connection = this.#open.get(`${pod.uid}/${server}`);
    if (connection === undefined) return { endMs: timeMs + 5, isAnswered: false };
    const loss = lossTo(this.#world, appOf(this.#world, server));
    let latencyMs = this.#world.random.latency(2.2);
    // Every loss costs a retransmission timeout; two in a row cost twice as much.
    for (let attempt = 0; attempt < 4 && this.#world.random.next() < loss * 2.4; attempt += 1) {
      latencyMs += this.#world.random.latency(320) * 2 ** attempt;
      connection.retransmits += 1;
    }
    carry(connection, { sent, received });
    return { endMs: timeMs + latencyMs, isAnswered: true };
  }
}

// Is Garrison well: parts, nodes, store, ingest. A part that does not answer is "down, because ...", never a failed request.
import { statfs } from "node:fs/promises";
import { Fault, toFault } from "../../../base/fault.ts";
import type { StoreHealth, TableUsage } from "../../../core/store/telemetry-store.ts";
import type { Node } from "../../../model/node.ts";
import type { health, Status } from "../contract/health.ts";
import type { HandlersOf } from "../http/calls.ts";
import { nodeOf } from "../nodes.ts";
import type { ServerParts } from "../parts.ts";

type Part = Status["parts"][number];

export function healthHandlers(parts: ServerParts): HandlersOf<keyof typeof health> {
  return {
    status: () => statusOf(parts),
    listNodes: async () => ({ nodes: await nodesOf(parts) }),
    listGaps: ({ query }) => parts.queries.listGaps(query),
    healthz: () => Promise.resolve({ ok: true }),
    async readyz() {
      await parts.state.ping();
      const store = await storeHealth(parts);
      if (store.ok) return { ready: true };
      throw new Fault(`the store is not ready: ${store.because}`, {
        code: "server/not-ready",
        kind: "unavailable",
        retryAfterMs: 2000,
      });
    },
  };
}

async function nodesOf({ state, clock }: ServerParts): Promise<Node[]> {
  const nowMs = clock.nowMs();
  return (await state.agents.list()).map((agent) => nodeOf(agent, nowMs));
}

async function storeHealth({ telemetry, config }: ServerParts): Promise<StoreHealth> {
  try {
    return await telemetry.health();
  } catch (thrown) {
    return {
      ok: false,
      because: toFault(thrown).message,
      kind: config.store.url === "" ? "embedded" : "clickhouse",
      engine: "",
      residentBytes: 0,
      cpuMs: 0,
      startedAtMs: undefined,
      epoch: "",
    };
  }
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function storePart(store: StoreHealth): Part {
  const startedAt = isoOf(store.startedAtMs);
  return {
    name: "store",
    state: store.ok ? "ok" : "down",
    because: store.because,
    version: store.engine,
    residentBytes: store.residentBytes,
    cpuMs: store.cpuMs,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

const plain = { version: "", residentBytes: 0, cpuMs: 0 };

async function statePart({ state }: ServerParts): Promise<Part> {
  const because = await state.ping().then(
    () => "",
    (thrown: unknown) => toFault(thrown).message,
  );
  return { ...plain, name: "state", state: because === "" ? "ok" : "down", because, version: state.kind };
}

const silentShownMax = 5;
const lossesShownMax = 3;

/** All agents in one word: one that is silent, sees less than the kernel shows or lost data is said beside those that are well. */
export function agentPart(nodes: readonly Node[], losses: readonly string[] = []): Part {
  const live = nodes.filter(({ state }) => state === "connected");
  const silent = nodes.filter(({ state }) => state === "stale" || state === "gone").map(({ name }) => name);
  const [first] = live;
  if (first === undefined) {
    const because = silent.length === 0 ? "no agent has joined" : `${silent.length} agents are silent`;
    return { ...plain, name: "agent", state: silent.length === 0 ? "absent" : "down", because };
  }
  // A simulated node sees all that there is of it.
  const reduced = live.find(({ fidelity }) => fidelity !== "kernel" && fidelity !== "simulated");
  const more = silent.length > silentShownMax ? ", ..." : "";
  const lossesLeft = losses.length - lossesShownMax;
  const because = [
    ...(silent.length === 0
      ? []
      : [
          `${silent.length} of ${silent.length + live.length} agents are silent: ${silent.slice(0, silentShownMax).join(", ")}${more}`,
        ]),
    ...(reduced === undefined ? [] : [`${reduced.name}: ${reduced.fidelityBecause}`]),
    ...losses.slice(0, lossesShownMax),
    ...(lossesLeft > 0 ? [`${lossesLeft} more agents lost data`] : []),
  ].join("; ");
  const { residentBytes, cpuMs } = first.counters;
  return {
    name: "agent",
    state: because === "" ? "ok" : "degraded",
    because,
    version: first.agentVersion,
    residentBytes,
    cpuMs,
    startedAt: first.startedAt,
  };
}

function serverPart({ version, startedAtMs }: ServerParts): Part {
  const { user, system } = process.cpuUsage();
  return {
    name: "server",
    state: "ok",
    because: "",
    version,
    residentBytes: process.memoryUsage.rss(),
    cpuMs: Math.round((user + system) / 1000),
    startedAt: new Date(startedAtMs).toISOString(),
  };
}

async function usageOf({ telemetry }: ServerParts, isUp: boolean): Promise<readonly TableUsage[]> {
  return isUp ? await telemetry.usage() : [];
}

async function diskOf({ config }: ServerParts): Promise<{ diskFreeBytes: number; diskTotalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(config.data);
  return { diskFreeBytes: bavail * bsize, diskTotalBytes: blocks * bsize };
}

async function statusOf(parts: ServerParts): Promise<Status> {
  const [store, nodes, state, missing, disk] = await Promise.all([
    storeHealth(parts),
    nodesOf(parts),
    statePart(parts),
    parts.consoleMissing(),
    diskOf(parts),
  ]);
  const { losses, gapsUnknown } = await parts.losses.look(nodes, store.ok);
  const ui: Part = { ...plain, name: "ui", state: missing === "" ? "ok" : "absent", because: missing };
  const all = [serverPart(parts), storePart(store), state, agentPart(nodes, losses), ui];
  const isDown = !store.ok || state.state === "down";
  const reduced = [...parts.clusters.notices(), ...parts.sinks.notices()];
  const notices = [...parts.notices(), ...parts.agents.notices(), ...reduced];
  if (gapsUnknown !== "") notices.push(`the gaps of the last hour are not known: ${gapsUnknown}`);
  const tables = await usageOf(parts, store.ok).catch((thrown: unknown) => {
    const { message } = toFault(thrown);
    parts.logger.warn({ error: message }, "store usage cannot be read");
    notices.push(`the sizes of the store's tables are not known: ${message}`);
    return [];
  });
  for (const { name, state, because } of all) if (state !== "ok") notices.push(`${name}: ${because}`);
  return {
    version: parts.version,
    state: isDown ? "down" : all.every((part) => part.state === "ok") && reduced.length === 0 ? "ok" : "degraded",
    ready: !isDown && !(await isAgentAwaited(parts, nodes)),
    time: new Date(parts.clock.nowMs()).toISOString(),
    parts: all,
    notices,
    nodes,
    store: { kind: store.kind, engine: store.engine, ...disk, tables: tables.map(tableOf) },
    agentsDoor: { address: parts.config.agents.address, names: parts.config.agents.names, port: parts.agents.port },
    ingest: parts.agents.ingest(),
  };
}

/** None has reported, but one was heard of minutes ago or has a token with which to come. Whoever never asked for an agent need not wait. */
async function isAgentAwaited({ state, clock }: ServerParts, nodes: readonly Node[]): Promise<boolean> {
  // Before its first report an agent has joined, but nothing is known of it, not even its version.
  if (nodes.some((node) => node.state === "connected" && node.agentVersion !== "")) return false;
  if (nodes.some((node) => node.state === "connected" || node.state === "stale")) return true;
  const tokens = await state.joinTokens.list(clock.nowMs());
  return tokens.some(({ usesLeft, expiresAtMs }) => usesLeft > 0 && expiresAtMs > clock.nowMs());
}

function tableOf({
  table,
  rollup,
  rows,
  bytes,
  oldestMs,
  newestMs,
  days,
}: TableUsage): Status["store"]["tables"][number] {
  const oldest = isoOf(oldestMs);
  const newest = isoOf(newestMs);
  return {
    table,
    rollup,
    rows,
    bytes,
    days,
    ...(oldest === undefined ? {} : { oldest }),
    ...(newest === undefined ? {} : { newest }),
  };
}

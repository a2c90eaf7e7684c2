// Flows per CPU-second of server and store process together, from the agents' door (mutual TLS, HTTP/2) into the embedded store, rollups on,
// blocks acknowledged when durable; and the share of a core of a quiet machine: one block per table and second, nobody looking, then somebody.
// CPU is both processes' own, from /proc/PID/stat, with everything they do until the spool is empty. The agents' CPU is not counted.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sealBlock, type SealedBlock } from "../../src/edge/blocks/seal-block.ts";
import { openStateStore } from "../../src/edge/store/state/open.ts";
import { openCertificateAuthority } from "../../src/edge/trust/certificate-authority.ts";
import { hashSecret, makeJoinSecret } from "../../src/edge/trust/join-token.ts";
import type { Credentials } from "../../src/edge/uplink/credentials.ts";
import { join } from "../../src/edge/uplink/join.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import { startServer } from "../../src/apps/server/main.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { bootOf, rowOf, sendBlock, systemClock } from "../support/agents-door.ts";
import { flowRow } from "../support/store-world.ts";

const agentsCount = 8;
const window = 4;
const shapes = [
  { rows: 1000, blocks: 800 },
  { rows: 10_000, blocks: 80 },
] as const;
const quietMs = 22_000;
const quietTables = ["flows", "process_events", "dns_events", "http_events"] as const;
const targetPerCpuSecond = 60_000;
let rounds = 0;

interface World {
  readonly data: string;
  readonly pids: readonly number[];
  readonly url: URL;
  /** Address of the console's API and its token. */
  readonly console: { readonly url: string; readonly token: string };
  joinNode(node: string): Promise<Credentials>;
}

if (process.argv[2] === "server") await serve(process.argv[3] ?? "");
else await measure();

/** The server by itself, so that its CPU is nobody else's. */
async function serve(data: string): Promise<void> {
  const config = ServerConfig.parse({ data, console: { port: 0 }, agents: { port: 0 }, store: { start: false } });
  const server = await startServer(config, { logger: silentLogger });
  const { agentsPort, url, localToken } = server;
  process.stdout.write(`${JSON.stringify({ agentsPort, url, localToken })}\n`);
  process.stdin.on("end", () => process.exit(0)).resume();
}

async function measure(): Promise<void> {
  const data = mkdtempSync(joinPath(tmpdir(), "garrison-bench-"));
  const children: ChildProcess[] = [];
  try {
    const world = await startWorld(data, children);
    const nodes = await Promise.all(Array.from({ length: agentsCount }, (_, i) => world.joinNode(`node-${i}`)));
    const [node] = nodes;
    if (node === undefined) return;
    // Once around, so that code is compiled and parts exist; then a store as small as a quiet machine's.
    await load(world, nodes, { rows: 1000, blocks: 40 });
    await sleep(3000);
    await quiet(world, node, false);
    await quiet(world, node, true);
    console.log(
      `flows per CPU-second of server and store together, ${agentsCount} agents (at least ${targetPerCpuSecond}):`,
    );
    for (const shape of shapes) await load(world, nodes, shape, true);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(
      children.map(async (child) => child.exitCode ?? child.signalCode ?? (await once(child, "close"))),
    );
    rmSync(data, { recursive: true, force: true });
  }
}

async function startWorld(data: string, children: ChildProcess[]): Promise<World> {
  const start = async (args: readonly string[], isReady: (said: Record<string, unknown>) => boolean) => {
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as Record<string, unknown>;
      if (isReady(said)) return { pid: child.pid ?? 0, said };
    }
    throw new Error(`${args.join(" ")} ended before it was ready`);
  };
  const storeEntry = fileURLToPath(new URL("../../src/apps/store/process.ts", import.meta.url));
  const store = await start(
    [storeEntry, JSON.stringify({ dataFolder: data, exitWithParent: true })],
    (said) => said["type"] === "ready",
  );
  const server = await start([fileURLToPath(import.meta.url), "server", data], () => true);
  const { agentsPort, url, localToken } = server.said;
  const door = new URL(`https://127.0.0.1:${String(agentsPort)}`);
  const authority = await openCertificateAuthority({ folder: joinPath(data, "pki"), names: [], clock: systemClock });
  return {
    data,
    pids: [store.pid, server.pid],
    url: door,
    console: { url: String(url), token: String(localToken) },
    async joinNode(node) {
      const secret = makeJoinSecret();
      await using state = openStateStore({ url: `sqlite:${joinPath(data, "state.sqlite")}`, clock: systemClock });
      const expiresAtMs = Date.now() + 600_000;
      await state.joinTokens.create({
        cluster: "home",
        secretSha256: hashSecret(secret),
        expiresAtMs,
        uses: 1,
        author: "bench",
      });
      return join(door, { secret, cluster: "home", caSha256: authority.caSha256 }, { node, agentVersion: "bench" });
    },
  };
}

/** All agents send their blocks as fast as they are acknowledged; the end is an empty spool. */
async function load(
  world: World,
  nodes: readonly Credentials[],
  { rows, blocks }: { readonly rows: number; readonly blocks: number },
  isTold = false,
): Promise<void> {
  rounds += 1;
  const boot = bootOf(`round ${rounds}`);
  const startMs = Date.now() - 600_000;
  const queues = nodes.map((_, agent) =>
    Array.from({ length: blocks / agentsCount }, (_unused, i) =>
      flowBlock(rows, { boot, sequence: i + 1, seed: i * agentsCount + agent, startMs }),
    ),
  );
  const sessions = nodes.map((credentials) => sessionOf(world, credentials));
  const [cpuBefore, startedAt] = [cpuOf(world), performance.now()];
  await Promise.all(
    sessions.flatMap((session, agent) =>
      Array.from({ length: window }, async () => {
        const queue = queues[agent] ?? [];
        for (let block = queue.shift(); block !== undefined; block = queue.shift()) await send(session, block);
      }),
    ),
  );
  const acknowledgedMs = performance.now() - startedAt;
  await spoolEmpty(world);
  const wallMs = performance.now() - startedAt;
  for (const session of sessions) session.destroy();
  if (!isTold) return;
  const [storeMs = 0, serverMs = 0] = cpuOf(world).map((ms, i) => ms - (cpuBefore[i] ?? 0));
  const total = rows * blocks;
  const perCpu = Math.round(total / ((storeMs + serverMs) / 1000));
  console.log(
    `  ${String(rows).padStart(6)} rows a block: ${perCpu} (${(perCpu / targetPerCpuSecond).toFixed(2)} of the target); ` +
      `store ${Math.round(storeMs)} ms, server ${Math.round(serverMs)} ms CPU for ${total} flows; ` +
      `${Math.round(total / (acknowledgedMs / 1000))} acknowledged/s, ${Math.round(total / (wallMs / 1000))} stored/s`,
  );
}

/** One agent, one small block per table and second. */
async function quiet(world: World, credentials: Credentials, isWatched: boolean): Promise<void> {
  rounds += 1;
  const boot = bootOf(`round ${rounds}`);
  const session = sessionOf(world, credentials);
  const [cpuBefore, startedAt] = [cpuOf(world), performance.now()];
  let sequence = 0;
  while (performance.now() - startedAt < quietMs) {
    for (const table of quietTables) {
      sequence += 1;
      const rows = Array.from({ length: 20 }, (_, i) =>
        table === "flows" ? flowRow(i, Date.now()) : rowOf(table, { time: Date.now() - i }),
      );
      await send(session, sealBlock(table, rows as never, { boot, sequence }));
    }
    // As an open page with a chart: one query every ten seconds keeps the attention.
    if (isWatched && sequence % (quietTables.length * 10) === quietTables.length) await look(world);
    await sleep(1000 - ((performance.now() - startedAt) % 1000));
  }
  const wallMs = performance.now() - startedAt;
  const shares = cpuOf(world).map((ms, i) => (100 * (ms - (cpuBefore[i] ?? 0))) / wallMs);
  const [store = 0, server = 0] = shares;
  session.destroy();
  console.log(
    `one block per table and second (${quietTables.length} tables), ${isWatched ? "somebody looks" : "nobody looks"}: ` +
      `${(store + server).toFixed(1)} % of one core (store ${store.toFixed(1)} %, server ${server.toFixed(1)} %)`,
  );
}

async function look({ console: { url, token } }: World): Promise<void> {
  const answer = await fetch(`${url}/api/v1/flows?limit=10&since=15m`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
}

function flowBlock(
  rows: number,
  { boot, sequence, seed, startMs }: { boot: string; sequence: number; seed: number; startMs: number },
): SealedBlock {
  const flows = Array.from({ length: rows }, (_, i) => flowRow(seed * rows + i, startMs + (seed % 40) * 15_000));
  return sealBlock("flows", flows, { boot, sequence });
}

function sessionOf({ url }: World, { caPem, keyPem, certificatePem }: Credentials): ClientHttp2Session {
  const session = connect(url, { ca: caPem, key: keyPem, cert: certificatePem, maxSessionMemory: 100 });
  session.on("error", () => undefined);
  return session;
}

/** As an agent does: a block that is answered "later" is sent again. */
async function send(session: ClientHttp2Session, block: SealedBlock): Promise<void> {
  for (;;) {
    const { status, text } = await sendBlock(session, block);
    if (status === 200) return;
    if (status !== 429 && status !== 503) throw new Error(`${status} ${text}`);
    await sleep(200);
  }
}

async function spoolEmpty({ data }: World): Promise<void> {
  const spool = joinPath(data, "spool");
  while (readdirSync(spool).some((name) => name.includes(".native"))) await sleep(20);
}

/** Milliseconds of user and system time of each process so far; a clock tick is 10 ms. */
function cpuOf({ pids }: World): number[] {
  return pids.map((pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  });
}

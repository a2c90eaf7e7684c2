// A real agents' door with real state and trust over a store that only remembers, for tests; and small clients that speak to it.
import { createHash } from "node:crypto";
import { connect, type ClientHttp2Session } from "node:http2";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/fault.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createIdentityHub } from "../../src/core/directory/identity-hub.ts";
import type { IdentityHub } from "../../src/core/directory/identity-source.ts";
import type { StateStore } from "../../src/core/state/ports.ts";
import type { StoreBlock, StoreHealth } from "../../src/core/store/telemetry-store.ts";
import { createAgentsDoor, type AgentsDoor, type AgentsDoorOptions } from "../../src/apps/server/agents/door.ts";
import { Distribution } from "../../src/apps/server/agents/distribution.ts";
import { IdentityFeed } from "../../src/apps/server/agents/identity-feed.ts";
import { openIntake, type Intake } from "../../src/apps/server/agents/intake.ts";
import type { SpoolLimits } from "../../src/apps/server/agents/server-spool.ts";
import { encodeBlock } from "../../src/edge/blocks/encode-block.ts";
import { inspectBlock } from "../../src/edge/blocks/inspect-block.ts";
import { sealBlock, type SealedBlock } from "../../src/edge/blocks/seal-block.ts";
import { openStateStore } from "../../src/edge/store/state/open.ts";
import { openCertificateAuthority, type CertificateAuthority } from "../../src/edge/trust/certificate-authority.ts";
import { hashSecret, makeJoinSecret } from "../../src/edge/trust/join-token.ts";
import type { Credentials } from "../../src/edge/uplink/credentials.ts";
import { join } from "../../src/edge/uplink/join.ts";
import { openSession, post, type Answer } from "../../src/edge/uplink/session.ts";
import { agentPaths, blockHeaderName, type AgentReport, type JoinToken } from "../../src/model/agent-protocol.ts";
import { AgentCounters } from "../../src/model/node.ts";
import { tables, type Row, type TableName } from "../../src/model/table.ts";

export const systemClock: Clock = { nowMs: () => Date.now() };

/** A store that keeps each insert's token once, as the real one does, and fails when told to. */
export interface MemoryStore {
  readonly appended: (StoreBlock & { readonly body: Buffer })[];
  /** Every call of appendGroup, repetitions included. */
  calls: number;
  /** The blocks of each insert that was kept, by their ingest numbers. */
  readonly inserts: (readonly number[])[];
  /** Called before each insert for each of its blocks; throws what the store should throw. */
  fail: ((block: StoreBlock) => void) | undefined;
  epoch: string;
  appendGroup(blocks: readonly StoreBlock[], token: string): Promise<void>;
  rowsOf(table: TableName, ingests: readonly number[]): Promise<ReadonlyMap<number, number>>;
  health(): Promise<StoreHealth>;
}

export function memoryStore(): MemoryStore {
  const tokens = new Set<string>();
  return {
    appended: [],
    inserts: [],
    calls: 0,
    fail: undefined,
    epoch: "epoch-1",
    async appendGroup(blocks, token) {
      this.calls += 1;
      for (const block of blocks) this.fail?.(block);
      const bodies = await Promise.all(blocks.map(({ path }) => readFile(path))).catch((cause: unknown) => {
        throw new Fault("a file is gone", { code: "store/block-missing", kind: "not-found", cause });
      });
      const own = blocks.length === 1 ? (blocks[0]?.token ?? "") : token;
      if (tokens.has(own)) return;
      tokens.add(own);
      this.inserts.push(blocks.map(({ ingest }) => ingest));
      for (const [index, block] of blocks.entries()) {
        this.appended.push({ ...block, body: bodies[index] ?? Buffer.alloc(0) });
      }
    },
    rowsOf(table, ingests) {
      const there = this.appended.filter((block) => block.table === table && ingests.includes(block.ingest));
      return Promise.resolve(new Map(there.map(({ ingest, rows }) => [ingest, rows])));
    },
    health() {
      const { epoch } = this;
      const health = { ok: true, because: "", kind: "embedded", engine: "memory", residentBytes: 0, cpuMs: 0 } as const;
      return Promise.resolve({ ...health, startedAtMs: undefined, epoch });
    },
  };
}

export interface DoorWorld extends AsyncDisposable {
  readonly folder: string;
  readonly store: MemoryStore;
  readonly state: StateStore;
  readonly authority: CertificateAuthority;
  /** What the clusters' inventories say; empty at first, and kept over restarts as the inventories' readers would. */
  readonly identities: IdentityHub;
  readonly door: AgentsDoor;
  readonly intake: Intake;
  readonly distribution: Distribution;
  readonly url: URL;
  /** Stops the door and the intake and starts new ones on the same folder, as a restart of the server does. */
  restart(): Promise<void>;
  token(options?: { cluster?: string; uses?: number; lifeMs?: number }): Promise<JoinToken>;
  /** Joins a node with a fresh token. */
  joinNode(node: string, cluster?: string): Promise<Credentials>;
}

export interface DoorWorldOptions {
  readonly clock?: Clock;
  readonly spoolLimits?: SpoolLimits;
  readonly door?: Partial<AgentsDoorOptions>;
}

class World implements DoorWorld {
  readonly folder: string;
  readonly store = memoryStore();
  readonly state: StateStore;
  readonly authority: CertificateAuthority;
  readonly identities = createIdentityHub();
  readonly #options: DoorWorldOptions;
  #running:
    | { door: AgentsDoor; intake: Intake; distribution: Distribution; feed: IdentityFeed; port: number }
    | undefined;

  constructor(folder: string, state: StateStore, authority: CertificateAuthority, options: DoorWorldOptions) {
    this.folder = folder;
    this.state = state;
    this.authority = authority;
    this.#options = options;
  }

  get #now() {
    if (this.#running === undefined) throw new Error("the door is not running");
    return this.#running;
  }

  get door() {
    return this.#now.door;
  }

  get intake() {
    return this.#now.intake;
  }

  get distribution() {
    return this.#now.distribution;
  }

  get url() {
    return new URL(`https://127.0.0.1:${this.#now.port}`);
  }

  async start(): Promise<void> {
    const { authority, state, store } = this;
    const clock = this.#options.clock ?? systemClock;
    const logger = silentLogger;
    const intake = await openIntake({
      folder: joinPath(this.folder, "spool"),
      store,
      clock,
      logger,
      encodeGaps: (rows) => encodeBlock("gaps", rows),
      delayMs: () => 0,
      ...(this.#options.spoolLimits === undefined ? {} : { limits: this.#options.spoolLimits }),
    });
    const distribution = new Distribution({ resources: state.resources, clock, logger });
    const feed = new IdentityFeed({ identities: this.identities, monotonicMs: () => performance.now() });
    const stopAll = () => {
      distribution.stop();
      feed.stop();
      return intake.close();
    };
    const door = createAgentsDoor({
      host: "127.0.0.1",
      port: 0,
      authority,
      state,
      store,
      intake,
      distribution,
      identities: feed,
      clock,
      logger,
      inspect: inspectBlock,
      watchMs: 50,
      ...this.#options.door,
    });
    try {
      this.#running = { door, intake, distribution, feed, port: await door.start() };
    } catch (error) {
      await stopAll();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.#now;
    this.#running = undefined;
    await running.door.stop(200);
    running.distribution.stop();
    running.feed.stop();
    await running.intake.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async token(options: { cluster?: string; uses?: number; lifeMs?: number } = {}): Promise<JoinToken> {
    const secret = makeJoinSecret();
    const cluster = options.cluster ?? "home";
    await this.state.joinTokens.create({
      cluster,
      secretSha256: hashSecret(secret),
      expiresAtMs: (this.#options.clock ?? systemClock).nowMs() + (options.lifeMs ?? 3_600_000),
      uses: options.uses ?? 1,
      author: "test",
    });
    return { secret, cluster, caSha256: this.authority.caSha256 };
  }

  async joinNode(node: string, cluster = "home"): Promise<Credentials> {
    return await join(this.url, await this.token({ cluster }), { node, agentVersion: "test" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running !== undefined) await this.stop();
    await this.state[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function doorWorld(options: DoorWorldOptions = {}): Promise<DoorWorld> {
  const folder = await mkdtemp(joinPath(tmpdir(), "garrison-door-"));
  const clock = options.clock ?? systemClock;
  const state = openStateStore({ url: joinPath(folder, "state.sqlite"), clock });
  await state.migrate();
  const authority = await openCertificateAuthority({ folder: joinPath(folder, "pki"), names: [], clock });
  const world = new World(folder, state, authority, options);
  try {
    await world.start();
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
  return world;
}

/** A row with every column of its table at its default, and what the test cares about. */
export function rowOf<Name extends TableName>(table: Name, values: Partial<Row<Name>> & { time: number }): Row<Name> {
  const shape = tables[table].shape as Record<
    string,
    { safeParse(value: unknown): { data?: unknown }; options?: readonly string[] }
  >;
  const row: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    if (name === "cluster" || name === "node" || name === "ingest") continue;
    row[name] = schema.safeParse(undefined).data ?? schema.options?.[0] ?? "";
    if (name.endsWith("Time")) row[name] = values.time;
  }
  return { ...row, ...values } as Row<Name>;
}

/** `count` process events of now, sealed with this boot and sequence. */
export function sealedEvents(
  boot: string,
  sequence: number,
  options: { count?: number; time?: number } = {},
): SealedBlock {
  const { count = 3, time = Date.now() } = options;
  const rows = Array.from({ length: count }, (_, i) => rowOf("process_events", { time, pid: i }));
  return sealBlock("process_events", rows, { boot, sequence });
}

export function bootOf(name: string): string {
  return createHash("md5").update(name).digest("hex");
}

/** Sends a block as an agent does; `header` replaces the sealed one's text. */
export async function sendBlock(
  session: ClientHttp2Session,
  block: SealedBlock,
  change: { header?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(block.body.length),
    [blockHeaderName]: change.header ?? JSON.stringify(block.header),
    ...change.headers,
  };
  return await post(session, agentPaths.blocks, headers, block.body);
}

export async function sessionOf(world: DoorWorld, credentials: Credentials): Promise<ClientHttp2Session> {
  return await openSession(world.url, credentials);
}

/** A session that may hold large bodies in flight: for sending what an agent would not. */
export function largeSessionOf(world: DoorWorld, { caPem, keyPem, certificatePem }: Credentials): ClientHttp2Session {
  const session = connect(world.url, { ca: caPem, key: keyPem, cert: certificatePem, maxSessionMemory: 100 });
  session.on("error", () => undefined);
  return session;
}

export function codeOf(answer: Answer): string {
  const body = JSON.parse(answer.text) as { code?: string };
  return body.code ?? "";
}

export function reportOf(change: Partial<AgentReport> = {}): AgentReport {
  return {
    boot: bootOf("report"),
    number: 0,
    resources: [],
    fidelity: "kernel",
    fidelityBecause: "",
    capabilities: [],
    agentVersion: "test",
    kernel: "",
    operatingSystem: "",
    architecture: "",
    bootId: "",
    startedAt: new Date().toISOString(),
    lagMs: 0,
    counters: AgentCounters.parse({}),
    ...change,
  };
}

/** Resolves when `check` is true; throws after `withinMs` with what was waited for. */
export async function until(
  what: string | (() => string),
  check: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`waited in vain for ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

export function unavailable(): Fault {
  return new Fault("the store is away", { code: "store/away", kind: "unavailable", retryAfterMs: 50 });
}

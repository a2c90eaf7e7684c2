// A real server on a free port and a temporary data folder, with stand-ins for the telemetry store and the agents' door.
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/fault.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { TelemetryStore } from "../../src/core/store/telemetry-store.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import { startServer, type RunningServer, type ServerSurroundings } from "../../src/apps/server/main.ts";
import type { AgentsSide, ForeignHandlers } from "../../src/apps/server/parts.ts";

const emptyWindow = {
  since: "2026-11-23T00:00:00.000Z",
  until: "2026-11-23T01:00:00.000Z",
  partial: false,
  partialBecause: "",
  gaps: [],
};

const emptyLookedAt = { sinceMs: Date.parse(emptyWindow.since), untilMs: Date.parse(emptyWindow.until) };

const noKinds = {
  executables: undefined,
  parents: undefined,
  reads: undefined,
  writes: undefined,
  loads: undefined,
  destinations: undefined,
  listens: undefined,
  domains: undefined,
} as const;

/** Answers of the right shape without rows; `over` replaces single ones. */
export function emptyQueries(over: Partial<Queries> = {}): Queries {
  const page = async () => ({ rows: [], window: emptyWindow });
  return {
    listFlows: page,
    flowTimeline: async () => ({ stepMs: 1000, points: [], window: emptyWindow }),
    listEvents: page,
    listWorkloads: page,
    getWorkload: async ({ name }) => {
      throw new Fault(`no workload ${name} was seen`, { code: "query/no-workload", kind: "not-found" });
    },
    workloadProcesses: async () => ({ processes: [], omitted: 0, window: emptyWindow }),
    workloadPeers: async () => ({ peers: [], omitted: 0, window: emptyWindow }),
    workloadDns: async () => ({ names: [], omitted: 0, window: emptyWindow }),
    graphSums: async () => ({ flows: [], http: [], usual: [], lookedAt: emptyLookedAt, window: emptyWindow }),
    overviewNumbers: async () => ({ warnings: [], detections: [], events: [], notCounted: [] }),
    securityAfter: async (position) => ({ rows: [], position: position === "" ? "0" : position, isMore: false }),
    policyFlowKeys: async () => ({ keys: [], omitted: 0, lookedAt: emptyLookedAt, window: emptyWindow }),
    policyRuleCounts: async () => ({ rules: [], reporters: [], cut: "", window: emptyWindow }),
    wafSums: async () => ({
      buckets: [],
      bucketSeconds: 60,
      rules: [],
      rulesOmitted: 0,
      sources: [],
      sourcesOmitted: 0,
      workloads: [],
      workloadsOmitted: 0,
      window: emptyWindow,
    }),
    wafRequest: async () => ({ event: undefined, window: emptyWindow }),
    wafModeSums: async () => ({
      spoken: 0,
      requests: 0,
      sources: 0,
      groups: [],
      groupsOmitted: 0,
      lookedAt: emptyLookedAt,
      window: emptyWindow,
    }),
    baselineSums: async () => ({
      facts: [],
      lives: [],
      livesOmitted: 0,
      cut: [],
      keptSinceMs: noKinds,
      lookedAt: emptyLookedAt,
      window: emptyWindow,
    }),
    baselineDrift: async () => ({ drift: [], omitted: 0, window: emptyWindow }),
    baselineAlarms: async () => ({ alarms: [], omitted: 0 }),
    usageRows: async () => ({ rows: [], omitted: 0, lookedAt: emptyLookedAt, window: emptyWindow }),
    workloadPostures: async () => ({ rows: [], omitted: 0, lookedAt: emptyLookedAt, window: emptyWindow }),
    listPostures: async () => ({ rows: [], omitted: 0, lookedAt: emptyLookedAt, window: emptyWindow }),
    touched: async () => ({ paths: [], omitted: 0, protocols: [], partialBecause: "" }),
    listDetections: async () => ({
      rows: [],
      totals: { critical: 0, high: 0, medium: 0, low: 0, info: 0 },
      window: emptyWindow,
    }),
    findDetection: async () => undefined,
    relatedDetections: async () => ({ rows: [], omitted: 0, window: emptyWindow }),
    detectionTree: async () => ({ nodes: [], omitted: 0, because: "" }),
    detectionRuleSums: async () => ({ rules: [], window: emptyWindow }),
    noiseSums: async () => ({ rows: [], omitted: 0, clusters: [], lookedAt: emptyLookedAt, window: emptyWindow }),
    noiseEvents: async () => ({ events: [], total: 0, spokenOf: new Map(), window: emptyWindow }),
    imageUse: async () => ({ files: [], seen: [], partialBecause: "" }),
    reachedWorkloads: async () => ({ workloads: [], partialBecause: "" }),
    hints: async () => ({ hints: [] }),
    listGaps: async () => ({ rows: [] }),
    inventoryAsOf: async () => ({ objects: [], total: 0, because: "no inventory of this cluster is kept" }),
    inventorySince: async () => undefined,
    workloadPods: async () => ({ pods: [], omitted: 0, because: "" }),
    inventoryBaseline: async () => [],
    newestKubernetesEvents: async () => ({ newestMs: undefined, events: [] }),
    windowOf: async () => ({ ...emptyWindow, sinceMs: 0, untilMs: 1 }),
    lossesSince: async () => [],
    flowsSince: async () => ({ rows: [], cursor: "c0", skipped: 0 }),
    eventsSince: async () => ({ rows: [], cursor: "c0", skipped: 0 }),
    ...over,
  };
}

export function emptyTelemetry(over: Partial<TelemetryStore> = {}): TelemetryStore {
  return {
    migrate: async () => undefined,
    append: async () => undefined,
    query: async () => ({ rows: [], rowsRead: 0, bytesRead: 0, elapsedMs: 0, partial: false, partialBecause: "" }),
    appendGroup: async () => undefined,
    rowsOf: async () => new Map(),
    usage: async () => [],
    dropBefore: async () => 0,
    health: async () => ({
      ok: true,
      because: "",
      kind: "embedded",
      engine: "stand-in",
      residentBytes: 0,
      cpuMs: 0,
      startedAtMs: undefined,
      epoch: "e",
    }),
    [Symbol.asyncDispose]: async () => undefined,
    ...over,
  };
}

export function quietAgents(over: Partial<AgentsSide> = {}): AgentsSide {
  return {
    ingest: () => ({ rows: 0, blocks: 0, duplicates: 0, refusedByCode: {}, spoolBlocks: 0, spoolBytes: 0 }),
    notices: () => [],
    caSha256: "0".repeat(64),
    cut: () => undefined,
    port: 0,
    freshness: { settle: async () => undefined, watch: () => undefined },
    accept: async () => undefined,
    recordGap: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
    ...over,
  };
}

const taken = async () => ({ accepted: 0, refused: 0, reasons: [] });
export const acceptingForeign: ForeignHandlers = {
  ingestHubble: taken,
  ingestFalco: taken,
  ingestAudit: taken,
  ingestOtlpLogs: async () => ({}),
  ingestOtlpTraces: async () => ({}),
};

export interface TestServer extends RunningServer {
  readonly data: string;
}

export interface TestServerOptions extends Partial<ServerSurroundings> {
  readonly config?: Readonly<Record<string, unknown>>;
  /** Kept when given; else a new folder that is removed with the server. */
  readonly data?: string;
  readonly clock?: Clock;
}

export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { config = {}, data: given, ...surroundings } = options;
  const data = given ?? (await mkdtemp(path.join(tmpdir(), "garrison-server-")));
  const consoleConfig = { port: 0, ...(config["console"] as object | undefined) };
  const parsed = ServerConfig.parse({
    data,
    agents: { port: 0 },
    shutdown: { drainSeconds: 0.2 },
    ...config,
    console: consoleConfig,
  });
  const server = await startServer(parsed, {
    logger: silentLogger,
    telemetry: emptyTelemetry(),
    queries: emptyQueries(),
    agents: quietAgents(),
    foreign: acceptingForeign,
    checksAnswers: true,
    streamTickMs: 5,
    ...surroundings,
  });
  return {
    ...server,
    data,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (given === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Record<string, unknown>;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Sends the body without announcing its length. */
  readonly chunked?: boolean;
}

/** A request through node:http: unlike fetch it lets a test say what it likes as Host, Origin or Sec-Fetch-Site. */
export function ask(server: { readonly port: number }, asked: Asked): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body =
    asked.body === undefined ? undefined : typeof asked.body === "string" ? asked.body : JSON.stringify(asked.body);
  const length =
    body === undefined || asked.chunked === true ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json", ...length }),
    ...asked.headers,
  };
  const request = http.request(
    { host: "127.0.0.1", port: server.port, method: asked.method ?? "GET", path: asked.path, headers, agent: false },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    },
  );
  request.once("error", reject);
  request.end(body);
  return promise;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** The cookie that an answer sets, as a request sends it: "name=value". */
export function cookieOf(answer: Answer): string {
  return answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

/** An API token of this role, made through the API. */
export async function tokenFor(server: RunningServer, role: string): Promise<string> {
  const made = await ask(server, {
    method: "POST",
    path: "/api/v1/tokens",
    headers: bearer(server.localToken),
    body: { name: `for ${role}`, role },
  });
  return String(made.json["secret"]);
}

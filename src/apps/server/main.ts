// The server process as a list: what it is made of, in the order in which it starts; it stops in the reverse order.
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { createIdentityHub } from "../../core/directory/identity-hub.ts";
import { createQueries } from "../../edge/store/queries/create-queries.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";
import { openStateStore } from "../../edge/store/state/open.ts";
import { createApp } from "./app.ts";
import type { ClustersSide } from "./clusters/clusters-side.ts";
import { openClusters } from "./clusters/open-clusters.ts";
import { serverLimits, type ServerConfig } from "./config.ts";
import { prepareDataFolder, prepareServerFolders, writeLocalCredential } from "./data-folder.ts";
import { freshQueries } from "./fresh-queries.ts";
import { consoleFiles } from "./http/console-files.ts";
import { streamHub, type StreamLimits } from "./http/event-stream.ts";
import { hostsOfAddress } from "./http/own-address.ts";
import type { Scan } from "./images/scan-apart.ts";
import { listen, readTls } from "./http/listen.ts";
import { rateLimit } from "./http/rate-limit.ts";
import { startLossWatch } from "./losses.ts";
import { createMetrics } from "./metrics.ts";
import type { AgentsSide, ForeignHandlers, ImagesSide, ServerParts } from "./parts.ts";
import { dropPrivileges } from "./privileges.ts";
import { issueOneTimeToken } from "./one-time-token.ts";
import { retentionInForce, retentionKey } from "./retention.ts";
import { sharedPolls } from "./shared-polls.ts";
import { startUpkeep, type KeptStore } from "./upkeep.ts";
import { programVersion } from "./version.ts";
import { openAgentsSide } from "./wiring/agents.ts";
import { openAuditSide } from "./wiring/audit.ts";
import { openImages } from "./wiring/images.ts";
import { openServerSinks } from "./wiring/sinks.ts";
import { ingestMetrics } from "./wiring/ingest-metrics.ts";
import { openTelemetry } from "./wiring/telemetry.ts";

export interface ServerSurroundings {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** In the place of the real parts: for tests. */
  readonly telemetry?: KeptStore;
  readonly queries?: Queries;
  readonly agents?: AgentsSide;
  readonly foreign?: ForeignHandlers;
  readonly clusters?: ClustersSide;
  readonly scanImage?: Scan;
  /** How long accepted blocks wait for company, whoever looks: for tests. */
  readonly insertDelayMs?: number;
  readonly streamTickMs?: number;
  /** How often sinks look for events. */
  readonly sinkPollMs?: number;
  readonly streamHeartbeatMs?: number;
  /** Checks every answer against the contract. */
  readonly checksAnswers?: boolean;
}

export interface RunningServer extends AsyncDisposable {
  readonly images: ImagesSide;
  /** "http://127.0.0.1:8686". */
  readonly url: string;
  readonly port: number;
  /** Of the agents' door; 0 when there is none. */
  readonly agentsPort: number;
  /** The credential that run/cli.json holds. */
  readonly localToken: string;
  readonly notices: readonly string[];
  /** The console's address with a token that works once. */
  oneTimeUrl(): Promise<string>;
}

const systemClock: Clock = { nowMs: () => Date.now() };
const builtConsole = fileURLToPath(new URL("../../../ui/dist", import.meta.url));

/**
 * Starts the server; resolves when it answers. Disposing it stops intake, lets requests end until the deadline, closes in reverse.
 * Throws a Fault that names what is wrong and how to fix it.
 */
export async function startServer(config: ServerConfig, given: ServerSurroundings): Promise<RunningServer> {
  const { clock = systemClock, logger, insertDelayMs } = given;
  await readTls(config.console);
  const startNotices = await prepareFolders(config);

  await using started = new AsyncDisposableStack();
  const state = started.use(openStateStore({ url: stateUrlOf(config), clock, logger }));
  await state.migrate();
  const retention = retentionInForce(state.resources);
  await retention.refresh();
  const identities = createIdentityHub();
  const telemetry = started.use(given.telemetry ?? (await openTelemetry({ config, retention, logger })));
  const agentsParts = { config, state, telemetry, identities, clock, logger, insertDelayMs };
  const agents = started.use(given.agents ?? (await openAgentsSide(agentsParts)));
  const metrics = ingestMetrics(createMetrics(), agents);
  const upkeep = started.use(startUpkeep({ config, telemetry, retention, agents, clock, logger }));
  started.defer(state.resources.onChange(({ kind }) => kind === retentionKey.kind && upkeep.wake()));
  const console = consoleFiles(config.console.files === "" ? builtConsole : config.console.files, () => clock.nowMs());
  const streams = streamHub({ limits: streamLimitsOf(given), nowMs: () => clock.nowMs(), logger });
  const queries = queriesOf(given.queries ?? createQueries({ store: telemetry, clock }), agents);
  const clusters = started.use(
    given.clusters ?? (await openClusters({ config, state, queries, agents, identities, metrics, clock, logger })),
  );
  const images = started.use(openImages({ config, state, clusters, queries, clock, logger, scan: given.scanImage }));
  const sinks = started.use(
    openServerSinks({ config, state, queries, metrics, clock, logger, pollMs: given.sinkPollMs }),
  );
  const audit = started.use(await openAuditSide({ config, state, identities, agents, metrics, clock, logger }));
  const parts: ServerParts = {
    config,
    version: programVersion(),
    clock,
    logger,
    state,
    telemetry,
    queries,
    agents,
    losses: started.use(startLossWatch({ state, queries, clock, logger })),
    foreign: given.foreign ?? audit.handlers,
    clusters,
    images,
    sinks,
    metrics,
    loginRefusals: rateLimit(clock, serverLimits.loginRefusalsPerMinuteMax, "refused logins"),
    startedAtMs: clock.nowMs(),
    notices: () => [...startNotices, ...upkeep.notices(), ...audit.notices()],
    consoleMissing: () => console.missing(),
  };
  const door = await listen(config.console, (bound) =>
    createApp({ parts, bound, console, streams, checksAnswers: given.checksAnswers ?? false }),
  );
  started.defer(() => door.close(config.shutdown.drainSeconds * 1000));
  started.defer(() => streams.close());
  const doors = doorsOf(door, agentsAddress(config, agents.port));
  const local = started.use(await writeLocalCredential(config.data, doors, state, clock));
  logger.info(doors, "the server listens");

  const running = started.move();
  return {
    images,
    url: door.url,
    port: door.port,
    agentsPort: agents.port,
    localToken: local.token,
    notices: startNotices,
    oneTimeUrl: async () => `${door.url}/#token=${await issueOneTimeToken(state.tokens, clock, local.owner)}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The data folder, made by whoever starts us; what is in it, as the user whom it belongs to. Says why it stays with the first. */
async function prepareFolders({ data }: ServerConfig): Promise<readonly string[]> {
  await prepareDataFolder(data);
  const notices = linesOf(await dropPrivileges(data, process));
  await prepareServerFolders(data);
  return notices;
}

/** Equal polls are one query; whoever reads, reads what was accepted before. */
function queriesOf(queries: Queries, { freshness }: AgentsSide): Queries {
  return freshQueries(
    sharedPolls(queries, () => performance.now()),
    freshness,
  );
}

function doorsOf({ url, certificateSha256 }: Awaited<ReturnType<typeof listen>>, agents: string) {
  return { url, agents, certificateSha256 };
}

/** Where agents of this machine and others reach the door. */
function agentsAddress({ agents }: ServerConfig, port: number): string {
  const [host = agents.address] = hostsOfAddress(agents.address);
  return `${host}:${port}`;
}

function linesOf(notice: string): readonly string[] {
  return notice === "" ? [] : [notice];
}

function stateUrlOf({ state, data }: ServerConfig): string {
  return state.url === "" ? `sqlite:${path.join(data, "state.sqlite")}` : state.url;
}

function streamLimitsOf({ streamTickMs, streamHeartbeatMs }: ServerSurroundings): StreamLimits {
  return {
    streamsMax: serverLimits.streamsMax,
    rowsPerTickMax: serverLimits.streamRowsPerTickMax,
    tickMs: streamTickMs ?? serverLimits.streamTickMs,
    heartbeatMs: streamHeartbeatMs ?? serverLimits.streamHeartbeatMs,
  };
}

export interface RunParts extends ServerSurroundings {
  /** Aborts when the server shall stop. */
  readonly signal: AbortSignal;
  ready(ready: { readonly type: "ready"; readonly url: string; readonly notices: readonly string[] }): void;
}

/** The server as an app: says when it is ready and runs until the signal aborts. */
export async function runServer(config: ServerConfig, parts: RunParts): Promise<void> {
  await using server = await startServer(config, parts);
  parts.ready({ type: "ready", url: await server.oneTimeUrl(), notices: server.notices });
  if (parts.signal.aborted) return;
  await new Promise<void>((resolve) => parts.signal.addEventListener("abort", () => resolve(), { once: true }));
}

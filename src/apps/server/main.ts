// The server process as a list: what it is made of, in the order in which it starts; it stops in the reverse order.
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import { createQueries } from "../../edge/store/queries/create-queries.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";
import { openStateStore } from "../../edge/store/state/open.ts";
import { createApp } from "./app.ts";
import { serverLimits, type ServerConfig } from "./config.ts";
import { prepareDataFolder, prepareServerFolders, writeLocalCredential } from "./data-folder.ts";
import { consoleFiles } from "./http/console-files.ts";
import { newSecret } from "./http/callers.ts";
import { streamHub } from "./http/event-stream.ts";
import { listen, readTls } from "./http/listen.ts";
import { rateLimit } from "./http/rate-limit.ts";
import { createMetrics } from "./metrics.ts";
import type { AgentsDoorView, ForeignHandlers, ServerParts } from "./parts.ts";
import { dropPrivileges } from "./privileges.ts";
import { startReconciler } from "./reconcile.ts";
import { dropExpired, retentionKey } from "./retention.ts";
import { programVersion } from "./version.ts";
import { openAgentsSide } from "./wiring/agents.ts";
import { openForeign } from "./wiring/foreign.ts";
import { ingestMetrics } from "./wiring/ingest-metrics.ts";
import { openTelemetry } from "./wiring/telemetry.ts";

export interface ServerSurroundings {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** In the place of the real parts: for tests. */
  readonly telemetry?: TelemetryStore;
  readonly queries?: Queries;
  readonly agents?: AgentsDoorView;
  readonly foreign?: ForeignHandlers;
  readonly streamTickMs?: number;
  readonly streamHeartbeatMs?: number;
  /** Checks every answer against the contract. */
  readonly checksAnswers?: boolean;
}

export interface RunningServer extends AsyncDisposable {
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
  const { clock = systemClock, logger } = given;
  await readTls(config.console);
  await prepareDataFolder(config.data);
  const rootNotice = await dropPrivileges(config.data, process);
  await prepareServerFolders(config.data);
  await using started = new AsyncDisposableStack();

  const stateUrl = config.state.url === "" ? `sqlite:${path.join(config.data, "state.sqlite")}` : config.state.url;
  const state = started.use(openStateStore({ url: stateUrl, clock, logger }));
  await state.migrate();
  const telemetry = started.use(given.telemetry ?? (await openTelemetry(config, logger)));
  const queries = given.queries ?? createQueries({ store: telemetry, clock });
  const metrics = createMetrics();
  const agentsSide =
    given.agents === undefined
      ? started.use(await openAgentsSide({ config, state, telemetry, clock, logger }))
      : undefined;
  const agents = given.agents ?? agentsSide?.view;
  const foreign = given.foreign ?? (agentsSide && openForeign(config.cluster, state, agentsSide.intake, clock));
  if (agents === undefined || foreign === undefined) throw new Error("without an agents' door its stand-ins are given");
  ingestMetrics(metrics, agents);
  const console = consoleFiles(config.console.files === "" ? builtConsole : config.console.files, () => clock.nowMs());
  const streams = streamHub(
    {
      streamsMax: serverLimits.streamsMax,
      rowsPerTickMax: serverLimits.streamRowsPerTickMax,
      tickMs: given.streamTickMs ?? serverLimits.streamTickMs,
      heartbeatMs: given.streamHeartbeatMs ?? serverLimits.streamHeartbeatMs,
    },
    () => clock.nowMs(),
    logger,
  );
  const retention = started.use(
    startReconciler({
      name: "retention",
      everyMs: serverLimits.retentionMs,
      run: async () => void (await dropExpired({ resources: state.resources, telemetry, clock, logger })),
      logger,
    }),
  );
  started.defer(state.resources.onChange(({ kind }) => kind === retentionKey.kind && retention.wake()));
  const notices = rootNotice === "" ? [] : [rootNotice];
  const parts: ServerParts = {
    config,
    version: programVersion(),
    clock,
    logger,
    state,
    telemetry,
    queries,
    agents,
    foreign,
    metrics,
    loginRefusals: rateLimit(clock, serverLimits.loginRefusalsPerMinuteMax, "refused logins"),
    startedAtMs: clock.nowMs(),
    notices,
    consoleMissing: () => console.missing(),
  };
  const door = await listen(config.console, (bound) =>
    createApp({ parts, bound, console, streams, checksAnswers: given.checksAnswers ?? false }),
  );
  started.defer(() => door.close(config.shutdown.drainSeconds * 1000));
  started.defer(() => streams.close());
  const agentsAddress = agentsSide === undefined ? "" : `${config.agents.address}:${agentsSide.port}`;
  const local = await writeLocalCredential(config.data, { url: door.url, agents: agentsAddress }, state, clock);
  started.defer(() => local.remove());
  logger.info({ url: door.url }, "the server listens");

  const running = started.move();
  return {
    url: door.url,
    port: door.port,
    agentsPort: agentsSide?.port ?? 0,
    localToken: local.token,
    notices,
    async oneTimeUrl() {
      const { secret, secretSha256 } = newSecret("one-time");
      const createdAtMs = clock.nowMs();
      const expiresAtMs = createdAtMs + serverLimits.oneTimeTokenMs;
      const owner = { name: "console", user: "local", role: "admin" } as const;
      await state.tokens.create({ ...owner, use: "one-time", createdAtMs, expiresAtMs, secretSha256 });
      return `${door.url}/#token=${secret}`;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
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

// The server process as a list: what it is made of, in the order in which it starts; it stops in the reverse order.
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import { silentLogger, type Logger } from "../../base/logger.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";
import { openStateStore } from "../../edge/store/state/open.ts";
import { createApp } from "./app.ts";
import { serverLimits, type ServerConfig } from "./config.ts";
import { prepareDataFolder, writeLocalCredential } from "./data-folder.ts";
import { consoleFiles } from "./http/console-files.ts";
import { streamHub } from "./http/event-stream.ts";
import { listen, readTls } from "./http/listen.ts";
import { rateLimit } from "./http/rate-limit.ts";
import { createMetrics } from "./metrics.ts";
import { noAgents, noForeign, noQueries, noTelemetry } from "./not-wired.ts";
import type { AgentsDoorView, ForeignHandlers, ServerParts } from "./parts.ts";
import { dropPrivileges } from "./privileges.ts";
import { programVersion } from "./version.ts";

/** What a test (or a special server) puts in the place of the real thing. */
export interface ServerSubstitutes {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly telemetry?: TelemetryStore;
  readonly queries?: Queries;
  readonly agents?: AgentsDoorView;
  readonly foreign?: ForeignHandlers;
  readonly streamTickMs?: number;
  readonly streamHeartbeatMs?: number;
  readonly checksAnswers?: boolean;
}

export interface RunningServer {
  /** "http://127.0.0.1:8686". */
  readonly url: string;
  readonly port: number;
  /** The credential that run/cli.json holds. */
  readonly localToken: string;
  readonly notices: readonly string[];
  /** Stops intake, lets requests end until the deadline, closes in reverse. Safe to call twice. */
  close(): Promise<void>;
}

const systemClock: Clock = { nowMs: () => Date.now() };
const builtConsole = fileURLToPath(new URL("../../../ui/dist", import.meta.url));

/** Starts the server; resolves when it answers. Throws a Fault that names what is wrong and how to fix it. */
export async function runServer(config: ServerConfig, given: ServerSubstitutes = {}): Promise<RunningServer> {
  const clock = given.clock ?? systemClock;
  const logger = given.logger ?? silentLogger;
  await readTls(config.console);
  await prepareDataFolder(config.data);
  const rootNotice = await dropPrivileges(config.data, process);
  await using started = new AsyncDisposableStack();

  const stateUrl = config.state.url === "" ? `sqlite:${path.join(config.data, "state.sqlite")}` : config.state.url;
  const state = started.use(openStateStore({ url: stateUrl, clock, logger }));
  await state.migrate();
  const telemetry = given.telemetry ?? noTelemetry;
  const queries = given.queries ?? noQueries;
  const agents = given.agents ?? noAgents;
  const foreign = given.foreign ?? noForeign;
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
    metrics: createMetrics(),
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
  const local = await writeLocalCredential(config.data, door.url, state, clock);
  started.defer(() => local.remove());
  logger.info({ url: door.url }, "the server listens");

  const running = started.move();
  return { url: door.url, port: door.port, localToken: local.token, notices, close: () => running.disposeAsync() };
}

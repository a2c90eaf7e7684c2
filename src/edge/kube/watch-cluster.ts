// A whole cluster: who answers there, what it has, one loop per resource, a sign of life now and then, and credentials that rotate.
import type { Clock } from "../../base/clock.ts";
import { toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { type KubeAccess, type KubeSource, loadAccess } from "./access.ts";
import { createBackoff, pause } from "./backoff.ts";
import { parseJson, readText } from "./body.ts";
import { type Discovered, discover, versionOf } from "./discovery.ts";
import { httpsTransport } from "./https-transport.ts";
import { type KubeLimits, kubeLimits } from "./limits.ts";
import { type WatchedKind, watchedResources } from "./resources.ts";
import { apiFault } from "./api-fault.ts";
import type { KubeAnswer, KubeTransport } from "./transport.ts";
import { type ResourceHandlers, watchResource } from "./watch-resource.ts";
import { asRecord } from "./watch-stream.ts";

export interface ServerReport {
  /** "connecting": no answer yet. "refused": what was given to reach it cannot be used. "away": it answered once and does not any more. */
  readonly state: "connecting" | "refused" | "connected" | "away";
  readonly because: string;
  /** "v1.36.3"; "" while unknown. */
  readonly version: string;
  readonly clockAheadMs: number | undefined;
}

export interface ClusterWatch {
  readonly source: KubeSource;
  /** Handlers of one kind; read and kept by who asks. */
  handlersFor(kind: WatchedKind): ResourceHandlers<unknown>;
  onServer(report: ServerReport): void;
  /** A watch was opened again. */
  onReopened(kind: WatchedKind): void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** In the place of the real ones: for tests. */
  readonly limits?: KubeLimits;
  readonly access?: (source: KubeSource) => Promise<KubeAccess>;
  readonly transport?: (access: KubeAccess) => KubeTransport;
}

/** Runs until the signal aborts. A kubeconfig that is wrong, a server that is away: said by `onServer`, tried again. */
export async function watchCluster(watch: ClusterWatch): Promise<void> {
  const limits = watch.limits ?? kubeLimits;
  const connection = createConnection(watch, limits);
  try {
    await connection.open();
    if (watch.signal.aborted) return;
    const inTurn = turns(limits.listsMax);
    await Promise.all([
      connection.keep(),
      ...watchedResources.map((resource) =>
        watchResource({
          resource,
          version: () => versionOf(resource, connection.discovered()),
          rediscovered: (signal) => connection.rediscovered(signal),
          transport: () => connection.transport(),
          session: () => connection.session(),
          serverNumber: () => connection.serverNumber(),
          handlers: watch.handlersFor(resource.kind),
          inTurn,
          limits,
          clock: watch.clock,
          random: watch.random,
          signal: watch.signal,
          onReopened: () => watch.onReopened(resource.kind),
        }),
      ),
    ]);
  } finally {
    connection.close();
  }
}

interface Connection {
  /** Resolves when the server answered and said what it has, or the signal aborted. */
  open(): Promise<void>;
  /** Pings, rediscovers and reloads until the signal aborts. */
  keep(): Promise<void>;
  transport(): KubeTransport;
  session(): AbortSignal;
  serverNumber(): number;
  discovered(): Discovered | undefined;
  rediscovered(signal: AbortSignal): Promise<void>;
  close(): void;
}

function createConnection(watch: ClusterWatch, limits: KubeLimits): Connection {
  const { signal, clock, logger } = watch;
  let access: KubeAccess | undefined;
  let transport: KubeTransport | undefined;
  let session = new AbortController();
  let discovered: Discovered | undefined;
  let serverNumber = 0;
  let next = Promise.withResolvers<void>();
  let report: ServerReport = { state: "connecting", because: "", version: "", clockAheadMs: undefined };

  function say(change: Partial<ServerReport>): void {
    const now = { ...report, ...change };
    if (JSON.stringify(now) === JSON.stringify(report)) return;
    report = now;
    watch.onServer(report);
  }

  /** Reads the source again; new credentials begin a new session. Throws what is wrong with it. */
  async function reload(): Promise<void> {
    const fresh = await (watch.access ?? loadAccess)(watch.source);
    if (access?.fingerprint === fresh.fingerprint) return;
    const [oldTransport, oldSession] = [transport, session];
    if (access?.server.href !== fresh.server.href || access.ca?.equals(fresh.ca ?? Buffer.alloc(0)) !== true)
      serverNumber += 1;
    access = fresh;
    transport = (watch.transport ?? ((given) => httpsTransport(given, limits)))(fresh);
    session = new AbortController();
    if (oldTransport === undefined) return;
    logger.info({ server: fresh.server.host }, "the credentials of a cluster changed: its watches are opened again");
    oldSession.abort();
    oldTransport.close();
  }

  function transportNow(): KubeTransport {
    if (transport === undefined) throw new Error("no transport before open");
    return transport;
  }

  /** Version and clock; an answer of any kind but a refusal of who asks is life. */
  async function ping(): Promise<void> {
    const sentMs = clock.nowMs();
    const own = AbortSignal.any([signal, AbortSignal.timeout(limits.pingMsMax)]);
    const answer = await transportNow().get({ path: "/version", signal: own });
    const version = await versionIn(answer);
    const ahead = aheadOf(answer.header("date"), sentMs, clock.nowMs(), report.clockAheadMs);
    say({ state: "connected", because: "", version, clockAheadMs: ahead });
  }

  /** Who may not ask for the version is told so by a server that lives. */
  async function versionIn(answer: KubeAnswer): Promise<string> {
    const bounds = { bytesMax: limits.documentBytesMax, silentMs: limits.pingMsMax };
    if (answer.status !== 200) {
      const fault = await apiFault(answer, "/version", limits);
      if (fault.code === "kube/forbidden") return report.version;
      throw fault;
    }
    const { gitVersion } = asRecord(parseJson(await readText(answer, "/version", bounds), "/version"));
    return typeof gitVersion === "string" ? gitVersion.slice(0, 100) : report.version;
  }

  async function lookFor(): Promise<void> {
    try {
      discovered = await discover({ transport: transportNow(), limits, signal });
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== "kube/forbidden") throw fault;
      // Discovery alone is refused: each resource says by itself whether it may be read.
      discovered = undefined;
    }
    next.resolve();
    next = Promise.withResolvers();
  }

  async function keepOnce(failures: { count: number }): Promise<void> {
    try {
      await ping();
      failures.count = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      failures.count += 1;
      if (failures.count < limits.pingsFailedMax) return;
      say({ state: "away", because: toFault(thrown).message });
      // What hangs is cut, so that every resource tries anew.
      const old = session;
      session = new AbortController();
      old.abort();
    }
  }

  return {
    async open() {
      const backoff = createBackoff(limits.retryMsMin, limits.retryMsMax, watch.random);
      while (!signal.aborted) {
        try {
          await reload();
          await ping();
          await lookFor();
          return;
        } catch (thrown) {
          if (signal.aborted) return;
          const fault = toFault(thrown);
          say({ state: fault.kind === "usage" ? "refused" : "connecting", because: fault.message });
          logger.warn({ code: fault.code, error: fault.message }, "a cluster cannot be read yet");
          await backoff.wait(signal, fault.retryAfterMs);
        }
      }
    },
    async keep() {
      const failures = { count: 0 };
      const due = { reload: limits.reloadMs, discover: limits.discoverMs, ping: limits.pingMs };
      const stepMs = Math.min(due.reload, due.discover, due.ping);
      for (let passedMs = stepMs; !signal.aborted; passedMs += stepMs) {
        await pause(stepMs, signal);
        if (signal.aborted) return;
        if (isDue(passedMs, stepMs, due.reload)) await reload().catch((thrown: unknown) => sayUnread(thrown));
        if (isDue(passedMs, stepMs, due.ping)) await keepOnce(failures);
        if (!isDue(passedMs, stepMs, due.discover) || report.state !== "connected") continue;
        await lookFor().catch((thrown: unknown) => {
          logger.warn({ error: toFault(thrown).message }, "what a cluster has cannot be looked up");
        });
      }
    },
    transport: transportNow,
    session: () => session.signal,
    serverNumber: () => serverNumber,
    discovered: () => discovered,
    async rediscovered(given) {
      const stop = Promise.withResolvers<void>();
      const onAbort = () => stop.resolve();
      given.addEventListener("abort", onAbort, { once: true });
      if (given.aborted) return;
      await Promise.race([next.promise, stop.promise]);
      given.removeEventListener("abort", onAbort);
    },
    close() {
      session.abort();
      transport?.close();
    },
  };

  function sayUnread(thrown: unknown): void {
    // The old credentials may still work: the pings say so.
    logger.warn({ error: toFault(thrown).message }, "the kubeconfig of a cluster cannot be read again");
  }
}

/** Whether a multiple of `everyMs` lies in the step that ended at `passedMs`. */
function isDue(passedMs: number, stepMs: number, everyMs: number): boolean {
  return Math.floor(passedMs / everyMs) > Math.floor((passedMs - stepMs) / everyMs);
}

/** How far the server's clock is ahead: its Date header (whole seconds) against the middle of the request. Kept while it stays within its error. */
function aheadOf(date: string, sentMs: number, gotMs: number, before: number | undefined): number | undefined {
  const saidMs = Date.parse(date);
  if (Number.isNaN(saidMs)) return before;
  const ahead = Math.round(saidMs + 500 - (sentMs + gotMs) / 2);
  const errorMs = 1000 + (gotMs - sentMs);
  return before !== undefined && Math.abs(ahead - before) <= errorMs ? before : ahead;
}

/** At most `max` at a time, first come first served. */
function turns(max: number): <R>(work: () => Promise<R>) => Promise<R> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const first = waiting.shift();
      if (first === undefined) running -= 1;
      else first();
    }
  };
}

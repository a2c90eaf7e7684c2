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

/**
 * Runs until the signal aborts. A kubeconfig that is wrong, a server that is away: said by `onServer`, tried again. Rejects for a bug only, when
 * nothing of it runs any more.
 */
export async function watchCluster(given: ClusterWatch): Promise<void> {
  const limits = given.limits ?? kubeLimits;
  const own = new AbortController();
  const watch = { ...given, signal: AbortSignal.any([given.signal, own.signal]) };
  const connection = new Connection(watch, limits);
  try {
    await connection.open();
    if (watch.signal.aborted) return;
    const inTurn = turns(limits.listsMax);
    const loops = [
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
    ];
    // One that ends with an error takes the others along: nobody would hear them any more.
    for (const loop of loops) loop.catch(() => own.abort());
    await Promise.allSettled(loops);
    await Promise.all(loops);
  } finally {
    own.abort();
    connection.close();
  }
}

class Connection {
  readonly #watch: ClusterWatch;
  readonly #limits: KubeLimits;
  #access: KubeAccess | undefined;
  #transport: KubeTransport | undefined;
  #session = new AbortController();
  #discovered: Discovered | undefined;
  #serverNumber = 0;
  #next = Promise.withResolvers<void>();
  #report: ServerReport = { state: "connecting", because: "", version: "", clockAheadMs: undefined };

  constructor(watch: ClusterWatch, limits: KubeLimits) {
    this.#watch = watch;
    this.#limits = limits;
  }

  /** Resolves when the server answered and said what it has, or the signal aborted. */
  async open(): Promise<void> {
    const { signal, logger, random } = this.#watch;
    const backoff = createBackoff(this.#limits.retryMsMin, this.#limits.retryMsMax, random);
    while (!signal.aborted) {
      try {
        await this.#reload();
        await this.#ping();
        await this.#lookFor();
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        const fault = toFault(thrown);
        this.#say({ state: fault.kind === "usage" ? "refused" : "connecting", because: fault.message });
        logger.warn({ code: fault.code, error: fault.message }, "a cluster cannot be read yet");
        await backoff.wait(signal, fault.retryAfterMs);
      }
    }
  }

  /** Pings, rediscovers and reloads until the signal aborts. */
  async keep(): Promise<void> {
    const { signal, logger } = this.#watch;
    const { reloadMs, discoverMs, pingMs } = this.#limits;
    const failures = { count: 0 };
    const stepMs = Math.min(reloadMs, discoverMs, pingMs);
    // What does not work any more is said by the pings.
    const warn = (message: string) => (thrown: unknown) => logger.warn({ error: toFault(thrown).message }, message);
    for (let passedMs = stepMs; !signal.aborted; passedMs += stepMs) {
      await pause(stepMs, signal);
      if (signal.aborted) return;
      if (isDue(passedMs, stepMs, reloadMs))
        await this.#reload().catch(warn("the kubeconfig of a cluster cannot be read again"));
      if (isDue(passedMs, stepMs, pingMs)) await this.#keepOnce(failures);
      if (isDue(passedMs, stepMs, discoverMs) && this.#report.state === "connected")
        await this.#lookFor().catch(warn("what a cluster has cannot be looked up"));
    }
  }

  transport(): KubeTransport {
    if (this.#transport === undefined) throw new Error("no transport before open");
    return this.#transport;
  }

  session(): AbortSignal {
    return this.#session.signal;
  }

  serverNumber(): number {
    return this.#serverNumber;
  }

  discovered(): Discovered | undefined {
    return this.#discovered;
  }

  /** Resolves when the server's resources were looked for again, or `signal` aborted. */
  async rediscovered(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const stop = Promise.withResolvers<void>();
    const onAbort = () => stop.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([this.#next.promise, stop.promise]);
    signal.removeEventListener("abort", onAbort);
  }

  close(): void {
    this.#session.abort();
    this.#transport?.close();
  }

  #say(change: Partial<ServerReport>): void {
    const now = { ...this.#report, ...change };
    if (JSON.stringify(now) === JSON.stringify(this.#report)) return;
    this.#report = now;
    this.#watch.onServer(this.#report);
  }

  /** Reads the source again; new credentials begin a new session. Throws what is wrong with it. */
  async #reload(): Promise<void> {
    const fresh = await (this.#watch.access ?? loadAccess)(this.#watch.source);
    if (this.#access?.fingerprint === fresh.fingerprint) return;
    // Throws before anything is changed when the new ones cannot be used: half of a pair may be replaced already.
    const transport = (this.#watch.transport ?? ((given) => httpsTransport(given, this.#limits)))(fresh);
    const [oldTransport, oldSession] = [this.#transport, this.#session];
    if (
      this.#access?.server.href !== fresh.server.href ||
      this.#access.ca?.equals(fresh.ca ?? Buffer.alloc(0)) !== true
    )
      this.#serverNumber += 1;
    this.#access = fresh;
    this.#transport = transport;
    this.#session = new AbortController();
    if (oldTransport === undefined) return;
    this.#watch.logger.info(
      { server: fresh.server.host },
      "the credentials of a cluster changed: its watches are opened again",
    );
    oldSession.abort();
    oldTransport.close();
  }

  /** Version and clock; an answer of any kind but a refusal of who asks is life. */
  async #ping(): Promise<void> {
    const sentMs = this.#watch.clock.nowMs();
    const own = AbortSignal.any([this.#watch.signal, AbortSignal.timeout(this.#limits.pingMsMax)]);
    const answer = await this.transport().get({ path: "/version", signal: own });
    const version = await this.#versionIn(answer);
    const ahead = aheadOf(answer.header("date"), sentMs, this.#watch.clock.nowMs(), this.#report.clockAheadMs);
    this.#say({ state: "connected", because: "", version, clockAheadMs: ahead });
  }

  /** Who may not ask for the version is told so by a server that lives. */
  async #versionIn(answer: KubeAnswer): Promise<string> {
    const bounds = { bytesMax: this.#limits.documentBytesMax, silentMs: this.#limits.pingMsMax };
    if (answer.status !== 200) {
      const fault = await apiFault(answer, "/version", this.#limits);
      if (fault.code === "kube/forbidden") return this.#report.version;
      throw fault;
    }
    const { gitVersion } = asRecord(parseJson(await readText(answer, "/version", bounds), "/version"));
    return typeof gitVersion === "string" ? gitVersion.slice(0, 100) : this.#report.version;
  }

  async #lookFor(): Promise<void> {
    try {
      this.#discovered = await discover({
        transport: this.transport(),
        limits: this.#limits,
        signal: this.#watch.signal,
      });
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== "kube/forbidden") throw fault;
      // Discovery alone is refused: each resource says by itself whether it may be read.
      this.#discovered = undefined;
    }
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  async #keepOnce(failures: { count: number }): Promise<void> {
    try {
      await this.#ping();
      failures.count = 0;
    } catch (thrown) {
      if (this.#watch.signal.aborted) return;
      failures.count += 1;
      if (failures.count < this.#limits.pingsFailedMax) return;
      this.#say({ state: "away", because: toFault(thrown).message });
      // What hangs is cut, so that every resource tries anew.
      const old = this.#session;
      this.#session = new AbortController();
      old.abort();
    }
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

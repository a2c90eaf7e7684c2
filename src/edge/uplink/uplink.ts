// The agent's side of the protocol: joins, keeps one session, sends blocks, follows its resources, reports, renews its certificate.
// Whatever breaks, it says why, waits with jitter and begins again; blocks stay in the spool until the server has them.
import type { ClientHttp2Session } from "node:http2";
import type { Clock } from "../../base/clock.ts";
import { Fault, toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { agentPaths, type AgentReport, type ControlMessage, type JoinToken } from "../../model/agent-protocol.ts";
import type { IdentitiesMessage } from "../../model/identity-entry.ts";
import type { Resource } from "../../model/resource.ts";
import { createBackoff, type Random } from "./backoff.ts";
import { createBlockSender, type BlockSource, type SenderCounters, type SpooledBlock } from "./block-sender.ts";
import { createClockDifference } from "./clock-difference.ts";
import { followControl } from "./control-stream.ts";
import { caSha256Of, lifeOf, loadCredentials, saveCredentials, type Credentials } from "./credentials.ts";
import { join, renew } from "./join.ts";
import { applyToView, loadView, saveView, type ResourceView } from "./resource-view.ts";
import { faultOfAnswer, openSession, post, postJson } from "./session.ts";

export const uplinkLimits = {
  reconnectMsFirst: 250,
  reconnectMsMax: 30_000,
  /** After a refusal that a retry hardly helps (revoked, token used up). */
  refusedWaitMs: 15_000,
  reportEveryMs: 5000,
  reportSoonMs: 200,
  /** A new certificate is asked for when this part of its life is over. */
  renewAfterLife: 2 / 3,
  renewRetryMs: 60_000,
  /** How long the parts of a session may take to end before it is cut. */
  endMsMax: 2500,
} as const;

export interface UplinkOptions<Entry extends SpooledBlock> {
  /** "https://host:port" of the agents' door. */
  readonly server: URL;
  /** Of the agent: credentials and the last good resources. */
  readonly folder: string;
  readonly node: string;
  readonly agentVersion: string;
  /** Asked for when the agent must join; undefined when there is none. */
  readonly joinToken: () => Promise<JoinToken | undefined>;
  readonly source: BlockSource<Entry>;
  /** The full set, whenever it changed, and once at start with the last good one. Called one at a time. */
  readonly onResources: (resources: readonly Resource[]) => void;
  /** What the server says of the cluster's identities, in order; each connection begins with a message that is `first`. Not kept on disk. */
  readonly onIdentities?: (message: IdentitiesMessage) => void;
  readonly report: (number: number) => AgentReport;
  /** Told at each connection, and at each attempt or session that failed; not when it ended on purpose. */
  readonly onConnection?: (connection: UplinkConnection) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export type UplinkConnection =
  | { readonly connected: true; readonly cluster: string; readonly node: string }
  | { readonly connected: false; readonly fault: Fault };

export interface UplinkState extends SenderCounters {
  readonly connected: boolean;
  /** Why not connected; "" when it is. */
  readonly because: string;
  readonly cluster: string;
  readonly node: string;
  readonly certificateExpiresAtMs: number | undefined;
  /** How far this machine's clock is ahead of the server's; 0 when it is not known or below two seconds. */
  readonly clockAheadMs: number;
}

export interface Uplink {
  readonly state: UplinkState;
  /** Begins; returns at once. The last good resources are handed over first. */
  start(): Promise<void>;
  /** There are new blocks in the spool. */
  wake(): void;
  /** Something worth telling changed: a report goes out within a moment. */
  reportSoon(): void;
  /** Waits up to `drainMs` for the source to run empty, then ends the session. */
  close(drainMs: number): Promise<void>;
}

export function createUplink<Entry extends SpooledBlock>(options: UplinkOptions<Entry>): Uplink {
  return new ServerUplink(options);
}

class ServerUplink<Entry extends SpooledBlock> implements Uplink {
  readonly #options: UplinkOptions<Entry>;
  readonly #sender;
  readonly #reconnect;
  readonly #clockDifference = createClockDifference();
  readonly #closing = new AbortController();
  #credentials: Credentials | undefined;
  #view: ResourceView = { number: 0, epoch: "", resources: [] };
  #askSnapshot = false;
  #connected = false;
  #because = "starting";
  #running: Promise<void> = Promise.resolve();
  #reportNow: () => void = () => undefined;

  constructor(options: UplinkOptions<Entry>) {
    const { source, clock, random, logger } = options;
    this.#options = options;
    const backoff = createBackoff({ firstMs: 200, maxMs: 30_000, random });
    this.#sender = createBlockSender({ source, clock, backoff, logger });
    this.#reconnect = createBackoff({
      firstMs: uplinkLimits.reconnectMsFirst,
      maxMs: uplinkLimits.reconnectMsMax,
      random,
    });
  }

  get state(): UplinkState {
    return {
      ...this.#sender.counters,
      connected: this.#connected,
      because: this.#because,
      cluster: this.#credentials?.cluster ?? "",
      node: this.#credentials?.node ?? this.#options.node,
      certificateExpiresAtMs: this.#credentials === undefined ? undefined : lifeOf(this.#credentials).toMs,
      clockAheadMs: this.#clockDifference.aheadMs,
    };
  }

  async start(): Promise<void> {
    this.#view = await loadView(this.#options.folder, this.#options.logger);
    if (this.#view.number > 0) this.#options.onResources(this.#view.resources);
    this.#running = this.#run();
  }

  wake(): void {
    this.#sender.wake();
  }

  reportSoon(): void {
    this.#reportNow();
  }

  async close(drainMs: number): Promise<void> {
    const deadline = this.#options.clock.nowMs() + drainMs;
    while (
      this.#connected &&
      this.#options.source.next(new Set()) !== undefined &&
      this.#options.clock.nowMs() < deadline
    ) {
      this.#sender.wake();
      await sleep(20, this.#closing.signal);
    }
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let fault: Fault | undefined;
      try {
        this.#credentials = await this.#obtainCredentials();
        await this.#serve(this.#credentials);
      } catch (error) {
        fault = toFault(error);
        if (fault.code === "internal/unexpected")
          this.#options.logger.error({ err: fault.cause }, "the uplink failed unexpectedly");
      }
      this.#setState(false, fault?.message ?? "");
      if (signal.aborted) return;
      if (fault === undefined) continue;
      this.#options.onConnection?.({ connected: false, fault });
      await sleep(this.#waitMs(fault), signal);
    }
  }

  #waitMs(fault: Fault): number {
    const backoffMs = this.#reconnect.nextMs();
    const hopeless =
      fault.kind === "unauthenticated" ||
      fault.kind === "forbidden" ||
      fault.kind === "usage" ||
      fault.kind === "conflict";
    return Math.max(backoffMs, hopeless ? Math.min(uplinkLimits.refusedWaitMs, backoffMs * 8) : 0);
  }

  #setState(connected: boolean, because: string): void {
    const { logger, server } = this.#options;
    if (connected !== this.#connected || because !== this.#because) {
      if (connected) logger.info({ server: server.host, node: this.#credentials?.node }, "connected to the server");
      else if (because !== "") logger.warn({ server: server.host, because }, "not connected to the server");
    }
    this.#connected = connected;
    this.#because = because;
  }

  /** The saved ones while they are valid and of the token's server; else a join. */
  async #obtainCredentials(): Promise<Credentials> {
    const { folder, logger, clock, server, node, agentVersion } = this.#options;
    const token = await this.#options.joinToken();
    const saved = this.#credentials ?? (await loadCredentials(folder, logger));
    const isCurrent = saved !== undefined && lifeOf(saved).toMs > clock.nowMs();
    if (isCurrent && (token === undefined || caSha256Of(saved.caPem) === token.caSha256)) return saved;
    if (token === undefined) {
      throw new Fault(
        saved === undefined ? "this agent has not joined a server yet" : "this agent's certificate has expired",
        {
          code: "uplink/no-token",
          kind: "unauthenticated",
          hint: "`garrison agent token` on the server makes a join token: give it as GARRISON_JOIN_TOKEN or --join-token-file",
        },
      );
    }
    const joined = await join(server, token, { node, agentVersion });
    await saveCredentials(folder, joined);
    logger.info({ cluster: joined.cluster, node: joined.node }, "joined the server");
    return joined;
  }

  /** One session from beginning to end; resolves when it was left on purpose (renewed certificate, hole, close). */
  async #serve(credentials: Credentials): Promise<void> {
    const { server } = this.#options;
    const session = await openSession(server, credentials);
    const leave = new AbortController();
    const stop = () => leave.abort();
    this.#closing.signal.addEventListener("abort", stop);
    if (this.#closing.signal.aborted) stop();
    const closed = new Promise<void>((_, reject) => {
      session.once("close", () =>
        reject(new Fault("the session was closed", { code: "uplink/unreachable", kind: "unavailable" })),
      );
    });
    try {
      await this.#tell(session);
      this.#setState(true, "");
      this.#options.onConnection?.({ connected: true, cluster: credentials.cluster, node: credentials.node });
      this.#reconnect.reset();
      const parts = [
        this.#sender.run((headers, body) => post(session, agentPaths.blocks, headers, body), leave.signal),
        this.#follow(session, leave.signal),
        this.#reportLoop(session, leave.signal),
        this.#renewLoop(session, leave.signal),
      ];
      const quiet = parts.map((part) => part.catch(() => undefined));
      try {
        await Promise.race([...parts, closed]);
      } finally {
        leave.abort();
        closed.catch(() => undefined);
        await within(uplinkLimits.endMsMax, Promise.all(quiet));
      }
    } finally {
      closed.catch(() => undefined);
      this.#closing.signal.removeEventListener("abort", stop);
      session.destroy();
    }
  }

  /** Resolves when a snapshot must be asked for. */
  async #follow(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const stream = new AbortController();
      const stop = () => stream.abort();
      signal.addEventListener("abort", stop);
      const number = this.#askSnapshot ? 0 : this.#view.number;
      this.#askSnapshot = false;
      const sentMs = this.#options.clock.nowMs();
      const listener = {
        onMessage: async (message: ControlMessage) => {
          if (!(await this.#take(message))) stream.abort();
        },
        onDate: (date: unknown) => this.#clockDifference.sample(date, sentMs, this.#options.clock.nowMs()),
      };
      await followControl(session, number, listener, stream.signal).finally(() =>
        signal.removeEventListener("abort", stop),
      );
    }
  }

  /** False when the message left a hole. */
  async #take(message: ControlMessage): Promise<boolean> {
    if (message.type === "ping") return true;
    if (message.type === "epoch") {
      await this.#takeEpoch(message.epoch);
      return true;
    }
    if (message.type === "identities") {
      this.#options.onIdentities?.(message);
      return true;
    }
    const next = applyToView(this.#view, message);
    if (next === "hole") {
      this.#options.logger.warn(
        { have: this.#view.number, got: message.number },
        "a hole in the resources; asking for a snapshot",
      );
      this.#askSnapshot = true;
      return false;
    }
    this.#view = next;
    await saveView(this.#options.folder, next);
    this.#options.onResources(next.resources);
    this.#reportNow();
    return true;
  }

  async #takeEpoch(epoch: string): Promise<void> {
    if (epoch === this.#view.epoch) return;
    this.#view = { ...this.#view, epoch };
    const blocks = await this.#options.source.replayAcknowledged();
    await saveView(this.#options.folder, this.#view);
    if (blocks > 0) this.#options.logger.info({ blocks }, "the store was rebuilt; offering the last blocks again");
    this.#sender.wake();
  }

  async #reportLoop(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#untilReportIsDue(signal);
      if (!signal.aborted) await this.#tell(session);
    }
  }

  async #untilReportIsDue(signal: AbortSignal): Promise<void> {
    const asked = new AbortController();
    const stop = () => asked.abort();
    signal.addEventListener("abort", stop);
    this.#reportNow = stop;
    await sleep(uplinkLimits.reportEveryMs, asked.signal);
    signal.removeEventListener("abort", stop);
    await sleep(uplinkLimits.reportSoonMs, signal);
  }

  async #tell(session: ClientHttp2Session): Promise<void> {
    const { clock } = this.#options;
    const sentMs = clock.nowMs();
    const answer = await postJson(session, agentPaths.report, this.#options.report(this.#view.number));
    this.#clockDifference.sample(answer.headers["date"], sentMs, clock.nowMs());
    if (answer.status >= 300) throw faultOfAnswer(agentPaths.report, answer);
  }

  /** Resolves when a new certificate was saved: the session is then opened anew with it. */
  async #renewLoop(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
    const { clock, logger, folder } = this.#options;
    while (!signal.aborted && this.#credentials !== undefined) {
      const { fromMs, toMs } = lifeOf(this.#credentials);
      const dueMs = fromMs + (toMs - fromMs) * uplinkLimits.renewAfterLife;
      if (clock.nowMs() < dueMs) {
        await sleep(Math.min(dueMs - clock.nowMs(), uplinkLimits.renewRetryMs), signal);
        continue;
      }
      try {
        const renewed = await renew(session, this.#credentials);
        await saveCredentials(folder, renewed);
        this.#credentials = renewed;
        logger.info({ node: renewed.node }, "renewed the certificate");
        return;
      } catch (error) {
        logger.warn({ error: toFault(error).message }, "the certificate could not be renewed; trying again");
        await sleep(uplinkLimits.renewRetryMs, signal);
      }
    }
  }
}

/** Resolves with the work or when the time is over. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}

/** Resolves after `ms` or when `signal` aborts; never rejects. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

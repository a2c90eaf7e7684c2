// The agents' door: HTTP/2 over TLS with our own CA. Without a certificate one may join; everything else belongs to the certificate's
// identity. Blocks are judged, made durable, acknowledged; control streams carry resources and identities; reports say how agents are.
import { X509Certificate } from "node:crypto";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import type { AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import type { CertificateAuthority } from "../../../edge/trust/certificate-authority.ts";
import { AgentReport, agentPaths, blockHeaderName } from "../../../model/agent-protocol.ts";
import { BlockDesk } from "./block-desk.ts";
import type { InspectBlock } from "./check-block.ts";
import { openControlStream, type ControlStream } from "./control-stream.ts";
import type { Distribution } from "./distribution.ts";
import type { IdentityFeed } from "./identity-feed.ts";
import { Enrolment, revoked } from "./enrolment.ts";
import { answerFault, answerJson, parseJson, readBody } from "./exchange.ts";
import type { Intake, IntakeCounters } from "./intake.ts";
import { doorLimits } from "./limits.ts";
import { Holders, peerOf, type AgentPeer, type Peer } from "./peers.ts";
import { Watch } from "./watch.ts";

export interface AgentsDoorOptions {
  /** Address to listen on; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly authority: CertificateAuthority;
  readonly state: Pick<StateStore, "joinTokens" | "agents" | "ledger">;
  readonly store: Pick<TelemetryStore, "health">;
  readonly intake: Intake;
  readonly distribution: Distribution;
  readonly identities: IdentityFeed;
  readonly inspect: InspectBlock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often control streams are pinged, and how often revocations, epoch and silence are looked at. Milliseconds. */
  readonly pingMs?: number;
  readonly watchMs?: number;
  /** Without contact for this long an agent counts as gone, and a gap says so. Milliseconds. */
  readonly goneMs?: number;
}

export interface DoorCounters extends IntakeCounters {
  /** Every refusal of the door by code, blocks and other requests alike. */
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly agentsConnected: number;
  readonly sessions: number;
}

export class AgentsDoor {
  readonly #options: AgentsDoorOptions;
  readonly #ca: X509Certificate;
  readonly #holders: Holders;
  readonly #enrolment: Enrolment;
  readonly #desk: BlockDesk;
  readonly #watch: Watch;
  readonly #peers = new Map<Http2Session, Peer>();
  readonly #streams = new Map<Http2Session, ControlStream>();
  readonly #refusedByCode: Record<string, number> = {};
  readonly #notices: string[] = [];
  #server: Http2SecureServer | undefined;

  constructor(options: AgentsDoorOptions) {
    const { authority, state, intake, inspect, clock, logger, store } = options;
    this.#options = options;
    this.#ca = new X509Certificate(authority.caPem);
    this.#holders = new Holders(async ({ cluster, node }) => (await state.agents.get(cluster, node))?.serial);
    const notice = (text: string) => this.#notice(text);
    this.#enrolment = new Enrolment({ ...state, authority, holders: this.#holders, clock, notice });
    this.#desk = new BlockDesk({ intake, inspect, clock, agentsConnected: () => this.#holders.size });
    this.#watch = new Watch({
      agents: state.agents,
      store,
      intake,
      clock,
      logger,
      goneMs: options.goneMs ?? 60_000,
      isConnected: (identity) => this.#holders.has(identity),
      cut: (identity) => this.cut(identity),
      onEpoch: (epoch) => this.#broadcast({ type: "epoch", epoch }),
      renewServer: () => this.#renewServer(),
    });
  }

  /** Listens. Throws a Fault ("agents/port-in-use") that names the address when it is taken. Returns the port. */
  async start(): Promise<number> {
    const { keyPem, chainPem } = await this.#options.authority.server();
    const server = createSecureServer({
      key: keyPem,
      cert: chainPem,
      ca: this.#options.authority.caPem,
      requestCert: true,
      // Judged per session in peers.ts: a newcomer has no certificate yet and may still join.
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      handshakeTimeout: 10_000,
      maxSessionMemory: 64,
      settings: {
        maxConcurrentStreams: doorLimits.streamsPerSession,
        maxHeaderListSize: doorLimits.headerListBytesMax,
      },
    });
    server.maxConnections = doorLimits.sessionsMax + doorLimits.sessionsAnonymousMax;
    this.#server = server;
    server.on("session", (session) => this.#admit(session));
    server.on("stream", (stream, headers) => void this.#serve(stream as ServerHttp2Stream, headers));
    server.on("tlsClientError", (error) =>
      this.#options.logger.debug({ error: error.message }, "a TLS handshake failed"),
    );
    await listen(server, this.#options.host, this.#options.port);
    await this.#watch.start(this.#options.watchMs ?? 2_000);
    return (server.address() as AddressInfo).port;
  }

  /** Takes nothing new, ends control streams, and waits for requests on their way, at most `drainMs`. The intake is its owner's to close. */
  async stop(drainMs = 2_000): Promise<void> {
    await this.#watch.stop();
    const server = this.#server;
    if (server === undefined) return;
    for (const stream of this.#streams.values()) stream.close();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const session of this.#peers.keys()) session.close();
    const timer = setTimeout(() => {
      for (const session of this.#peers.keys()) session.destroy();
    }, drainMs);
    await closed;
    clearTimeout(timer);
  }

  /** Ends the agent's session at once; to be called after a revocation (the watch finds it too, a little later). */
  cut(identity: AgentIdentity): void {
    this.#holders.cut(identity);
  }

  isConnected(identity: AgentIdentity): boolean {
    return this.#holders.has(identity);
  }

  counters(): DoorCounters {
    return {
      ...this.#options.intake.counters(),
      refusedByCode: { ...this.#refusedByCode },
      agentsConnected: this.#holders.size,
      sessions: this.#peers.size,
    };
  }

  /** One line each, oldest first: what people should know. */
  notices(): readonly string[] {
    const { storePausedBecause } = this.#options.intake.counters();
    return storePausedBecause === ""
      ? [...this.#notices]
      : [...this.#notices, `the store takes no rows at present: ${storePausedBecause}`];
  }

  #notice(text: string): void {
    this.#options.logger.warn({}, text);
    if (this.#notices.at(-1) === text) return;
    this.#notices.push(text);
    if (this.#notices.length > doorLimits.noticesMax) this.#notices.shift();
  }

  #broadcast(message: Parameters<ControlStream["send"]>[0]): void {
    for (const stream of this.#streams.values()) stream.send(message);
  }

  async #renewServer(): Promise<void> {
    const { keyPem, chainPem, renewed } = await this.#options.authority.server();
    if (!renewed) return;
    this.#server?.setSecureContext({ key: keyPem, cert: chainPem, ca: this.#options.authority.caPem });
    this.#options.logger.info({}, "the agents' door has a new certificate");
  }

  #admit(session: ServerHttp2Session): void {
    const peer = peerOf(session, this.#ca);
    const strangers = [...this.#peers.values()].filter(({ kind }) => kind === "stranger").length;
    if (
      this.#peers.size >= doorLimits.sessionsMax ||
      (peer.kind === "stranger" && strangers >= doorLimits.sessionsAnonymousMax)
    ) {
      this.#count("agents/sessions-limit");
      session.destroy();
      return;
    }
    this.#peers.set(session, peer);
    session.on("error", (error) =>
      this.#options.logger.debug({ error: error.message }, "a session ended with an error"),
    );
    const timer = peer.kind === "stranger" ? setTimeout(() => session.destroy(), doorLimits.anonymousMsMax) : undefined;
    session.once("close", () => {
      clearTimeout(timer);
      this.#peers.delete(session);
    });
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on("error", (error) => this.#options.logger.debug({ error: error.message }, "a stream ended with an error"));
    try {
      await this.#route(stream, headers);
    } catch (error) {
      const fault = answerFault(stream, error);
      this.#count(fault.code);
      if (fault.kind === "internal" || fault.cause !== undefined) {
        this.#options.logger.error({ code: fault.code, err: fault.cause ?? error }, "a request of an agent failed");
      }
      if (fault.code === "agents/revoked") stream.once("close", () => stream.session?.close());
    }
  }

  async #route(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const { session } = stream;
    const peer = session === undefined ? undefined : this.#peers.get(session);
    if (session === undefined || peer === undefined) throw unauthenticated("the session is ending");
    const request = `${headers[":method"] ?? ""} ${(headers[":path"] ?? "").split("?")[0]}`;
    if (request === `POST ${agentPaths.join}`) {
      this.#enrolment.checkRate(peer.address);
      const body = parseJson(await readBody(stream, doorLimits.smallBodyBytesMax));
      answerJson(stream, await this.#enrolment.join(body, peer.address));
      return;
    }
    if (peer.kind === "stranger") throw unauthenticated(peer.because);
    if (peer.expiresAtMs <= this.#options.clock.nowMs()) throw unauthenticated("the client certificate has expired");
    if (await this.#isRevoked(peer)) throw revoked();
    refuseForeignHeaders(headers);
    await this.#claim(session, peer, request);
    this.#watch.contact(peer);
    switch (request) {
      case `POST ${agentPaths.blocks}`:
        return this.#desk.take(stream, headers, peer);
      case `POST ${agentPaths.renew}`:
        return answerJson(
          stream,
          await this.#enrolment.renew(peer, parseJson(await readBody(stream, doorLimits.smallBodyBytesMax))),
        );
      case `POST ${agentPaths.report}`:
        return this.#report(stream, peer);
      case `GET ${agentPaths.control}`:
        return this.#control(stream, session, peer, headers[":path"] ?? "");
      default:
        throw new Fault("there is no such path at the agents' door", { code: "agents/not-found", kind: "not-found" });
    }
  }

  /** A state store that is away is no reason to give anything up: the agent waits and asks again. */
  async #isRevoked(peer: AgentPeer): Promise<boolean> {
    try {
      return await this.#options.state.agents.isRevoked(peer.serial);
    } catch (error) {
      throw new Fault("the server cannot look up certificates at present", {
        code: "agents/state-away",
        kind: "unavailable",
        hint: "see the state store's health; agents keep their rows and try again",
        retryAfterMs: 5_000,
        cause: error,
      });
    }
  }

  async #claim(session: Http2Session, peer: AgentPeer, request: string): Promise<void> {
    try {
      await this.#holders.claim(session, peer);
    } catch (error) {
      const fault = toFault(error);
      this.#notice(`${fault.message} (a second one came from ${peer.address})`);
      // 409 to a block would mean "this very block, never": the block is fine, its sender is not.
      if (request !== `POST ${agentPaths.blocks}`) throw fault;
      throw new Fault(fault.message, {
        code: fault.code,
        kind: "forbidden",
        ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      });
    }
  }

  async #report(stream: ServerHttp2Stream, peer: AgentPeer): Promise<void> {
    const body = parseJson(await readBody(stream, doorLimits.reportBytesMax));
    const report = AgentReport.safeParse(body);
    if (!report.success) {
      const issue = report.error.issues[0];
      throw new Fault(`the report is refused: ${issue?.message ?? "unknown"}`, {
        code: "agents/bad-report",
        kind: "usage",
        hint: "send exactly the fields of the protocol",
        where: issue?.path.join(".") ?? "",
      });
    }
    // What became of resources is kept by resource, not a second time in the report.
    const kept = { ...report.data, resources: [] };
    await this.#options.state.agents.seen(peer.cluster, peer.node, kept, this.#options.clock.nowMs());
    await this.#options.distribution.report(peer, report.data.resources);
    answerJson(stream, {});
  }

  #control(stream: ServerHttp2Stream, session: Http2Session, peer: AgentPeer, path: string): void {
    const number = Number(new URL(path, "https://garrison.invalid").searchParams.get("number") ?? "0");
    if (!Number.isSafeInteger(number) || number < 0) {
      throw new Fault("number must be a whole number of at least 0", { code: "agents/bad-number", kind: "usage" });
    }
    this.#streams.get(session)?.close();
    const control = openControlStream(stream, this.#options.pingMs ?? 15_000, {
      onClose: () => {
        stop();
        identities.stop();
        if (this.#streams.get(session) === control) this.#streams.delete(session);
      },
      onDrain: () => identities.drained(),
    });
    this.#streams.set(session, control);
    const { epoch } = this.#watch;
    if (epoch !== "") control.send({ type: "epoch", epoch });
    const stop = this.#options.distribution.open(peer, number, (message) => control.send(message));
    const identities = this.#options.identities.open(peer.cluster, (line) => control.offer(line));
  }

  #count(code: string): void {
    this.#refusedByCode[code] = (this.#refusedByCode[code] ?? 0) + 1;
  }
}

/** The door with its parts; nothing listens before `start`. */
export function createAgentsDoor(options: AgentsDoorOptions): AgentsDoor {
  return new AgentsDoor(options);
}

/** No header of ours but the block's own exists: one that claims a cluster, a node or anything else is refused, not ignored. */
function refuseForeignHeaders(headers: IncomingHttpHeaders): void {
  const name = Object.keys(headers).find((name) => name.startsWith("garrison") && name !== blockHeaderName);
  if (name === undefined) return;
  throw new Fault("a garrison header that the protocol does not have", {
    code: "agents/unknown-header",
    kind: "usage",
    hint: "cluster and node come from the client certificate only",
    where: name.slice(0, 100),
  });
}

function unauthenticated(because: string): Fault {
  return new Fault(because, {
    code: "agents/unauthenticated",
    kind: "unauthenticated",
    hint: "join with a token first; certificates live 24 hours and renew themselves while the agent runs",
  });
}

async function listen(server: Http2SecureServer, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, () => resolve());
  try {
    await promise;
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw new Fault(
      isTaken ? `port ${port} on ${host}, the agents' door, is in use` : `cannot listen on ${host} port ${port}`,
      {
        code: isTaken ? "agents/port-in-use" : "agents/cannot-listen",
        kind: "usage",
        hint: isTaken
          ? `\`ss -ltnp sport = :${port}\` names the process; --agents-port takes another port (0: a free one)`
          : "check --agents-address and --agents-port",
        cause: error,
      },
    );
  }
  server.off("error", reject);
}

// Who is at the other end of a session, judged once from its client certificate; and which one session may speak for an agent.
import type { X509Certificate } from "node:crypto";
import type { Http2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import { Fault } from "../../../base/fault.ts";
import { identityOf, normalSerial, type AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import { doorLimits } from "./limits.ts";

export interface AgentPeer extends AgentIdentity {
  readonly kind: "agent";
  readonly serial: string;
  readonly expiresAtMs: number;
  readonly address: string;
}

/** Without a certificate of ours: it may join and nothing else. */
export interface StrangerPeer {
  readonly kind: "stranger";
  readonly because: string;
  readonly address: string;
}

export type Peer = AgentPeer | StrangerPeer;

/** Judges a session's client certificate: signed by our CA, for clients, in its life, with one identity. */
export function peerOf(session: Http2Session, ca: X509Certificate): Peer {
  const socket = session.socket as TLSSocket;
  const address = socket.remoteAddress ?? "";
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: "stranger", because: "no client certificate was presented", address };
  if (!socket.authorized || !certificate.verify(ca.publicKey)) {
    return {
      kind: "stranger",
      because: "the client certificate is not valid here: expired, or of another server",
      address,
    };
  }
  const identity = identityOf(certificate);
  if (identity === undefined) return { kind: "stranger", because: "the certificate is not an agent's", address };
  return {
    kind: "agent",
    ...identity,
    serial: normalSerial(certificate.serialNumber),
    expiresAtMs: Date.parse(certificate.validTo),
    address,
  };
}

interface Holder {
  readonly session: Http2Session;
  readonly serial: string;
}

/** At most one live session speaks for an agent. A newer certificate takes over; an equal one only when the older session is dead. */
export class Holders {
  readonly #holders = new Map<string, Holder>();
  readonly #claims = new Map<Http2Session, Promise<void>>();
  readonly #newestSerial: (identity: AgentIdentity) => Promise<string | undefined>;

  constructor(newestSerial: (identity: AgentIdentity) => Promise<string | undefined>) {
    this.#newestSerial = newestSerial;
  }

  get size(): number {
    return this.#holders.size;
  }

  has(identity: AgentIdentity): boolean {
    return this.#holders.has(keyOf(identity));
  }

  /** Resolves when this session may speak for the agent. Throws a Fault ("agents/second-live-agent") when another one lives. */
  async claim(session: Http2Session, peer: AgentPeer): Promise<void> {
    if (this.#holders.get(keyOf(peer))?.session === session) return;
    const claim = this.#claims.get(session) ?? this.#decide(session, peer).finally(() => this.#claims.delete(session));
    this.#claims.set(session, claim);
    await claim;
  }

  /** Whether the agent's session answers a ping now. A dead one is destroyed. */
  async isLive(identity: AgentIdentity): Promise<boolean> {
    const holder = this.#holders.get(keyOf(identity));
    if (holder === undefined) return false;
    if (await answersPing(holder.session)) return true;
    holder.session.destroy();
    return false;
  }

  /** Ends the agent's session at once. */
  cut(identity: AgentIdentity): void {
    this.#holders.get(keyOf(identity))?.session.destroy();
  }

  async #decide(session: Http2Session, peer: AgentPeer): Promise<void> {
    const key = keyOf(peer);
    const old = this.#holders.get(key);
    if (old !== undefined && old.session !== session) {
      const newest = old.serial === peer.serial ? old.serial : await this.#newestSerial(peer);
      const isNewer = old.serial !== peer.serial && newest === peer.serial;
      if (!isNewer && (await answersPing(old.session))) throw secondAgent(peer);
      old.session.destroy();
    }
    const now = this.#holders.get(key);
    if (now !== undefined && now !== old) throw secondAgent(peer);
    if (session.destroyed) return;
    const holder = { session, serial: peer.serial };
    this.#holders.set(key, holder);
    session.once("close", () => {
      if (this.#holders.get(key) === holder) this.#holders.delete(key);
    });
  }
}

function keyOf(identity: AgentIdentity): string {
  return `${identity.cluster}\n${identity.node}`;
}

async function answersPing(session: Http2Session): Promise<boolean> {
  if (session.destroyed || session.closed) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), doorLimits.challengeMs);
  session.once("close", () => resolve(false));
  try {
    session.ping((error) => resolve(error === null));
  } catch {
    // The session ended between the check and the ping.
    resolve(false);
  }
  const answered = await promise;
  clearTimeout(timer);
  return answered;
}

function secondAgent(peer: AgentPeer): Fault {
  return new Fault(`another live agent already speaks for node ${peer.node} of cluster ${peer.cluster}`, {
    code: "agents/second-live-agent",
    kind: "conflict",
    hint: "stop the other agent, or give this one another node name and a join token of its own",
  });
}

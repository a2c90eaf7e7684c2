// Joining and renewing: who gets a certificate, for which name. A used, an expired and an unknown token are one answer.
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Agents, JoinTokens, Ledger } from "../../../core/state/ports.ts";
import { isIdentityName, type AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import type { CertificateAuthority, IssuedCertificate } from "../../../edge/trust/certificate-authority.ts";
import { hashSecret } from "../../../edge/trust/join-token.ts";
import { JoinRequest, RenewRequest, type CertificateReply } from "../../../model/agent-protocol.ts";
import { apiServerNode } from "../clusters/limits.ts";
import { joinLimits } from "./limits.ts";
import type { AgentPeer, Holders } from "./peers.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";

export interface EnrolmentOptions {
  readonly authority: CertificateAuthority;
  readonly joinTokens: Pick<JoinTokens, "find" | "redeem">;
  readonly agents: Agents;
  readonly ledger: Pick<Ledger, "write">;
  readonly holders: Holders;
  readonly clock: Clock;
  /** Said to people: a name that two agents want, a node that joined again. */
  readonly notice: (text: string) => void;
}

export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #limit: RateLimit;
  readonly #startedAtMs: number;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#limit = createRateLimit(joinLimits, options.clock);
    this.#startedAtMs = options.clock.nowMs();
  }

  /** Takes one try from the address's allowance; to be called before the body is read. */
  checkRate(address: string): void {
    if (this.#limit.take(address)) return;
    throw new Fault("too many join requests", {
      code: "agents/join-limited",
      kind: "limited",
      hint: "wait a minute",
      retryAfterMs: 60_000,
    });
  }

  /**
   * A certificate for the token's cluster and the asked node name. A use of the token is taken last: a request that is refused (a live name,
   * a bad CSR) costs none. Whether a name lives is told only to who holds a token that could join now.
   */
  async join(body: unknown, address: string): Promise<CertificateReply> {
    const request = JoinRequest.safeParse(body);
    if (!request.success || !isIdentityName(request.data.node)) throw badRequest();
    const { node, csrPem } = request.data;
    if (node === apiServerNode) throw reservedName();
    const { joinTokens, clock, ledger, agents, authority } = this.#options;
    const secretSha256 = hashSecret(request.data.secret);
    const known = await joinTokens.find(secretSha256, clock.nowMs());
    if (known === undefined) throw await this.#refuseToken(node, address);
    const identity = { cluster: known.cluster, node };
    if (await this.#isLive(identity)) throw await this.#refuseSecond(identity, address);
    const issued = await authority.issue(csrPem, identity);
    const token = await joinTokens.redeem(secretSha256, clock.nowMs());
    // Somebody else took the last use meanwhile: the certificate goes nowhere.
    if (token === undefined) throw await this.#refuseToken(node, address);
    if ((await agents.get(identity.cluster, node)) !== undefined) {
      // A new agent for an old name: what the old one still holds must not work any more.
      await agents.revoke(identity.cluster, node);
      this.#options.notice(
        `node ${node} of cluster ${identity.cluster} joined again (from ${address}); its earlier certificates are revoked`,
      );
    }
    const reply = await this.#give(issued, identity);
    await ledger.write({
      timeMs: clock.nowMs(),
      user: `join-token:${token.id}`,
      action: "agent.join",
      target: `${identity.cluster}/${node}`,
      detail: { address, expiresAt: reply.expiresAt },
      outcome: "done",
    });
    return reply;
  }

  async #refuseToken(node: string, address: string): Promise<Fault> {
    await this.#write("agent.join", node, { address }, "refused");
    return refusedToken();
  }

  async #refuseSecond({ cluster, node }: AgentIdentity, address: string): Promise<Fault> {
    this.#options.notice(
      `a second agent wanted the name of the live node ${node} of cluster ${cluster} (from ${address})`,
    );
    await this.#write("agent.join", `${cluster}/${node}`, { address, because: "second live agent" }, "refused");
    return new Fault(`node ${node} of cluster ${cluster} has a live agent`, {
      code: "agents/second-live-agent",
      kind: "conflict",
      hint: "stop the other agent, or choose another node name; the join token was not used",
    });
  }

  /** A new certificate for the identity that the old one proves, and no other. */
  async renew(peer: AgentPeer, body: unknown): Promise<CertificateReply> {
    const request = RenewRequest.safeParse(body);
    if (!request.success) throw badRequest();
    // Joined before the name was kept free: its certificate ends soon.
    if (peer.node === apiServerNode) throw reservedName();
    const identity = { cluster: peer.cluster, node: peer.node };
    const reply = await this.#give(await this.#options.authority.issue(request.data.csrPem, identity), identity);
    if (await this.#options.agents.isRevoked(peer.serial)) {
      // Revoked while the new one was being made: the new one goes with it.
      await this.#options.agents.revoke(peer.cluster, peer.node);
      throw revoked();
    }
    return reply;
  }

  /** Records the certificate, which only then is the agent's. */
  async #give(issued: IssuedCertificate, identity: AgentIdentity): Promise<CertificateReply> {
    const { authority, agents } = this.#options;
    await agents.issued({ ...identity, serial: issued.serial, expiresAtMs: issued.expiresAtMs });
    return {
      certificatePem: issued.certificatePem,
      caPem: authority.caPem,
      cluster: identity.cluster,
      node: identity.node,
      expiresAt: new Date(issued.expiresAtMs).toISOString(),
    };
  }

  /** By its session; shortly after a start, when agents have not come back yet, by when it was last seen. */
  async #isLive(identity: AgentIdentity): Promise<boolean> {
    const { holders, agents, clock } = this.#options;
    if (await holders.isLive(identity)) return true;
    const nowMs = clock.nowMs();
    if (nowMs - this.#startedAtMs > joinLimits.liveMs) return false;
    const record = await agents.get(identity.cluster, identity.node);
    if (record === undefined || record.revoked || record.lastSeenAtMs >= this.#startedAtMs) return false;
    return nowMs - record.lastSeenAtMs < joinLimits.liveMs;
  }

  async #write(
    action: string,
    target: string,
    detail: Record<string, unknown>,
    outcome: "done" | "refused",
  ): Promise<void> {
    const { ledger, clock } = this.#options;
    await ledger.write({ timeMs: clock.nowMs(), user: "agent", action, target, detail, outcome });
  }
}

export function revoked(): Fault {
  return new Fault("this agent's certificate is revoked", {
    code: "agents/revoked",
    kind: "unauthenticated",
    hint: "join again with a new token",
  });
}

function refusedToken(): Fault {
  return new Fault("the join token is not accepted", {
    code: "agents/join-refused",
    kind: "unauthenticated",
    hint: "tokens live one hour and have a number of uses; make a new one on the server",
  });
}

/** Rows of a cluster's API server carry this name as their node: an agent of this name could not be told from it. */
function reservedName(): Fault {
  return new Fault(`the node name ${apiServerNode} is kept for the cluster's API server`, {
    code: "agents/reserved-name",
    kind: "usage",
    hint: "join with another node name",
  });
}

function badRequest(): Fault {
  return new Fault("the request does not have the fields of the protocol", {
    code: "agents/bad-request",
    kind: "usage",
    hint: "node names are letters, digits, '.', '_' and '-'; unknown fields are refused",
  });
}

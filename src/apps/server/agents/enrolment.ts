// Joining and renewing: who gets a certificate, for which name. A used, an expired and an unknown token are one answer.
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Agents, JoinTokens, Ledger } from "../../../core/state/ports.ts";
import { isIdentityName, type AgentIdentity } from "../../../edge/trust/agent-identity.ts";
import type { CertificateAuthority } from "../../../edge/trust/certificate-authority.ts";
import { hashSecret } from "../../../edge/trust/join-token.ts";
import { JoinRequest, RenewRequest, type CertificateReply } from "../../../model/agent-protocol.ts";
import { joinLimits } from "./limits.ts";
import type { AgentPeer, Holders } from "./peers.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";

export interface EnrolmentOptions {
  readonly authority: CertificateAuthority;
  readonly joinTokens: Pick<JoinTokens, "redeem">;
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

  /** A certificate for the token's cluster and the asked node name. Takes one use of the token once the request itself is sound. */
  async join(body: unknown, address: string): Promise<CertificateReply> {
    const request = JoinRequest.safeParse(body);
    if (!request.success || !isIdentityName(request.data.node)) throw badRequest();
    const { secret, node, csrPem } = request.data;
    const { joinTokens, clock, ledger, agents, authority } = this.#options;
    // A request that cannot be signed must not cost a use of the token.
    await authority.issue(csrPem, { cluster: "trial", node });
    const token = await joinTokens.redeem(hashSecret(secret), clock.nowMs());
    if (token === undefined) {
      await this.#write("agent.join", node, { address }, "refused");
      throw refusedToken();
    }
    const identity = { cluster: token.cluster, node };
    if (await this.#isLive(identity)) {
      this.#options.notice(
        `a second agent wanted the name of the live node ${node} of cluster ${identity.cluster} (from ${address})`,
      );
      await this.#write(
        "agent.join",
        `${identity.cluster}/${node}`,
        { address, because: "second live agent" },
        "refused",
      );
      throw new Fault(`node ${node} of cluster ${identity.cluster} has a live agent`, {
        code: "agents/second-live-agent",
        kind: "conflict",
        hint: "stop the other agent, or choose another node name, and make a new join token",
      });
    }
    if ((await agents.get(identity.cluster, node)) !== undefined) {
      // A new agent for an old name: what the old one still holds must not work any more.
      await agents.revoke(identity.cluster, node);
      this.#options.notice(
        `node ${node} of cluster ${identity.cluster} joined again (from ${address}); its earlier certificates are revoked`,
      );
    }
    const reply = await this.#issue(csrPem, identity);
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

  /** A new certificate for the identity that the old one proves, and no other. */
  async renew(peer: AgentPeer, body: unknown): Promise<CertificateReply> {
    const request = RenewRequest.safeParse(body);
    if (!request.success) throw badRequest();
    const reply = await this.#issue(request.data.csrPem, { cluster: peer.cluster, node: peer.node });
    if (await this.#options.agents.isRevoked(peer.serial)) {
      // Revoked while the new one was being made: the new one goes with it.
      await this.#options.agents.revoke(peer.cluster, peer.node);
      throw revoked();
    }
    return reply;
  }

  async #issue(csrPem: string, identity: AgentIdentity): Promise<CertificateReply> {
    const { authority, agents } = this.#options;
    const issued = await authority.issue(csrPem, identity);
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

function badRequest(): Fault {
  return new Fault("the request does not have the fields of the protocol", {
    code: "agents/bad-request",
    kind: "usage",
    hint: "node names are letters, digits, '.', '_' and '-'; unknown fields are refused",
  });
}

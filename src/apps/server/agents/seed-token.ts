// The join token that came with the installation: known to the server once, hashed. Withdrawn or used up, it does not come back at the next start.
import type { Clock } from "../../../base/clock.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import { hashSecret } from "../../../edge/trust/join-token.ts";
import { trustLimits } from "../../../edge/trust/certificate-authority.ts";
import type { JoinToken } from "../../../model/agent-protocol.ts";

export const seedTokenLimits = {
  /** Nodes come and go for as long as the cluster lives. */
  uses: 1_000_000,
  /** As long as the CA that it names. */
  lifeMs: trustLimits.caDays * 24 * 3_600_000,
} as const;

export interface SeedTokenParts {
  readonly state: Pick<StateStore, "joinTokens" | "settings" | "ledger">;
  readonly caSha256: string;
  readonly clock: Clock;
}

/** Registers the token if this server never did. Returns a line for people when it cannot serve ("" otherwise). */
export async function registerSeedToken(token: JoinToken | undefined, parts: SeedTokenParts): Promise<string> {
  if (token === undefined) return "";
  const { state, caSha256, clock } = parts;
  if (token.caSha256 !== caSha256) {
    return "the join token of the installation is for another CA than this server's: agents that hold it cannot join";
  }
  const secretSha256 = hashSecret(token.secret);
  const key = `agents.seed-token.${secretSha256}`;
  if ((await state.settings.get(key)) !== undefined) return "";
  const nowMs = clock.nowMs();
  // Registered, but a crash came before that was noted: the token is unique, and live.
  if ((await state.joinTokens.find(secretSha256, nowMs)) === undefined) {
    const { id } = await state.joinTokens.create({
      cluster: token.cluster,
      secretSha256,
      expiresAtMs: nowMs + seedTokenLimits.lifeMs,
      uses: seedTokenLimits.uses,
      author: "install",
    });
    const detail = { cluster: token.cluster, uses: seedTokenLimits.uses };
    await state.ledger.write({
      timeMs: nowMs,
      user: "install",
      action: "join-token.create",
      target: id,
      detail,
      outcome: "done",
    });
  }
  await state.settings.set(key, new Date(nowMs).toISOString());
  return "";
}

// A token that opens the console once: printed as part of an address, exchanged for a session.
import type { Clock } from "../../base/clock.ts";
import type { Role, Tokens } from "../../core/state/ports.ts";
import { serverLimits } from "./config.ts";
import { newSecret } from "./http/callers.ts";

export interface TokenOwner {
  readonly user: string;
  readonly role: Role;
  /** What it comes from, as in `Caller`: the session that is made with it ends with that. */
  readonly origin: string;
}

/** Makes one in the owner's name and role; the secret is returned and nowhere kept. */
export async function issueOneTimeToken(
  tokens: Tokens,
  clock: Clock,
  { user, role, origin }: TokenOwner,
): Promise<string> {
  const { secret, secretSha256 } = newSecret("one-time");
  const createdAtMs = clock.nowMs();
  const expiresAtMs = createdAtMs + serverLimits.oneTimeTokenMs;
  await tokens.create({ name: origin, user, role, use: "one-time", createdAtMs, expiresAtMs, secretSha256 });
  return secret;
}

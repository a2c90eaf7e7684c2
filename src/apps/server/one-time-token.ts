// A token that opens the console once: printed as part of an address, exchanged for a session.
import type { Clock } from "../../base/clock.ts";
import type { Role, Tokens } from "../../core/state/ports.ts";
import { serverLimits } from "./config.ts";
import { newSecret } from "./http/callers.ts";

export interface TokenOwner {
  readonly user: string;
  readonly role: Role;
}

/** Makes one in the owner's name and role; the secret is returned and nowhere kept. */
export async function issueOneTimeToken(tokens: Tokens, clock: Clock, { user, role }: TokenOwner): Promise<string> {
  const { secret, secretSha256 } = newSecret("one-time");
  const createdAtMs = clock.nowMs();
  const expiresAtMs = createdAtMs + serverLimits.oneTimeTokenMs;
  await tokens.create({ name: "console", user, role, use: "one-time", createdAtMs, expiresAtMs, secretSha256 });
  return secret;
}

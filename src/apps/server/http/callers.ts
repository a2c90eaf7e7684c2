// Who calls: a bearer token (API or the data folder's file) or the session cookie, looked up by hash on every request.
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Role, TokenRecord, Tokens } from "../../../core/state/ports.ts";
import { roles, type Endpoint } from "../contract/endpoint.ts";

export interface Caller {
  readonly tokenId: string;
  readonly user: string;
  readonly role: Role;
  readonly credential: "session" | "token" | "local";
  readonly expiresAtMs: number | undefined;
  /** What it comes from: `token:<id>` of the API token, "console" for the local file and what was made with it. */
  readonly origin: string;
}

/** Secrets say what they are for, so that scanners recognise a leaked one and a wrong use is refused before it is looked up. */
const prefixes = { api: "gat_", "one-time": "got_", session: "gst_", local: "glt_" } as const;

/** A new secret: 256 random bits. Only its hash is stored. */
export function newSecret(use: TokenRecord["use"]): { readonly secret: string; readonly secretSha256: string } {
  const secret = prefixes[use] + randomBytes(32).toString("base64url");
  return { secret, secretSha256: hashOf(secret) };
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Named by port: cookies are not separated by port, and two servers on one host must not log each other out. */
export function cookieName(scheme: "http" | "https", port: number): string {
  return scheme === "https" ? `__Host-garrison-${port}` : `garrison-${port}`;
}

function cookieValue(header: string | null, name: string): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return undefined;
}

export interface PresentedCredential {
  readonly secret: string;
  readonly isCookie: boolean;
}

/** The credential that a request carries; a bearer token wins over a cookie. */
export function credentialOf(headers: Headers, cookie: string): PresentedCredential | undefined {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const secret = /^Bearer ([\w.~+/=-]{16,512})$/i.exec(authorization)?.[1];
    return { secret: secret ?? "", isCookie: false };
  }
  const secret = cookieValue(headers.get("cookie"), cookie);
  return secret === undefined ? undefined : { secret, isCookie: true };
}

/** Who presents it, or undefined when it is not (or no longer) valid for that use. */
export async function callerOf(
  tokens: Tokens,
  clock: Clock,
  presented: PresentedCredential,
): Promise<Caller | undefined> {
  const uses = presented.isCookie ? (["session"] as const) : (["api", "local"] as const);
  if (!uses.some((use) => presented.secret.startsWith(prefixes[use]))) return undefined;
  const token = await tokens.find(hashOf(presented.secret), clock.nowMs());
  if (token === undefined || !(uses as readonly string[]).includes(token.use)) return undefined;
  return {
    tokenId: token.id,
    user: token.user,
    role: token.role,
    credential: token.use === "api" ? "token" : token.use === "local" ? "local" : "session",
    expiresAtMs: token.expiresAtMs,
    origin: originOf(token),
  };
}

/** The name of what is made with an API token: by it both are found when the token is revoked. */
export function madeWith(tokenId: string): string {
  return `token:${tokenId}`;
}

/** A session and a one-time token carry their origin as their name, from one to the next. */
function originOf({ id, name, use }: TokenRecord): string {
  if (use === "api") return madeWith(id);
  return use === "local" ? "console" : name;
}

/** Throws `server/unauthenticated` (nobody known) or `server/forbidden` (known, but the role is not enough). */
export function refuseUnlessAllowed(role: Endpoint["role"], caller: Caller | undefined): void {
  if (role === "open") return;
  if (caller === undefined) {
    throw new Fault("no valid credential", {
      code: "server/unauthenticated",
      kind: "unauthenticated",
      hint: "open the address that `garrison console` prints, or send a bearer token",
    });
  }
  if (role === "session" || hasRole(caller.role, role)) return;
  throw new Fault(`this needs the role ${role}; ${caller.user} has ${caller.role}`, {
    code: "server/forbidden",
    kind: "forbidden",
    hint: `ask an admin for a credential with the role ${role}`,
  });
}

/** Roles are ordered: an admin may what an operator may, who may what a viewer may. */
export function hasRole(have: Role, need: Role): boolean {
  return roles.indexOf(have) >= roles.indexOf(need);
}

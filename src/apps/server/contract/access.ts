// Sessions, users, API tokens, join tokens, agents' certificates, and the ledger of changes.
import { z } from "zod";
import { ClusterName } from "./common.ts";
import { roles, type Endpoint } from "./endpoint.ts";

const Role = z.enum(roles);
const Id = z.object({ id: z.string() });

export const Me = z.object({
  user: z.string(),
  role: Role,
  /** "session" (cookie), "token" (bearer) or "local" (the data folder's file). */
  credential: z.enum(["session", "token", "local"]),
  expiresAt: z.iso.datetime().optional(),
});
export type Me = z.infer<typeof Me>;

export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  user: z.string(),
  role: Role,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
  lastUsedAt: z.iso.datetime().optional(),
});

export const JoinTokenInfo = z.object({
  id: z.string(),
  cluster: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  usesLeft: z.int(),
  author: z.string(),
});

export const LedgerEntry = z.object({
  id: z.int(),
  time: z.iso.datetime(),
  user: z.string(),
  /** "resource.apply", "token.create", "agent.revoke", "login", ... */
  action: z.string(),
  target: z.string(),
  detail: z.record(z.string(), z.unknown()).default({}),
  outcome: z.enum(["done", "refused"]),
});

export const access = {
  me: { method: "GET", path: "/api/v1/me", summary: "Who this credential is", role: "session", response: Me },
  createSession: {
    method: "POST",
    path: "/api/v1/session",
    summary: "Exchange a one-time token (URL fragment) or an API token for an HttpOnly, SameSite=Strict cookie",
    role: "open",
    body: z.strictObject({ token: z.string().min(16).max(512) }),
    response: Me,
    status: 201,
  },
  deleteSession: {
    method: "DELETE",
    path: "/api/v1/session",
    summary: "Log out",
    role: "session",
    response: z.object({}),
  },
  createOneTimeToken: {
    method: "POST",
    path: "/api/v1/session/one-time",
    summary: "A token for opening the console in a browser; valid once, for five minutes",
    role: "viewer",
    response: z.object({ token: z.string(), expiresAt: z.iso.datetime() }),
    status: 201,
  },
  listTokens: {
    method: "GET",
    path: "/api/v1/tokens",
    summary: "API tokens (never their secrets)",
    role: "admin",
    response: z.object({ tokens: z.array(ApiToken) }),
  },
  createToken: {
    method: "POST",
    path: "/api/v1/tokens",
    summary: "Make an API token; its secret is shown once",
    role: "admin",
    body: z.strictObject({
      name: z
        .string()
        .min(1)
        .max(100)
        .regex(/^\P{Cc}+$/u, "no control characters"),
      role: Role,
      expiresInSeconds: z
        .int()
        .min(60)
        .max(366 * 86_400)
        .optional(),
    }),
    response: z.object({ token: ApiToken, secret: z.string() }),
    status: 201,
  },
  deleteToken: {
    method: "DELETE",
    path: "/api/v1/tokens/:id",
    summary: "Revoke an API token",
    role: "admin",
    params: Id,
    response: z.object({}),
  },
  listJoinTokens: {
    method: "GET",
    path: "/api/v1/join-tokens",
    summary: "Tokens that agents may still join with",
    role: "operator",
    response: z.object({ tokens: z.array(JoinTokenInfo) }),
  },
  createJoinToken: {
    method: "POST",
    path: "/api/v1/join-tokens",
    summary: "Make a join token for one cluster; shown once, stored hashed",
    role: "admin",
    body: z.strictObject({
      cluster: ClusterName,
      uses: z.int().min(1).max(10_000).default(1),
      expiresInSeconds: z.int().min(60).max(86_400).default(3600),
    }),
    response: z.object({ token: z.string(), info: JoinTokenInfo }),
    status: 201,
  },
  deleteJoinToken: {
    method: "DELETE",
    path: "/api/v1/join-tokens/:id",
    summary: "Withdraw a join token",
    role: "admin",
    params: Id,
    response: z.object({}),
  },
  revokeAgent: {
    method: "POST",
    path: "/api/v1/nodes/:cluster/:node/revoke",
    summary: "Revoke an agent's certificate; it must join again",
    role: "admin",
    params: z.object({ cluster: z.string(), node: z.string() }),
    response: z.object({}),
  },
  listLedger: {
    method: "GET",
    path: "/api/v1/ledger",
    summary: "Who changed what, newest first",
    role: "admin",
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100), cursor: z.string().optional() }),
    response: z.object({ entries: z.array(LedgerEntry), next: z.string().optional() }),
  },
} as const satisfies Record<string, Endpoint>;

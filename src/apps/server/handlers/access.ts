// Sessions, API tokens, join tokens, revocation, ledger. Every change writes to the ledger; secrets are shown once and kept as hashes.
import { Fault } from "../../../base/fault.ts";
import type { JoinTokenRecord, LedgerRecord, TokenRecord } from "../../../core/state/ports.ts";
import { formatJoinToken, hashSecret, makeJoinSecret } from "../../../edge/trust/join-token.ts";
import { serverLimits } from "../config.ts";
import type { access, Me } from "../contract/access.ts";
import type { HandlersOf } from "../http/calls.ts";
import { hashOf, madeWith, newSecret, type Caller } from "../http/callers.ts";
import { issueOneTimeToken } from "../one-time-token.ts";
import type { ServerParts } from "../parts.ts";
import { clearSessionCookie, sessionCookie } from "../session-cookie.ts";

type Names = keyof typeof access;

function meOf(caller: Caller): Me {
  const { user, role, credential, expiresAtMs } = caller;
  return { user, role, credential, ...(expiresAtMs === undefined ? {} : { expiresAt: iso(expiresAtMs) }) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Operations that need a credential have a caller; the mount saw to it. */
function known(caller: Caller | undefined): Caller {
  if (caller === undefined) throw new Error("an operation that needs a credential was called without one");
  return caller;
}

function notFound(what: string, id: string): Fault {
  return new Fault(`there is no ${what} ${id}`, { code: "server/not-found", kind: "not-found" });
}

function apiTokenOf(token: TokenRecord) {
  return {
    id: token.id,
    name: token.name,
    user: token.user,
    role: token.role,
    createdAt: iso(token.createdAtMs),
    ...(token.expiresAtMs === undefined ? {} : { expiresAt: iso(token.expiresAtMs) }),
    ...(token.lastUsedAtMs === undefined ? {} : { lastUsedAt: iso(token.lastUsedAtMs) }),
  };
}

function joinTokenOf({ id, cluster, createdAtMs, expiresAtMs, usesLeft, author }: JoinTokenRecord) {
  return { id, cluster, createdAt: iso(createdAtMs), expiresAt: iso(expiresAtMs), usesLeft, author };
}

function ledgerEntryOf({ timeMs, detail, ...rest }: LedgerRecord) {
  return { ...rest, time: iso(timeMs), detail: { ...detail } };
}

type Sessions = HandlersOf<"me" | "createSession" | "deleteSession" | "createOneTimeToken">;

function sessions({ state, clock, config, loginRefusals, metrics }: ServerParts, own: OwnDoor): Sessions {
  return {
    me: ({ caller }) => Promise.resolve(meOf(known(caller))),
    async createSession({ body, answerHeaders, record }) {
      const nowMs = clock.nowMs();
      const given = await state.tokens.find(hashOf(body.token), nowMs);
      const longestMs = nowMs + config.console.sessionHours * 3_600_000;
      const expiresAtMs = given === undefined ? undefined : await sessionEnd(state, given, { nowMs, longestMs });
      if (given === undefined || expiresAtMs === undefined) {
        // A good token is never turned away for others' bad ones; the limit keeps these from filling the ledger.
        loginRefusals.refuseWhenFull();
        loginRefusals.count();
        metrics.logins.count({ outcome: "refused" });
        await record({ action: "login", target: "", outcome: "refused" });
        throw new Fault("this token is not valid, or was used already", {
          code: "server/login-refused",
          kind: "unauthenticated",
          hint: "`garrison console` prints an address with a fresh one",
        });
      }
      const { secret, secretSha256 } = newSecret("session");
      const { user, role } = given;
      const name = given.use === "api" ? madeWith(given.id) : given.name;
      await state.tokens.create({ name, user, role, use: "session", createdAtMs: nowMs, expiresAtMs, secretSha256 });
      metrics.logins.count({ outcome: "done" });
      await state.ledger.write({
        timeMs: nowMs,
        user,
        action: "login",
        target: name,
        outcome: "done",
        detail: { role },
      });
      answerHeaders.append("set-cookie", sessionCookie(own(), secret, Math.floor((expiresAtMs - nowMs) / 1000)));
      return { user, role, credential: "session", expiresAt: iso(expiresAtMs) };
    },
    async deleteSession({ caller, answerHeaders, record }) {
      const { tokenId, credential } = known(caller);
      if (credential === "session") {
        await state.tokens.remove(tokenId);
        await record({ action: "logout", target: "", outcome: "done" });
      }
      answerHeaders.append("set-cookie", clearSessionCookie(own()));
      return {};
    },
    async createOneTimeToken({ caller, record }) {
      const expiresAtMs = clock.nowMs() + serverLimits.oneTimeTokenMs;
      const secret = await issueOneTimeToken(state.tokens, clock, known(caller));
      await record({ action: "session.one-time", target: "", outcome: "done" });
      return { token: secret, expiresAt: iso(expiresAtMs) };
    },
  };
}

/**
 * When a session made with this token ends: never after the API token that it comes from, also by way of a one-time token.
 * Undefined when no session may be made with it.
 */
async function sessionEnd(
  state: ServerParts["state"],
  given: TokenRecord,
  { nowMs, longestMs }: { readonly nowMs: number; readonly longestMs: number },
): Promise<number | undefined> {
  if (given.use === "api") return Math.min(longestMs, given.expiresAtMs ?? longestMs);
  if (given.use !== "one-time") return undefined;
  if (given.name === "console") return longestMs;
  const from = (await state.tokens.list("api", nowMs)).find(({ id }) => madeWith(id) === given.name);
  return from === undefined ? undefined : Math.min(longestMs, from.expiresAtMs ?? longestMs);
}

type ApiTokens = HandlersOf<"listTokens" | "createToken" | "deleteToken">;

function apiTokens({ state, clock }: ServerParts): ApiTokens {
  return {
    listTokens: async () => ({ tokens: (await state.tokens.list("api", clock.nowMs())).map(apiTokenOf) }),
    async createToken({ body, caller, record }) {
      const { secret, secretSha256 } = newSecret("api");
      const createdAtMs = clock.nowMs();
      const expiresAtMs = body.expiresInSeconds === undefined ? undefined : createdAtMs + body.expiresInSeconds * 1000;
      const { name, role } = body;
      const { user } = known(caller);
      const token = await state.tokens.create({ name, user, role, use: "api", createdAtMs, expiresAtMs, secretSha256 });
      await record({ action: "token.create", target: token.id, outcome: "done", detail: { name, role } });
      return { token: apiTokenOf(token), secret };
    },
    async deleteToken({ params: { id }, record }) {
      const nowMs = clock.nowMs();
      const isApiToken = (await state.tokens.list("api", nowMs)).some((token) => token.id === id);
      if (!isApiToken || !(await state.tokens.remove(id))) throw notFound("API token", id);
      const made = (await state.tokens.list("session", nowMs)).filter(({ name }) => name === madeWith(id));
      for (const session of made) await state.tokens.remove(session.id);
      await record({ action: "token.delete", target: id, outcome: "done", detail: { sessionsEnded: made.length } });
      return {};
    },
  };
}

type Joining = HandlersOf<"listJoinTokens" | "createJoinToken" | "deleteJoinToken" | "revokeAgent">;

function joining({ state, clock, agents }: ServerParts): Joining {
  return {
    listJoinTokens: async () => ({ tokens: (await state.joinTokens.list(clock.nowMs())).map(joinTokenOf) }),
    async createJoinToken({ body: { cluster, uses, expiresInSeconds }, caller, record }) {
      const secret = makeJoinSecret();
      const info = await state.joinTokens.create({
        cluster,
        secretSha256: hashSecret(secret),
        expiresAtMs: clock.nowMs() + expiresInSeconds * 1000,
        uses,
        author: known(caller).user,
      });
      await record({ action: "join-token.create", target: info.id, outcome: "done", detail: { cluster, uses } });
      return { token: formatJoinToken({ secret, cluster, caSha256: agents.caSha256 }), info: joinTokenOf(info) };
    },
    async deleteJoinToken({ params: { id }, record }) {
      if (!(await state.joinTokens.remove(id))) throw notFound("join token", id);
      await record({ action: "join-token.delete", target: id, outcome: "done" });
      return {};
    },
    async revokeAgent({ params: { cluster, node }, record }) {
      if (!(await state.agents.revoke(cluster, node))) throw notFound("agent", `${cluster}/${node}`);
      agents.cut(cluster, node);
      await record({ action: "agent.revoke", target: `${cluster}/${node}`, outcome: "done" });
      return {};
    },
  };
}

type LedgerReading = HandlersOf<"listLedger">;

function ledgerReading({ state }: ServerParts): LedgerReading {
  return {
    async listLedger({ query: { limit, cursor } }) {
      const beforeId = cursor === undefined ? undefined : Number(cursor);
      if (beforeId !== undefined && !Number.isSafeInteger(beforeId)) {
        const where = "query.cursor";
        throw new Fault("this cursor is not one of ours", { code: "server/bad-input", kind: "usage", where });
      }
      const entries = await state.ledger.list(limit + 1, beforeId);
      const shown = entries.slice(0, limit);
      const last = shown.at(-1);
      return {
        entries: shown.map(ledgerEntryOf),
        ...(entries.length > limit && last !== undefined ? { next: String(last.id) } : {}),
      };
    },
  };
}

/** Scheme and port of the door, known once it listens. */
export type OwnDoor = () => { readonly scheme: "http" | "https"; readonly port: number };

export function accessHandlers(parts: ServerParts, own: OwnDoor): HandlersOf<Names> {
  return { ...sessions(parts, own), ...apiTokens(parts), ...joining(parts), ...ledgerReading(parts) };
}

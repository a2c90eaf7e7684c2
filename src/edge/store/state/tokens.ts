// API tokens, one-time tokens, sessions and the local file's token: only SHA-256 hashes of secrets are kept.
import { Fault } from "../../../base/fault.ts";
import type { Role, TokenRecord, Tokens } from "../../../core/state/ports.ts";
import { stateLimits, type StateContext } from "./schema.ts";

/** `lastUsedAtMs` is exact to this: a write per request would be a sync per request. */
export const lastUsedGranularityMs = 60_000;

interface Row {
  id: string;
  name: string;
  user_name: string;
  role: string;
  use: string;
  created_at_ms: number;
  expires_at_ms: number | null;
  last_used_at_ms: number | null;
}

function tokenOf(row: Row): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    user: row.user_name,
    role: row.role as Role,
    use: row.use as TokenRecord["use"],
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  };
}

const columns = [
  "id",
  "name",
  "user_name",
  "role",
  "use",
  "created_at_ms",
  "expires_at_ms",
  "last_used_at_ms",
] as const;

/** Forgets expired tokens; at the limit the oldest leaves, except that API tokens are refused. */
async function makeRoom({ database, nowMs }: StateContext, use: TokenRecord["use"]): Promise<void> {
  await database.deleteFrom("tokens").where("expires_at_ms", "<=", nowMs()).execute();
  const { count } = await database
    .selectFrom("tokens")
    .select((builder) => builder.fn.countAll<number>().as("count"))
    .where("use", "=", use)
    .executeTakeFirstOrThrow();
  if (count < stateLimits.tokensPerUseMax) return;
  if (use === "api") {
    throw new Fault(`there are ${count} API tokens already`, {
      code: "state/tokens-limit",
      kind: "limited",
      hint: "revoke tokens that are not used any more",
    });
  }
  const oldest = database.selectFrom("tokens").select("id").where("use", "=", use).orderBy("created_at_ms").limit(1);
  await database.deleteFrom("tokens").where("id", "in", oldest).execute();
}

export function tokens(context: StateContext): Tokens {
  const { database, newId } = context;
  return {
    async create(token) {
      await makeRoom(context, token.use);
      return tokenOf(
        await database
          .insertInto("tokens")
          .values({
            id: newId(),
            secret_sha256: token.secretSha256,
            name: token.name,
            user_name: token.user,
            role: token.role,
            use: token.use,
            created_at_ms: token.createdAtMs,
            expires_at_ms: token.expiresAtMs ?? null,
            last_used_at_ms: null,
          })
          .returning(columns)
          .executeTakeFirstOrThrow(),
      );
    },
    async find(secretSha256, now) {
      const row = await database
        .selectFrom("tokens")
        .select(columns)
        .where("secret_sha256", "=", secretSha256)
        .where((where) => where.or([where("expires_at_ms", "is", null), where("expires_at_ms", ">", now)]))
        .executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.use === "one-time") {
        // Whoever deletes it has it: of two at the same time one gets nothing.
        const { numDeletedRows } = await database.deleteFrom("tokens").where("id", "=", row.id).executeTakeFirst();
        return numDeletedRows === 1n ? tokenOf(row) : undefined;
      }
      if (now - (row.last_used_at_ms ?? 0) >= lastUsedGranularityMs) {
        await database.updateTable("tokens").set({ last_used_at_ms: now }).where("id", "=", row.id).execute();
      }
      return tokenOf(row);
    },
    async list(use, now) {
      const rows = await database
        .selectFrom("tokens")
        .select(columns)
        .where("use", "=", use)
        .where((where) => where.or([where("expires_at_ms", "is", null), where("expires_at_ms", ">", now)]))
        .orderBy("created_at_ms", "desc")
        .orderBy("id")
        .execute();
      return rows.map(tokenOf);
    },
    async remove(id) {
      const { numDeletedRows } = await database.deleteFrom("tokens").where("id", "=", id).executeTakeFirst();
      return numDeletedRows === 1n;
    },
  };
}

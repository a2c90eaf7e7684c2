// Tokens that agents join with: a count of uses, taken one by one and never below zero, whoever asks at the same time.
import { Fault } from "../../../base/fault.ts";
import type { JoinTokenRecord, JoinTokens } from "../../../core/state/ports.ts";
import { stateLimits, type StateContext } from "./schema.ts";

interface Row {
  id: string;
  cluster: string;
  created_at_ms: number;
  expires_at_ms: number;
  uses_left: number;
  author: string;
}

function joinTokenOf(row: Row): JoinTokenRecord {
  return {
    id: row.id,
    cluster: row.cluster,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    usesLeft: row.uses_left,
    author: row.author,
  };
}

const columns = ["id", "cluster", "created_at_ms", "expires_at_ms", "uses_left", "author"] as const;

/** Room first: what can join nobody any more leaves. Throws `state/join-tokens-limit`. */
async function create(
  { database, nowMs, newId }: StateContext,
  token: Parameters<JoinTokens["create"]>[0],
): Promise<JoinTokenRecord> {
  await database
    .deleteFrom("join_tokens")
    .where((where) => where.or([where("expires_at_ms", "<=", nowMs()), where("uses_left", "<=", 0)]))
    .execute();
  const { count } = await database
    .selectFrom("join_tokens")
    .select((builder) => builder.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  if (count >= stateLimits.joinTokensMax) {
    throw new Fault(`there are ${count} live join tokens already`, {
      code: "state/join-tokens-limit",
      kind: "limited",
      hint: "withdraw some, or give one token more uses",
    });
  }
  return joinTokenOf(
    await database
      .insertInto("join_tokens")
      .values({
        id: newId(),
        secret_sha256: token.secretSha256,
        cluster: token.cluster,
        created_at_ms: nowMs(),
        expires_at_ms: token.expiresAtMs,
        uses_left: token.uses,
        author: token.author,
      })
      .returning(columns)
      .executeTakeFirstOrThrow(),
  );
}

export function joinTokens(context: StateContext): JoinTokens {
  const { database } = context;
  return {
    create: (token) => create(context, token),
    async find(secretSha256, now) {
      const row = await database
        .selectFrom("join_tokens")
        .select(columns)
        .where("secret_sha256", "=", secretSha256)
        .where("expires_at_ms", ">", now)
        .where("uses_left", ">", 0)
        .executeTakeFirst();
      return row === undefined ? undefined : joinTokenOf(row);
    },
    async redeem(secretSha256, now) {
      // One statement: the row lock makes the count exact under concurrency on both engines.
      const row = await database
        .updateTable("join_tokens")
        .set((builder) => ({ uses_left: builder("uses_left", "-", 1) }))
        .where("secret_sha256", "=", secretSha256)
        .where("expires_at_ms", ">", now)
        .where("uses_left", ">", 0)
        .returning(columns)
        .executeTakeFirst();
      return row === undefined ? undefined : joinTokenOf(row);
    },
    async list(now) {
      const rows = await database
        .selectFrom("join_tokens")
        .select(columns)
        .where("expires_at_ms", ">", now)
        .where("uses_left", ">", 0)
        .orderBy("created_at_ms", "desc")
        .orderBy("id")
        .execute();
      return rows.map(joinTokenOf);
    },
    async remove(id) {
      const { numDeletedRows } = await database.deleteFrom("join_tokens").where("id", "=", id).executeTakeFirst();
      return numDeletedRows === 1n;
    },
  };
}

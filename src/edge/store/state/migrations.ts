// The state schema, forward only: one entry per version, the same for SQLite and PostgreSQL. Never edit one that was released.
import { sql, type Transaction } from "kysely";
import { Fault } from "../../../base/fault.ts";
import type { Database, StateKind, StateTables } from "./schema.ts";

type Migration = (transaction: Transaction<StateTables>, kind: StateKind) => Promise<void>;

async function tokensAndSettings({ schema }: Transaction<StateTables>): Promise<void> {
  await schema
    .createTable("settings")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("secret_sha256", "text", (column) => column.notNull().unique())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("user_name", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("use", "text", (column) => column.notNull())
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint")
    .addColumn("last_used_at_ms", "bigint")
    .execute();
  await schema.createIndex("tokens_use").on("tokens").columns(["use", "created_at_ms"]).execute();
  await schema
    .createTable("join_tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("secret_sha256", "text", (column) => column.notNull().unique())
    .addColumn("cluster", "text", (column) => column.notNull())
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("uses_left", "integer", (column) => column.notNull())
    .addColumn("author", "text", (column) => column.notNull())
    .execute();
}

async function agents({ schema }: Transaction<StateTables>): Promise<void> {
  await schema
    .createTable("agents")
    .addColumn("cluster", "text", (column) => column.notNull())
    .addColumn("node", "text", (column) => column.notNull())
    .addColumn("serial", "text", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("revoked", "integer", (column) => column.notNull())
    .addColumn("last_seen_at_ms", "bigint", (column) => column.notNull())
    .addColumn("report", "text")
    .addPrimaryKeyConstraint("agents_key", ["cluster", "node"])
    .execute();
  await schema
    .createTable("certificates")
    .addColumn("serial", "text", (column) => column.primaryKey())
    .addColumn("cluster", "text", (column) => column.notNull())
    .addColumn("node", "text", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("revoked", "integer", (column) => column.notNull())
    .execute();
  await schema.createIndex("certificates_agent").on("certificates").columns(["cluster", "node"]).execute();
}

async function resources({ schema }: Transaction<StateTables>): Promise<void> {
  await schema
    .createTable("resources")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("spec", "text", (column) => column.notNull())
    .addColumn("author", "text", (column) => column.notNull())
    .addColumn("time_ms", "bigint", (column) => column.notNull())
    .addColumn("deleted", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("resources_key", ["kind", "scope", "name", "generation"])
    .execute();
  await schema
    .createTable("resource_heads")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("deleted", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("resource_heads_key", ["kind", "scope", "name"])
    .execute();
  await schema
    .createTable("resource_status")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("cluster", "text", (column) => column.notNull())
    .addColumn("node", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("because", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("resource_status_key", ["kind", "scope", "name", "cluster", "node"])
    .execute();
  await schema.createIndex("resource_status_node").on("resource_status").columns(["cluster", "node"]).execute();
}

async function ledger({ schema }: Transaction<StateTables>, kind: StateKind): Promise<void> {
  await schema
    .createTable("ledger")
    .addColumn("id", kind === "sqlite" ? "integer" : "bigserial", (column) =>
      kind === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("time_ms", "bigint", (column) => column.notNull())
    .addColumn("user_name", "text", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("target", "text", (column) => column.notNull())
    .addColumn("detail", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .execute();
}

async function statusDetail({ schema }: Transaction<StateTables>): Promise<void> {
  await schema
    .alterTable("resource_status")
    .addColumn("enforcement", "text", (column) => column.notNull().defaultTo(""))
    .execute();
}

async function images({ schema }: Transaction<StateTables>, kind: StateKind): Promise<void> {
  await schema
    .createTable("images")
    .addColumn("digest", "text", (column) => column.primaryKey())
    .addColumn("record", "text", (column) => column.notNull())
    .addColumn("subjects", "text", (column) => column.notNull())
    .addColumn("analysis", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("image_subjects")
    .addColumn("id", kind === "sqlite" ? "integer" : "bigserial", (column) =>
      kind === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("subject_key", "text", (column) => column.notNull().unique())
    .addColumn("subject", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("image_subject_results")
    .addColumn("subject_id", "bigint", (column) => column.primaryKey())
    .addColumn("database", "text", (column) => column.notNull())
    .addColumn("result", "text", (column) => column.notNull())
    .execute();
}

async function sinks({ schema }: Transaction<StateTables>, kind: StateKind): Promise<void> {
  await schema
    .createTable("sink_positions")
    .addColumn("sink", "text", (column) => column.primaryKey())
    .addColumn("position", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("sink_dead_letters")
    .addColumn("id", kind === "sqlite" ? "integer" : "bigserial", (column) =>
      kind === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("sink", "text", (column) => column.notNull())
    .addColumn("time_ms", "bigint", (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("because", "text", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .execute();
  await schema.createIndex("sink_dead_letters_sink").on("sink_dead_letters").columns(["sink", "id"]).execute();
}

const migrations: readonly Migration[] = [tokensAndSettings, agents, resources, ledger, statusDetail, images, sinks];
/** The version that this program writes. */
export const stateVersion = migrations.length;

/** A constant of our own, so that two servers that start at once on one PostgreSQL migrate one after the other. */
export const migrationLock = 0x6761_7201;

/** Brings the schema forward in one transaction. Throws `state/newer-schema` when a newer program wrote it. */
export async function migrateState(database: Database, kind: StateKind): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if (kind === "postgresql") await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(transaction);
    await transaction.schema
      .createTable("schema_version")
      .ifNotExists()
      .addColumn("version", "integer", (column) => column.notNull())
      .execute();
    const row = await transaction.selectFrom("schema_version").select("version").executeTakeFirst();
    const current = row?.version ?? 0;
    if (current > stateVersion) {
      throw new Fault(`the state store has schema ${current}, this program knows up to ${stateVersion}`, {
        code: "state/newer-schema",
        kind: "usage",
        hint: "start the newer Garrison again, or restore a backup of the state store from before the upgrade",
      });
    }
    for (const migration of migrations.slice(current)) await migration(transaction, kind);
    if (row === undefined) await transaction.insertInto("schema_version").values({ version: stateVersion }).execute();
    else if (current < stateVersion) {
      await transaction.updateTable("schema_version").set({ version: stateVersion }).execute();
    }
  });
}

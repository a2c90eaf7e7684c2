// Opens the state store by one URL value: a file (SQLite, embedded) or a PostgreSQL server. The rest of the program cannot tell.
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Kysely, sql } from "kysely";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { silentLogger, type Logger } from "../../../base/logger.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import { resourceKinds, type ResourceKind } from "../../../model/resource-kinds.ts";
import { agents } from "./agents.ts";
import { images } from "./images.ts";
import { joinTokens } from "./join-tokens.ts";
import { ledger } from "./ledger.ts";
import { migrateState } from "./migrations.ts";
import { postgresDialect } from "./postgresql.ts";
import { resources } from "./resources.ts";
import type { StateContext, StateTables } from "./schema.ts";
import { sinks } from "./sinks.ts";
import { sqliteDialect } from "./sqlite.ts";
import { tokens } from "./tokens.ts";

export interface StateStoreOptions {
  /** "sqlite:<path>", "file://<path>", a plain path, or "postgres://..." / "postgresql://...". */
  readonly url: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Other kinds than the product's: for tests. */
  readonly kinds?: Readonly<Record<string, ResourceKind>>;
}

type Place = { readonly kind: "sqlite"; readonly path: string } | { readonly kind: "postgresql"; readonly url: string };

/** What a state URL names. Throws `state/bad-url` for a scheme we do not know. */
export function placeOf(url: string): Place {
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: "postgresql", url };
  if (url.startsWith("sqlite:"))
    return { kind: "sqlite", path: url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "") };
  if (url.startsWith("file://")) return { kind: "sqlite", path: fileURLToPath(url) };
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) && url !== ":memory:") {
    throw new Fault(`the state store's URL has an unknown scheme: ${url.split(":")[0]}`, {
      code: "state/bad-url",
      kind: "usage",
      hint: 'use "sqlite:<path>" or "postgresql://user@host/database"',
    });
  }
  return { kind: "sqlite", path: url };
}

/** Opens the store; call `migrate()` before anything else. Disposing it closes the file or the connections. */
export function openStateStore(options: StateStoreOptions): StateStore {
  const place = placeOf(options.url);
  const logger = options.logger ?? silentLogger;
  const dialect =
    place.kind === "sqlite"
      ? sqliteDialect(place.path)
      : postgresDialect(place.url, (error) => logger.warn({ error: error.message }, "state store connection lost"));
  const database = new Kysely<StateTables>({ dialect });
  const context: StateContext = {
    database,
    kind: place.kind,
    nowMs: () => options.clock.nowMs(),
    newId: randomUUID,
  };
  return {
    kind: place.kind,
    tokens: tokens(context),
    joinTokens: joinTokens(context),
    agents: agents(context),
    resources: resources(context, options.kinds ?? resourceKinds),
    ledger: ledger(context),
    images: images(context),
    sinks: sinks(context),
    settings: {
      async get(key) {
        const row = await database.selectFrom("settings").select("value").where("key", "=", key).executeTakeFirst();
        return row?.value;
      },
      async set(key, value) {
        await database
          .insertInto("settings")
          .values({ key, value })
          .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
          .execute();
      },
    },
    migrate: () => migrateState(database, place.kind),
    async ping() {
      await sql`select 1`.execute(database);
    },
    async [Symbol.asyncDispose]() {
      await database.destroy();
    },
  };
}

// kysely over a bounded pool of PostgreSQL connections. Numbers come back as numbers, network failures as `state/unreachable`.
import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import { DatabaseError, Pool, types as builtInTypes, type CustomTypesConfig, type PoolClient } from "pg";
import { Fault } from "../../../base/fault.ts";

export const connectionsMax = 8;
const connectTimeoutMs = 5000;
const statementTimeoutMs = 30_000;
const int8TypeId = builtInTypes.builtins.INT8;

/** 64-bit integers are counts and epoch milliseconds here: all below 2^53. */
const types: CustomTypesConfig = {
  getTypeParser: ((id: Parameters<typeof builtInTypes.getTypeParser>[0], format: "text" | "binary") => {
    if (id === int8TypeId) return (value: string) => Number(value);
    return format === "binary" ? builtInTypes.getTypeParser(id, "binary") : builtInTypes.getTypeParser(id, "text");
  }) as typeof builtInTypes.getTypeParser,
};

/** A PostgreSQL URL without its password: for messages. */
export function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.password = "";
    parsed.search = "";
    return parsed.href;
  } catch {
    return "(unreadable URL)";
  }
}

function unreachable(url: string, cause: unknown): Fault {
  return new Fault(`the state store ${withoutPassword(url)} cannot be reached: ${(cause as Error).message}`, {
    code: "state/unreachable",
    kind: "unavailable",
    hint: "check state.url (host, port, user, password) and that PostgreSQL runs",
    retryAfterMs: 2000,
    cause,
  });
}

/** SQLSTATE classes that say "the server is going away" or "no room": 57P shutdown, 53 resources, 08 connection. */
const awayStates = /^(57P|53|08)/;

/** A client whose lost connection is the same fault as one that was never made. What the server says of a statement passes as it is. */
function guardedClient(client: PoolClient, url: string): PostgresPoolClient {
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, [...parameters]);
    } catch (thrown) {
      const state = thrown instanceof DatabaseError ? (thrown.code ?? "") : "08";
      throw awayStates.test(state) ? unreachable(url, thrown) : thrown;
    }
  };
  return {
    query: query as PostgresPoolClient["query"],
    release: (destroy) => client.release(destroy),
  };
}

/** The dialect for `url`; nothing is connected before the first query. `onIdleError` hears of connections lost while idle. */
export function postgresDialect(url: string, onIdleError: (error: Error) => void): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: "garrison",
    types,
  });
  pool.on("error", onIdleError);
  const guarded: PostgresPool = {
    options: pool.options,
    async connect() {
      try {
        return guardedClient(await pool.connect(), url);
      } catch (thrown) {
        throw unreachable(url, thrown);
      }
    },
    end: () => pool.end(),
  };
  return new PostgresDialect({ pool: guarded });
}

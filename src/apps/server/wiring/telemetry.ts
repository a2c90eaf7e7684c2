// The telemetry store for this server: the embedded process (started here, or found running) or a ClickHouse server by URL.
// A store that is away at start is waited for in the background; until its schema is there nothing is appended.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { StoreAddress } from "../../../edge/store/connection.ts";
import { startStoreProcess } from "../../../edge/store/supervisor.ts";
import { createTelemetryStore, type MaintainedStore } from "../../../edge/store/telemetry-store.ts";
import type { ServerConfig } from "../config.ts";
import type { RetentionInForce } from "../retention.ts";

const retryMs = { first: 200, max: 5000 } as const;

/** The script that is the store process; a path, not an import: apps do not know each other. */
function storeEntry(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../../store/process.${extension}`, import.meta.url));
}

async function addressOf({ store, data }: ServerConfig): Promise<StoreAddress> {
  if (store.url === "") return { kind: "embedded", dataFolder: data };
  const credential = { username: store.user, password: await passwordOf(store.passwordFile) };
  const { url, database, cluster } = store;
  return {
    kind: "clickhouse",
    url,
    database,
    writer: credential,
    reader: credential,
    ...(cluster === "" ? {} : { cluster }),
  };
}

async function passwordOf(file: string): Promise<string> {
  if (file === "") return "";
  try {
    return (await readFile(file, "utf8")).trimEnd();
  } catch (cause) {
    throw new Fault(`the store's password file cannot be read: ${(cause as Error).message}`, {
      code: "server/store-password",
      kind: "usage",
      hint: "store.passwordFile names a file that the server's user can read",
      where: "store.passwordFile",
      cause,
    });
  }
}

export interface TelemetryParts {
  readonly config: ServerConfig;
  readonly retention: RetentionInForce;
  readonly logger: Logger;
}

/** Opens the store. Throws what only a person can fix (locked folder, too old a server, a newer schema); waits for the rest. */
export async function openTelemetry({ config, retention, logger }: TelemetryParts): Promise<MaintainedStore> {
  await using opening = new AsyncDisposableStack();
  if (config.store.url === "" && config.store.start) {
    opening.use(await startStoreProcess({ dataFolder: config.data, entry: storeEntry(), logger }));
  }
  const store = opening.use(
    createTelemetryStore({ address: await addressOf(config), days: (table) => retention.current.days[table] }),
  );
  const stopped = new AbortController();
  let isMigrated = false;
  const migrate = async (): Promise<void> => {
    await store.migrate();
    isMigrated = true;
  };
  let waiting: Promise<void> = Promise.resolve();
  try {
    await migrate();
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind !== "unavailable") throw fault;
    logger.warn({ code: fault.code, error: fault.message }, "the store is away; waiting for it");
    waiting = migrateLater(migrate, logger, stopped.signal);
  }
  const opened = opening.move();
  function checkReady(): void {
    if (isMigrated) return;
    throw new Fault("the store is not ready yet", {
      code: "server/store-not-ready",
      kind: "unavailable",
      retryAfterMs: 1000,
    });
  }
  return {
    ...store,
    async append(block) {
      checkReady();
      await store.append(block);
    },
    async appendGroup(blocks, token) {
      checkReady();
      await store.appendGroup(blocks, token);
    },
    async rowsOf(table, ingests) {
      checkReady();
      return store.rowsOf(table, ingests);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await waiting;
      await opened.disposeAsync();
    },
  };
}

async function migrateLater(migrate: () => Promise<void>, logger: Logger, signal: AbortSignal): Promise<void> {
  let delayMs: number = retryMs.first;
  while (!signal.aborted) {
    // An abort ends the sleep with a rejection; the loop's condition says the rest.
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await migrate();
      logger.info({}, "the store is there");
      return;
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.kind !== "unavailable") logger.error({ code: fault.code, error: fault.message }, "the store refuses");
      delayMs = Math.min(delayMs * 2, retryMs.max);
    }
  }
}

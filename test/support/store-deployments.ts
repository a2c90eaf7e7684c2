// The deployments that the store's contract runs on: a store process of its own, and whatever ClickHouse an environment variable names.
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { connect, type Credential, type StoreAddress } from "../../src/edge/store/connection.ts";
import { command } from "../../src/edge/store/run.ts";
import { startStoreProcess, type StoreProcess } from "../../src/edge/store/supervisor.ts";
import { storeEntry } from "./store-world.ts";

export interface Deployment extends AsyncDisposable {
  readonly address: StoreAddress;
  /** Where blocks are written. */
  readonly dataFolder: string;
  /** Undefined for a server that is not ours to kill. */
  readonly child: StoreProcess | undefined;
}

/** A store process with its own data folder; both go when it is disposed. */
export async function embeddedDeployment(config: Readonly<Record<string, unknown>> = {}): Promise<Deployment> {
  const dataFolder = await mkdtemp(join(tmpdir(), "garrison-store-"));
  const child = await startStoreProcess({ dataFolder, entry: storeEntry, logger: silentLogger, config });
  return {
    address: { kind: "embedded", dataFolder },
    dataFolder,
    child,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** A store process of ours reached as a server is: by URL, rows in the request's body, a database of its own name. */
export async function byUrlDeployment(): Promise<Deployment> {
  const embedded = await embeddedDeployment({ listen: "loopback" });
  const keys = JSON.parse(await readFile(join(embedded.dataFolder, "run/store.key"), "utf8")) as Record<string, string>;
  const credential = (role: string): Credential => ({ username: role, password: keys[role] ?? "" });
  return {
    address: {
      kind: "clickhouse",
      url: keys["address"] ?? "",
      database: "elsewhere",
      writer: credential("writer"),
      reader: credential("reader"),
    },
    dataFolder: embedded.dataFolder,
    child: embedded.child,
    [Symbol.asyncDispose]: async () => embedded[Symbol.asyncDispose](),
  };
}

export const serverUrl = process.env["GARRISON_TEST_CLICKHOUSE_URL"];

/** A database of its own on the server at GARRISON_TEST_CLICKHOUSE_URL (credentials in the URL). */
export async function serverDeployment(text: string): Promise<Deployment> {
  const url = new URL(text);
  const credential = {
    username: decodeURIComponent(url.username) || "default",
    password: decodeURIComponent(url.password),
  };
  const dataFolder = await mkdtemp(join(tmpdir(), "garrison-store-"));
  await mkdir(join(dataFolder, "spool"));
  const database = `garrison_test_${process.pid}_${Date.now()}`;
  const address: StoreAddress = {
    kind: "clickhouse",
    url: `${url.protocol}//${url.host}`,
    database,
    writer: credential,
    reader: credential,
  };
  return {
    address,
    dataFolder,
    child: undefined,
    async [Symbol.asyncDispose]() {
      const connection = connect(address);
      await command(connection, `DROP DATABASE IF EXISTS ${database}`);
      await connection.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

// How the store is reached: a Unix socket with the key file of the run folder, or any ClickHouse server by URL. One client for both.
import { readFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { connect as netConnect, type NetConnectOpts, type Socket } from "node:net";
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from "@clickhouse/client";
import { Fault } from "../../base/fault.ts";

export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** A store process of ours, by its data folder; or a ClickHouse server. */
export type StoreAddress =
  | { readonly kind: "embedded"; readonly dataFolder: string }
  | {
      readonly kind: "clickhouse";
      /** "http(s)://host:port"; no credentials in it. */
      readonly url: string;
      readonly database: string;
      readonly writer: Credential;
      /** A user with a read-only profile (readonly = 2); the writer again when there is none. */
      readonly reader: Credential;
      /** Name in ON CLUSTER; absent for a single server. */
      readonly cluster?: string;
    };

export type Role = "writer" | "reader";

export interface Connection {
  readonly client: ClickHouseClient;
  readonly database: string;
  credential(role: Role): Promise<Credential>;
  /** Forgets what was read of the key file: the store process was restarted. */
  forgetCredential(): void;
  /** The embedded process's own figures; undefined for a server. */
  processFacts(): Promise<ProcessFacts | undefined>;
  /** Makes the database where it is not ours from the start. Safe to repeat. */
  createDatabase(onCluster: string): Promise<void>;
  close(): Promise<void>;
}

export interface ProcessFacts {
  readonly residentBytes: number;
  readonly cpuMs: number;
  readonly startedAtMs: number;
}

const connectionsMax = 12;
/** Longer than any statement may run; a statement's own limit ends it before. */
const requestTimeoutMs = 15 * 60_000;

export function connect(address: StoreAddress): Connection {
  return address.kind === "embedded" ? connectEmbedded(address.dataFolder) : connectServer(address);
}

function connectEmbedded(dataFolder: string): Connection {
  let target: NetConnectOpts = { path: `${dataFolder}/run/store.sock` };
  // Sockets go where the key file says: the Unix socket, or the loopback port that the process took when it started.
  const dial = (): Socket => netConnect(target);
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  agent.createConnection = dial;
  const client = createClient({
    url: "http://localhost",
    database: "garrison",
    http_agent: agent,
    request_timeout: requestTimeoutMs,
    log: { level: ClickHouseLogLevel.OFF },
  });
  let keys: Promise<KeyFile> | undefined;
  async function credential(role: Role): Promise<Credential> {
    keys ??= readKeys(`${dataFolder}/run/store.key`);
    try {
      const file = await keys;
      target = targetOf(file.address);
      return { username: role, password: file[role] };
    } catch (thrown) {
      keys = undefined;
      throw thrown;
    }
  }
  return {
    client,
    database: "garrison",
    credential,
    forgetCredential: () => {
      keys = undefined;
    },
    async processFacts() {
      try {
        return await getFacts(dial, await credential("writer"));
      } catch {
        // A restarted process has new keys: once more with those; a failure that is not theirs comes again and is thrown.
        keys = undefined;
        return await getFacts(dial, await credential("writer"));
      }
    },
    createDatabase: async () => undefined, // the store process has made it
    close: async () => {
      await client.close();
      agent.destroy();
    },
  };
}

interface KeyFile {
  readonly writer: string;
  readonly reader: string;
  /** "unix:<path>" or "http://127.0.0.1:<port>". */
  readonly address: string;
}

function targetOf(address: string): NetConnectOpts {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}

async function readKeys(path: string): Promise<KeyFile> {
  const text = await readFile(path, "utf8").catch((thrown: NodeJS.ErrnoException) => {
    throw new Fault(`the store's key file cannot be read (${thrown.code ?? thrown.message})`, {
      code: "store/unavailable",
      kind: "unavailable",
      retryAfterMs: 500,
      hint: "The store process writes it when it starts.",
      cause: thrown,
    });
  });
  const parsed = JSON.parse(text) as Partial<KeyFile>;
  if (typeof parsed.writer === "string" && typeof parsed.reader === "string" && typeof parsed.address === "string")
    return parsed as KeyFile;
  throw new Fault("the store's key file is not understood", {
    code: "store/key-file",
    kind: "internal",
    hint: "Restart the store.",
  });
}

function connectServer(address: StoreAddress & { kind: "clickhouse" }): Connection {
  const client = createClient({
    url: address.url,
    database: address.database,
    username: address.writer.username,
    password: address.writer.password,
    max_open_connections: connectionsMax,
    request_timeout: requestTimeoutMs,
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    client,
    database: address.database,
    credential: async (role) => address[role],
    forgetCredential: () => undefined,
    processFacts: async () => undefined,
    createDatabase: async (onCluster) => createDatabase(address, onCluster),
    close: async () => client.close(),
  };
}

/** Through a client of its own: the other one names the database with each request, which fails while there is none. */
async function createDatabase(address: StoreAddress & { kind: "clickhouse" }, onCluster: string): Promise<void> {
  const { username, password } = address.writer;
  const client = createClient({ url: address.url, username, password, log: { level: ClickHouseLogLevel.OFF } });
  try {
    const name = address.database.replaceAll("`", "");
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS \`${name}\`${onCluster}` });
  } finally {
    await client.close();
  }
}

const factsTimeoutMs = 5000;

/** On a connection of its own: a time-out of one request must not close a kept-alive socket under another's. */
function getFacts(dial: () => Socket, credential: Credential): Promise<ProcessFacts> {
  return new Promise((resolve, reject) => {
    const auth = `${credential.username}:${credential.password}`;
    const signal = AbortSignal.timeout(factsTimeoutMs);
    const request = httpRequest({ createConnection: dial, path: "/process", auth, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as ProcessFacts);
        else reject(new Error(text.trim()));
      });
    });
    request.on("error", reject);
    request.end();
  });
}

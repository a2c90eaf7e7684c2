// The store process: the embedded engine behind the ClickHouse HTTP protocol, on a Unix socket in the run folder or on loopback.
// Promises: one owner per data folder, private files, no outlived parent, and a close that waits for what runs.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { dirname, resolve, sep } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { storePaths, type StoreConfig, type StorePaths } from "./config.ts";
import { writeEngineConfig } from "./engine-config.ts";
import { openEngine } from "./engine.ts";
import { createHttp } from "./http.ts";
import { newKeys, writeKeys } from "./keys.ts";

export interface RunningStore extends AsyncDisposable {
  /** "unix:<path>" or "http://127.0.0.1:<port>". */
  readonly address: string;
}

/** How long a closing store waits for statements that run. */
const closeDeadlineMs = 8000;
const bodyBytesMax = 256 * 1024 * 1024;

/** Opens the engine and listens. Throws a Fault when the folder is another process's or the address is taken. */
export async function serveStore(config: StoreConfig, logger: Logger): Promise<RunningStore> {
  const paths = absolutePaths(config);
  for (const folder of [paths.data, paths.spool, paths.run]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(paths.run, 0o700);
  writeEngineConfig(config, paths);
  const engine = await openEngine(config, paths).catch((thrown: unknown) => {
    throw openFault(thrown, paths);
  });
  // Only now: before the engine has its lock they may be those of a store that runs.
  removeLeftBodies(paths);
  const keys = newKeys();
  const startedAtMs = Date.now();
  let bodies = 0;
  const server = createHttp({
    engine,
    keys,
    limits: {
      readSecondsMax: config.readSecondsMax,
      readMemoryBytesMax: Math.floor(config.memoryBytesMax / 2),
      readRowsMax: 2_000_000_000,
      resultRowsMax: 1_000_000,
    },
    isSpoolFile: (path) => expand(path).every((file) => isInside(file, paths.spool)),
    bodies: { newPath: () => `${paths.spool}/${bodyPrefix}${process.pid}-${(bodies += 1)}`, bytesMax: bodyBytesMax },
    processFacts: () => facts(startedAtMs),
  });
  const address = await listen(server, config, paths);
  writeKeys(paths.key, keys, address);
  logger.info({ address, data: paths.data }, "store is ready");
  return {
    address,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeIdleConnections();
      const isClean = await engine.close(closeDeadlineMs);
      server.closeAllConnections();
      if (!isClean) logger.warn({ closeDeadlineMs }, "store closed with statements running");
    },
  };
}

const bodyPrefix = ".body-";

function absolutePaths(config: StoreConfig): StorePaths {
  return storePaths(resolve(config.dataFolder));
}

function removeLeftBodies(paths: StorePaths): void {
  for (const name of readdirSync(paths.spool)) {
    if (name.startsWith(bodyPrefix)) rmSync(`${paths.spool}/${name}`, { force: true });
  }
}

/** `folder/{a,b}` is the engine's list of files; each of them is looked at by itself. Any other brace stays and is refused below. */
export function expand(path: string): readonly string[] {
  const list = /^([^{}]*)\/\{([A-Za-z0-9._-]+(?:,[A-Za-z0-9._-]+)*)\}$/.exec(path);
  return list === null ? [path] : (list[2] ?? "").split(",").map((name) => `${list[1]}/${name}`);
}

/** True for an existing file whose real path lies inside the real spool folder; globs never exist, so they are refused. */
export function isInside(path: string, folder: string): boolean {
  if (!path.startsWith("/") || /[*?{}\0]|::/.test(path)) return false;
  try {
    const real = realpathSync(path);
    return real.startsWith(realpathSync(folder) + sep) && statSync(real).isFile();
  } catch (thrown) {
    if (isMissing(thrown)) return isMissingInside(path, folder);
    throw thrown;
  }
}

/** A file that is not there (any more) inside the folder is the engine's to report as missing, not a refusal. */
function isMissingInside(path: string, folder: string): boolean {
  try {
    return realpathSync(dirname(path)).startsWith(realpathSync(folder)) && !path.includes("..");
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

async function listen(server: Server, config: StoreConfig, paths: StorePaths): Promise<string> {
  const failed = new Promise<never>((_, reject) => {
    server.once("error", (thrown: NodeJS.ErrnoException) => {
      const where = config.listen === "unix" ? paths.socket : `127.0.0.1:${config.port}`;
      reject(
        new Fault(`the store cannot listen on ${where}: ${thrown.message}`, {
          code: "store/listen",
          kind: "conflict",
          hint:
            config.listen === "unix" ? "Check that the run folder can be written." : "Give another port with --port.",
          cause: thrown,
        }),
      );
    });
  });
  if (config.listen === "unix") {
    // The engine's lock on the data folder says that nobody else serves it, so a socket found here is a dead one's.
    rmSync(paths.socket, { force: true });
    await Promise.race([new Promise<void>((done) => server.listen(paths.socket, done)), failed]);
    chmodSync(paths.socket, 0o600);
    return `unix:${paths.socket}`;
  }
  await Promise.race([new Promise<void>((done) => server.listen(config.port, "127.0.0.1", done)), failed]);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function facts(startedAtMs: number): object {
  const cpu = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuMs: Math.round((cpu.user + cpu.system) / 1000),
    startedAtMs,
    pid: process.pid,
  };
}

function openFault(thrown: unknown, paths: StorePaths): Fault {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const owner = ownerOf(paths.data);
  if (owner === undefined) {
    return new Fault(`the store cannot open ${paths.data}: ${message}`, {
      code: "store/open",
      kind: "internal",
      hint: "Check that the folder can be written and the disk has room.",
      cause: thrown,
    });
  }
  return new Fault(`process ${owner} has the store folder ${paths.data} open`, {
    code: "store/locked",
    kind: "conflict",
    hint: "Stop the other garrison that uses this data folder, or give another one with --data.",
    cause: thrown,
  });
}

/** The living process that the engine's own `status` file names; it stays behind after a crash, so a dead one means nothing. */
function ownerOf(folder: string): number | undefined {
  const status = `${folder}/status`;
  if (!existsSync(status)) return undefined;
  const pid = Number(/^PID: (\d+)/m.exec(readFileSync(status, "utf8"))?.[1] ?? 0);
  return pid > 0 && pid !== process.pid && existsSync(`/proc/${pid}`) ? pid : undefined;
}

// Keeps the store process running: starts it, waits until it serves, restarts it with back-off when it ends, takes it along on the way out.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { Fault, type FaultKind } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";

export interface StoreProcessOptions {
  readonly dataFolder: string;
  /** Path of the script that is the store process (apps/store/process.ts); the edge does not know the apps. */
  readonly entry: string;
  readonly logger: Logger;
  /** More of StoreConfig: listen, memoryBytesMax, readersMax, ... */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface StoreProcess extends AsyncDisposable {
  /** Of the process that runs now; undefined between two. */
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  /** Why it ended last; "" when it never did. */
  readonly lastEnd: string;
  /** Resolves when it serves (again). Rejects once the supervisor is disposed or gave up. */
  ready(): Promise<void>;
}

const startDeadlineMs = 60_000;
const stopDeadlineMs = 15_000;
const backoff = { firstMs: 100, maxMs: 10_000, resetAfterMs: 60_000 } as const;
/** Threads of the child's pool: one per session that may be busy, and some for files. */
const poolThreads = 16;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts the process and resolves when it serves. Throws the Fault that it failed with at its first start; later ends are retried. */
export async function startStoreProcess(options: StoreProcessOptions): Promise<StoreProcess> {
  const supervisor = new Supervisor(options);
  await supervisor.startFirst();
  return supervisor;
}

class Supervisor implements StoreProcess {
  restarts = 0;
  lastEnd = "";
  readonly #options: StoreProcessOptions;
  #child: Child | undefined;
  #serving: Promise<void> = Promise.resolve();
  #isStopping = false;
  #wake: () => void = () => undefined;
  #isFirst = true;
  #delayMs: number = backoff.firstMs;

  constructor(options: StoreProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async startFirst(): Promise<void> {
    try {
      await this.#start();
      this.#isFirst = false;
    } catch (thrown) {
      // What fails at the first start (folder locked, bad configuration) would fail again: the caller decides.
      this.#isStopping = true;
      throw thrown;
    }
  }

  async ready(): Promise<void> {
    while (!this.#isStopping) {
      const serving = this.#serving;
      const isServing = await serving.then(
        () => true,
        () => false,
      );
      if (isServing && serving === this.#serving) return;
    }
    throw stoppedFault();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.kill("SIGTERM");
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    await ended;
    clearTimeout(timer);
  }

  async #start(): Promise<void> {
    const { dataFolder, entry, config } = this.#options;
    const child = spawn(process.execPath, [entry, JSON.stringify({ ...config, dataFolder, exitWithParent: true })], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(poolThreads) },
    });
    const startedAt = performance.now();
    this.#child = child;
    child.stdin.on("error", () => undefined); // it ended: "close" tells
    createInterface({ input: child.stderr }).on("line", (line) => this.#log(line));
    child.once("close", (code, signal) => this.#onEnd(child, startedAt, signal ?? `code ${code}`));
    await whenServing(child);
  }

  #onEnd(child: Child, startedAt: number, why: string): void {
    if (this.#child === child) this.#child = undefined;
    this.lastEnd = why;
    if (this.#isStopping) return;
    if (performance.now() - startedAt > backoff.resetAfterMs) this.#delayMs = backoff.firstMs;
    this.#options.logger.warn({ why, restarts: this.restarts, delayMs: this.#delayMs }, "store process ended");
    this.#serving = this.#restart();
    this.#serving.catch(() => undefined); // the next end, and with it the next start, is on its way
  }

  async #restart(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (this.#isStopping) throw stoppedFault();
    this.#delayMs = Math.min(this.#delayMs * 2, backoff.maxMs);
    this.restarts += 1;
    await this.#start();
  }

  /** The child's log lines are JSON already; they go on as they are, under our logger. */
  #log(line: string): void {
    const parsed = parseLine(line);
    const message = typeof parsed?.["msg"] === "string" ? parsed["msg"] : line;
    const level = parsed?.["level"];
    // What a first start fails for is thrown to the caller, who says it: not a second time here, nor in the engine's own words.
    const isFailure = typeof parsed?.["code"] === "string" && typeof level === "number" && level >= 50;
    if (this.#isFirst && (isFailure || lockedLine.test(line))) return;
    const own = new Set(["level", "time", "pid", "hostname", "name", "msg"]);
    const fields = Object.fromEntries(Object.entries(parsed ?? {}).filter(([name]) => !own.has(name)));
    if (typeof level === "number" && level >= 50) this.#options.logger.error(fields, message);
    else if (typeof level === "number" && level < 40) this.#options.logger.info(fields, message);
    else this.#options.logger.warn(fields, message);
  }
}

/** The engine about a folder that another process has. */
const lockedLine = /\bCannot lock file .* already running/;

function whenServing(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        startFault("store/start-timeout", "unavailable", `the store did not start within ${startDeadlineMs} ms`, ""),
      );
    }, startDeadlineMs);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = parseLine(line);
      if (said?.["type"] === "ready") {
        clearTimeout(timer);
        resolve();
      }
      if (said?.["type"] === "failed") {
        clearTimeout(timer);
        const { code, kind, message, hint } = said;
        reject(startFault(String(code), kind as FaultKind, String(message), String(hint)));
      }
    });
    child.once("error", (cause) =>
      reject(startFault("store/spawn", "internal", `the store cannot be started: ${cause.message}`, "")),
    );
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      reject(
        startFault(
          "store/ended",
          "unavailable",
          `the store ended before it served (${signal ?? code})`,
          "Look at its log lines.",
        ),
      );
    });
  });
}

function startFault(code: string, kind: FaultKind, message: string, hint: string): Fault {
  const retry = kind === "unavailable" ? { retryAfterMs: 1000 } : {};
  return new Fault(message, { code, kind, ...(hint === "" ? {} : { hint }), ...retry });
}

function stoppedFault(): Fault {
  return new Fault("the store process was stopped", { code: "store/stopped", kind: "unavailable" });
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // a native library's own words: logged as they are
  }
}

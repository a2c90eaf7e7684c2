// Keeps one child process running: configuration by message, restart with back-off, an orderly end on request.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { AppName, Notice, Ready } from "./apps.ts";
import { supervisedVariable } from "./commands/run.ts";
import { runtimeFlagsOf } from "./runtime-flags.ts";

const restartDelayMsMin = 1000;
const restartDelayMsMax = 30_000;
/** A child that ran this long starts again with the shortest delay. */
const steadyMs = 60_000;
/** After this long an orderly end is no longer waited for. */
const stopDeadlineMs = 20_000;

export interface Supervised {
  /** Resolves with the first "ready"; rejects with the exit code when the first start fails. */
  readonly first: Promise<Ready>;
  stop(): Promise<void>;
}

export class FirstStartFailed extends Error {
  readonly exitCode: number;
  constructor(app: AppName, exitCode: number) {
    super(`${app} could not start (exit code ${exitCode})`);
    this.exitCode = exitCode;
  }
}

export interface SuperviseOptions {
  readonly app: AppName;
  /** Private folder for compiled code: a warm start is faster and smaller. Undefined: none, whatever the environment says. */
  readonly codeCache: string | undefined;
  /** Asked at each start: a token in it may have been used up. */
  config(): Promise<unknown>;
  say(line: string): void;
  /** What the child says to a person after it was ready. */
  notice?(line: string): void;
}

/** Starts the child now. Its stderr is ours. It is in a process group of its own, so that Ctrl-C reaches only the supervisor. */
export function supervise(options: SuperviseOptions): Supervised {
  const entry = fileURLToPath(new URL("../../../bin/garrison.js", import.meta.url));
  const first = Promise.withResolvers<Ready>();
  let child: ChildProcess | undefined;
  let isStopping = false;
  let isReady = false;
  let delayMs = restartDelayMsMin;
  let timer: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    const startedMs = performance.now();
    const config = await options.config();
    if (isStopping) return;
    const running = spawn(process.execPath, [...runtimeFlagsOf(options.app), entry, "run", options.app], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      detached: true,
      env: { ...process.env, [supervisedVariable]: "1", NODE_COMPILE_CACHE: options.codeCache },
    });
    child = running;
    running.on("message", (message: Ready | Notice) => {
      if (message.type === "notice") {
        options.notice?.(message.line);
        return;
      }
      if (isReady) options.say(`${options.app} is back`);
      isReady = true;
      first.resolve(message);
    });
    running.once("exit", (code, signal) => {
      child = undefined;
      if (isStopping) return;
      if (!isReady) {
        first.reject(new FirstStartFailed(options.app, code ?? 1));
        return;
      }
      if (performance.now() - startedMs > steadyMs) delayMs = restartDelayMsMin;
      options.say(`${options.app} ended (${signal ?? `exit code ${code}`}), starting it again in ${delayMs / 1000} s`);
      again();
    });
    running.send(config as object);
  }

  function again(): void {
    timer = setTimeout(() => {
      start().catch((error: unknown) => {
        options.say(`${options.app} could not be started: ${error instanceof Error ? error.message : String(error)}`);
        again();
      });
    }, delayMs);
    delayMs = Math.min(delayMs * 2, restartDelayMsMax);
  }

  start().catch((error: unknown) => first.reject(error));
  return {
    first: first.promise,
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      if (child === undefined) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const deadline = setTimeout(() => child?.kill("SIGKILL"), stopDeadlineMs);
      await ended;
      clearTimeout(deadline);
    },
  };
}

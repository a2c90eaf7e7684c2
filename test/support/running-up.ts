// `garrison up` as a newcomer starts it: a process of its own on a data folder, free ports, addresses read from what it prints.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../..");
const node = path.join(root, "node_modules", ".bin", "node");
const entry = path.join(root, "bin", "garrison.js");
const startMsMax = 300_000;

export interface RunningUp extends AsyncDisposable {
  /** "http://127.0.0.1:41234". */
  readonly url: string;
  /** Everything it said so far. */
  readonly said: () => string;
  /** A console address with a token that works once. */
  readonly signInUrl: () => Promise<string>;
}

/** Resolves when console and agent are up. Throws with what it said when it ends before. Disposing stops it as Ctrl-C does. */
export async function startUp(data: string, more: readonly string[] = ["--no-demo"]): Promise<RunningUp> {
  const child = spawn(node, [entry, "up", "--data", data, "--console-port", "0", "--agents-port", "0", ...more], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const collect = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  };
  try {
    await untilSaid(child, () => said);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = new URL(/https?:\/\/\S+(?=#token=)/.exec(said)?.[0] ?? "").origin;
  const signInUrl = async (): Promise<string> => {
    const { stdout } = await promisify(execFile)(node, [entry, "console", "--data", data], { cwd: root });
    return stdout.trim();
  };
  return { url, said: () => said, signInUrl, [Symbol.asyncDispose]: stop };
}

async function untilSaid(child: ChildProcess, said: () => string): Promise<void> {
  const deadline = AbortSignal.timeout(startMsMax);
  while (!/stop with Ctrl-C/.test(said())) {
    if (child.exitCode !== null || deadline.aborted) throw new Error(`garrison up did not start:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

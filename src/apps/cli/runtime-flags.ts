// How an app's process is told to keep little memory: flags of Node where a supervisor starts it, the same in its own words where it was started by itself
// (a container, a service).
import { setFlagsFromString } from "node:v8";
import type { AppName } from "./apps.ts";

/** A small young generation: V8's default grows to three times 16 MiB that a watcher of one machine never needs. */
const runtimeFlags = ["--max-semi-space-size=2"] as const;
/**
 * The agent is on every node: its old generation is collected after a growth of 15 %, not after that of 50 to 300 % that V8 takes.
 */
const agentFlags = ["--heap-growing-percent=15"] as const;

/** The size of the young generation is read at the start only; that it does not grow from its 1 MiB can be said later. */
const fixedYoung = "--semi-space-growth-factor=1";

/** Flags of Node for an app's process. */
export function runtimeFlagsOf(app: AppName): readonly string[] {
  return app === "agent" ? [...runtimeFlags, ...agentFlags] : runtimeFlags;
}

/** For a process that somebody else started: what was not said on its command line, as far as it can still be said. */
export function applyRuntimeFlags(app: AppName, execArguments: readonly string[] = process.execArgv): void {
  // A server by itself may be as large as its machine.
  if (app !== "agent") return;
  const isSaid = (name: string): boolean => execArguments.some((argument) => argument.startsWith(name));
  if (!isSaid("--max-semi-space-size")) setFlagsFromString(fixedYoung);
  for (const flag of agentFlags) if (!isSaid(flag.slice(0, flag.indexOf("=")))) setFlagsFromString(flag);
}

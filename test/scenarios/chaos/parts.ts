// The processes of the chaos scenario: each can be killed without warning and started again; every one ends with the scenario.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class Part {
  /** The newest line of JSON that it wrote to standard output; undefined between two lives. */
  said: Record<string, unknown> | undefined;
  kills = 0;
  /** How it ended by itself; empty when only the scenario ended it. */
  crash = "";
  readonly name: string;
  readonly #script: string;
  readonly #args: () => readonly string[];
  readonly #onSaid: (line: Record<string, unknown>) => void;
  #child: Child | undefined;

  constructor(
    name: string,
    script: string,
    args: () => readonly string[],
    onSaid: (line: Record<string, unknown>) => void = () => undefined,
  ) {
    this.name = name;
    this.#script = script;
    this.#args = args;
    this.#onSaid = onSaid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    if (this.#child !== undefined) return;
    const child = spawn(process.execPath, [this.#script, ...this.#args()], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{") || this.#child !== child) return;
      this.said = JSON.parse(line) as Record<string, unknown>;
      this.#onSaid(this.said);
    });
    child.once("close", (code, signal) => {
      if (signal !== "SIGKILL") this.crash = `${this.name} ended by itself (${signal ?? `code ${code}`})`;
      if (this.#child !== child) return;
      this.#child = undefined;
      this.said = undefined;
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
    });
    child.kill("SIGKILL");
    this.kills += 1;
    await gone;
  }

  tell(line: string): void {
    this.#child?.stdin.write(`${line}\n`);
  }
}

/** Numbers in [0, 1) from a seed: the same seed gives the same story (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

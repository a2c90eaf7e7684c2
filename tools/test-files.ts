// Some test files under one `node --test`: its output passed on, its summary held back, what was skipped and where it failed picked out.
import { spawn } from "node:child_process";
import path from "node:path";

/** Test files in parallel; the machines that this is built for have two cores. */
const filesInParallel = 2;
const fileTimeoutMs = 600_000;

const figures = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;
export type Summary = Readonly<Record<(typeof figures)[number] | "duration_ms", number>>;

export interface TestRun {
  readonly code: number;
  readonly summary: Summary;
  /** Lines of tests that were skipped because the machine lacks something. */
  readonly skipped: readonly string[];
  /** Files with a failure, relative to the root. */
  readonly failedFiles: readonly string[];
}

export interface TestRunOptions {
  /** "none": all files in one process, one after the other. */
  readonly isolation: "none" | "process";
  /** Kept back until the end, when another run prints meanwhile. */
  readonly printsAtEnd: boolean;
  readonly concurrency?: number;
}

const nothing: Summary = {
  tests: 0,
  suites: 0,
  pass: 0,
  fail: 0,
  cancelled: 0,
  skipped: 0,
  todo: 0,
  duration_ms: 0,
};

/** Each test process compiles the same modules: in the two folders measured, a quarter of the processor time was to strip and to compile them again. */
function environment(root: string): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: path.join(root, "node_modules", ".cache", "garrison-tests") };
}

/** What a reader of its output is told. Failures name their place: "test at FILE:LINE:COLUMN". */
class Reading {
  readonly skipped: string[] = [];
  readonly failedFiles = new Set<string>();
  summary = nothing;
  #rest = "";
  readonly #held: string[] = [];
  readonly #isHeld: boolean;

  constructor(isHeld: boolean) {
    this.#isHeld = isHeld;
  }

  take(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    for (const line of this.#held) console.log(line);
  }

  #line(line: string): void {
    if (/# MISSING: /.test(line)) this.skipped.push(line.trim());
    const place = /^\s*test at (.+\.test\.ts):\d+:\d+$/.exec(line)?.[1];
    if (place !== undefined) this.failedFiles.add(place);
    const figure = /^ℹ (\w+) ([\d.]+)$/.exec(line);
    // The summary is held back, so that the sum of all runs is the last thing printed.
    if (figure?.[1] !== undefined && figure[1] in nothing)
      this.summary = { ...this.summary, [figure[1]]: Number(figure[2]) };
    else if (this.#isHeld) this.#held.push(line);
    else console.log(line);
  }
}

export async function runTestFiles(root: string, files: readonly string[], options: TestRunOptions): Promise<TestRun> {
  if (files.length === 0) return { code: 0, summary: nothing, skipped: [], failedFiles: [] };
  const child = spawn(
    process.execPath,
    [
      "--import",
      path.join(root, "test", "support", "seed.ts"),
      "--test",
      `--test-isolation=${options.isolation}`,
      ...(options.isolation === "none" ? [] : [`--test-concurrency=${options.concurrency ?? filesInParallel}`]),
      `--test-timeout=${fileTimeoutMs}`,
      "--test-reporter=spec",
      ...files,
    ],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: environment(root) },
  );
  const reading = new Reading(options.printsAtEnd);
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => reading.take(chunk));
  const code = await new Promise<number>((resolve) => child.once("close", (exit) => resolve(exit ?? 1)));
  reading.end();
  const { summary, skipped, failedFiles } = reading;
  const isWhole = summary.tests > 0;
  if (!isWhole) console.log(`!!! a run of ${files.length} test files ended without its summary (exit code ${code})`);
  return { code: isWhole ? code : code || 1, summary, skipped, failedFiles: [...failedFiles] };
}

export function sumOf(runs: readonly TestRun[], durationMs: number): Summary {
  const sums = figures.map((name) => [name, runs.reduce((sum, run) => sum + run.summary[name], 0)] as const);
  return { ...nothing, ...Object.fromEntries(sums), duration_ms: durationMs };
}

export function summaryText(summary: Summary): string {
  return [...figures, "duration_ms" as const].map((name) => `ℹ ${name} ${summary[name]}`).join("\n");
}

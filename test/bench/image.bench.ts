// Scanning a large real image beside `gzip -dc | tar t` on the same layer, in alternation: CPU seconds, peak memory, what each stage and the secret search cost, a cached re-scan.
// The scan runs as the packed product does (compiled, not TypeScript). Ends with 1 when a goal is missed, with 2 when only a smaller image was at hand: figures, no verdict.
// It is over within fifteen minutes: building, compiling and every run have their own limit, and rounds that no longer fit are left out, which is told.
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { missingForDebianImages } from "../support/debian-image.ts";
import { smallerImage } from "./smaller-image.ts";

const rounds = Number(process.env["GARRISON_BENCH_PASSES"] ?? "5");
const goals = { ratio: 0.6, residentMb: 200, secrets: 1.4, compressedMb: 300 } as const;
const beganAtMs = Date.now();
/** Building, compiling and one run at most; `rounds` counts from the beginning. */
const limitsMs = { build: 7 * 60_000, compile: 2 * 60_000, run: 60_000, rounds: 13 * 60_000 } as const;
const root = path.resolve(import.meta.dirname, "../..");
const compiled = path.join(root, "build", "bench-image");
/** Small young generation, and collecting on the thread at hand: less memory, and no other threads' CPU. */
const nodeFlags = ["--max-semi-space-size=8", "--single-threaded-gc"];

interface Measured {
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly told: string;
}

const stages = {
  inflate: "inflate alone",
  walk: "+ both digests, tar walk, squash",
  full: "+ every cataloguer and classifier",
  secrets: "the same with the secret search",
  cached: "the same image again, its layers cached",
} as const;
type Stage = keyof typeof stages;

const scratch = mkdtempSync(path.join(os.tmpdir(), "garrison-image-bench-"));

async function main(): Promise<number> {
  const large = await builtImage();
  const layout = large ?? smallerImage(path.join(scratch, "smaller"));
  compile();
  const blob = largestBlob(layout);
  const megabytes = statSync(blob).size / 1e6;
  console.log(
    `image: ${megabytes.toFixed(0)} MB compressed; at most ${rounds} rounds; node ${process.version} ${nodeFlags.join(" ")}\n`,
  );
  const baseline: number[] = [];
  const runs = new Map<Stage, Measured[]>();
  scan("cached", layout);
  for (let round = 0; round < rounds; round++) {
    const startedAtMs = Date.now();
    baseline.push(gzipAndTar(blob));
    for (const stage of Object.keys(stages) as Stage[])
      runs.set(stage, [...(runs.get(stage) ?? []), scan(stage, layout)]);
    if (2 * Date.now() - startedAtMs < beganAtMs + limitsMs.rounds) continue;
    console.log(`${round + 1} of ${rounds} rounds: the time is up`);
    break;
  }
  const verdict = report(megabytes, baseline, runs);
  return large === undefined ? 2 : verdict;
}

/** The image of the goal, built in a process group of its own that is ended when it takes too long; undefined, and told, when there is none. */
async function builtImage(): Promise<string | undefined> {
  const missing = missingForDebianImages();
  if (missing !== "") {
    console.log(`the large image cannot be built here: ${missing} missing (apt-get install mmdebstrap umoci)`);
    return undefined;
  }
  const builder = spawn(process.execPath, ["--input-type=module", "-e", buildScript], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  builder.stdout.setEncoding("utf8").on("data", (text: string) => (told += text));
  const stop = (signal: NodeJS.Signals) => void (builder.pid === undefined || process.kill(-builder.pid, signal));
  const timers = [
    setTimeout(() => stop("SIGTERM"), limitsMs.build),
    setTimeout(() => stop("SIGKILL"), limitsMs.build + 20_000),
  ];
  const code = await new Promise<number | null>((resolve) => {
    builder.on("error", () => resolve(null));
    builder.on("close", resolve);
  });
  for (const timer of timers) clearTimeout(timer);
  if (code === 0) return told.trim();
  console.log(`the large image was not built (within ${limitsMs.build / 60_000} minutes); a smaller one stands in`);
  return undefined;
}

/** Throws what went wrong, a run that took too long included. */
function checked(what: string, done: SpawnSyncReturns<string>): string {
  if (done.status !== 0)
    throw new Error(`${what} failed: ${done.error?.message ?? ""} ${done.stdout}${done.stderr}`, { cause: done.error });
  return done.stdout;
}

function report(megabytes: number, baseline: readonly number[], runs: ReadonlyMap<Stage, readonly Measured[]>): number {
  console.log(`gzip -dc | tar t                          ${median(baseline).toFixed(2)} s CPU`);
  for (const [stage, measured] of runs) {
    const cpu = median(measured.map((one) => one.cpuSeconds));
    const ratio = median(measured.map((one, round) => one.cpuSeconds / baseline[round]!));
    const resident = Math.max(...measured.map((one) => one.residentMb));
    console.log(
      `${stages[stage].padEnd(41)} ${cpu.toFixed(2)} s CPU  ${ratio.toFixed(2)} of it  ${resident.toFixed(0)} MB peak`,
    );
  }
  const full = runs.get("full")!;
  const ratio = median(full.map((one, round) => one.cpuSeconds / baseline[round]!));
  const secrets = median(runs.get("secrets")!.map((one, round) => one.cpuSeconds / full[round]!.cpuSeconds));
  const resident = Math.max(...full.map((one) => one.residentMb));
  console.log(`\nfound: ${full[0]!.told}`);
  const rows = [
    {
      what: "compressed image, MB (at least)",
      value: megabytes,
      isMet: megabytes >= goals.compressedMb,
      goal: goals.compressedMb,
    },
    { what: "full scan by gzip | tar, CPU", value: ratio, isMet: ratio <= goals.ratio, goal: goals.ratio },
    { what: "full scan, MB resident", value: resident, isMet: resident <= goals.residentMb, goal: goals.residentMb },
    { what: "with secrets by without, CPU", value: secrets, isMet: secrets <= goals.secrets, goal: goals.secrets },
  ];
  for (const { what, value, isMet, goal } of rows) {
    console.log(`${isMet ? "met   " : "MISSED"} ${what}: ${value.toFixed(2)} (goal ${goal})`);
  }
  return rows.every((row) => row.isMet) ? 0 : 1;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

function largestBlob(layout: string): string {
  const folder = path.join(layout, "blobs", "sha256");
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  return files.toSorted((left, right) => statSync(right).size - statSync(left).size)[0]!;
}

/** CPU of both processes, user and system. */
function gzipAndTar(blob: string): number {
  const script = 'TIMEFORMAT="%U %S"; time (gzip -dc "$1" | tar t >/dev/null)';
  const done = spawnSync("bash", ["-c", script, "bash", blob], { encoding: "utf8", timeout: limitsMs.run });
  checked("gzip | tar", done);
  return done.stderr
    .trim()
    .split(/\s+/)
    .reduce((sum, word) => sum + Number(word), 0);
}

function compile(): void {
  rmSync(compiled, { recursive: true, force: true });
  mkdirSync(compiled, { recursive: true });
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const done = spawnSync(
    process.execPath,
    [tsc, "-p", "tsconfig.build.json", "--outDir", compiled, "--declaration", "false"],
    { cwd: root, encoding: "utf8", timeout: limitsMs.compile },
  );
  if (!existsSync(path.join(compiled, "edge", "registry", "open-image.js")))
    throw new Error(`tsc: ${done.stdout}${done.stderr}`);
  writeFileSync(path.join(compiled, "scan.mjs"), child);
}

function scan(stage: Stage, layout: string): Measured {
  const done = spawnSync(
    process.execPath,
    [...nodeFlags, path.join(compiled, "scan.mjs"), stage, layout, path.join(scratch, "cache")],
    { encoding: "utf8", timeout: limitsMs.run },
  );
  return JSON.parse(checked(`the scan (${stage})`, done)) as Measured;
}

const buildScript = `
import { buildDebianImage } from ${JSON.stringify(new URL("../support/debian-image.ts", import.meta.url).href)};
import { largeImage } from ${JSON.stringify(new URL("image-world.ts", import.meta.url).href)};
console.log((await buildDebianImage(largeImage)).layout);
`;

/** What the child runs: nothing but the source and the pass. */
const child = `
import { openImage } from "./edge/registry/open-image.js";
const [stage, path, cacheFolder] = process.argv.slice(2);
await using image = await openImage({ kind: "oci-layout", path });
let told = "";
if (stage === "inflate") {
  const { createGunzip } = await import("node:zlib");
  const gunzip = createGunzip({ chunkSize: 512 * 1024 });
  gunzip.on("data", (piece) => { if (piece.byteOffset + piece.length === piece.buffer.byteLength) piece.buffer.transfer(0); });
  const ended = new Promise((resolve) => gunzip.on("end", resolve));
  for await (const piece of await image.layers[0].open(new AbortController().signal)) await new Promise((resolve) => gunzip.write(piece, resolve));
  gunzip.end();
  await ended;
} else {
  const { analyseImage } = await import("./edge/registry/pass/analyse-image.js");
  const options = { secrets: stage === "secrets" };
  if (stage === "walk") options.catalogers = [];
  if (stage === "cached") options.cache = (await import("./edge/registry/pass/layer-cache.js")).folderLayerCache(cacheFolder);
  const analysis = await analyseImage(image, options);
  const types = new Map();
  for (const one of analysis.packages) types.set(one.type, (types.get(one.type) ?? 0) + 1);
  const list = [...types].sort().map(([type, count]) => type + " " + count).join(", ");
  told = analysis.packages.length + " packages (" + list + "), " + analysis.layers[0].files + " files, " + analysis.gaps.length + " gaps, " + analysis.secrets.length + " secrets";
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, residentMb: maxRSS / 1024, told }));
`;

// Last, for the texts above are constants.
process.exitCode = await main().finally(() => rmSync(scratch, { recursive: true, force: true }));

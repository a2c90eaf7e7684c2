// The WAF engine beside libmodsecurity 3, same machine, same rules, same requests: CPU per request of the weighted mix, by class, at two levels.
// Ends with 1 when a goal is missed, with 2 when the two do not block the same attacks: then the figures compare different work.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { judgeOne } from "../../src/apps/cli/commands/waf/run-bench.ts";
import { engineOf, loadRules } from "../../src/apps/cli/commands/waf/load-rules.ts";
import type { MixRequest } from "../../src/apps/cli/commands/waf/request-mix.ts";
import type { TransactionPolicy, WafEngine } from "../../src/core/waf/engine/engine.ts";
import { suitePolicy } from "../../src/core/waf/ftw/settings.ts";
import { baseDirectives } from "../../src/core/waf/http/base-directives.ts";
import { attackRequests, mixClasses, mixOf, mixShares, type Mix, type MixClass } from "./waf-mix.ts";
import { compileHarness, startHarness, type Harness } from "./waf-libmodsecurity/harness.ts";

const rulesFolder = path.resolve(import.meta.dirname, process.env["GARRISON_BENCH_CRS"] ?? "../../../shared/data/crs");
const passes = Number(process.env["GARRISON_BENCH_PASSES"] ?? "5");
const warmPasses = 2;
const goals = { weighted: 5, east: 10, json: 5, weightedWithoutMemo: 4, loadMs: 1000, residentMib: 150 } as const;

/** Rules whose verdict is the engine's own reading of SQL and script, where the two may differ request by request. */
const injectionRules: ReadonlySet<number> = new Set([941100, 941101, 942100, 942101]);

type Level = 1 | 4;
interface Engines {
  readonly ours: WafEngine;
  readonly oursWithoutMemo: WafEngine;
  readonly peer: Harness;
  readonly policy: TransactionPolicy;
}
type Times = Record<"ours" | "oursWithoutMemo" | "peer", Record<MixClass, number[]>>;

const missed: string[] = [];
const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-waf-bench-"));
process.exitCode = await main().finally(() => rmSync(folder, { recursive: true, force: true }));

async function main(): Promise<number> {
  const program = compileHarness(folder);
  if (program === undefined) return 2;
  const all = attackRequests(path.join(rulesFolder, "tests"));
  if (all.length < 600) {
    console.error(`no attack tests in ${rulesFolder}/tests (GARRISON_BENCH_CRS names another folder)`);
    return 2;
  }
  console.log(`${all.length} attack tests; ${passes} passes after ${warmPasses} to warm up\n`);
  for (const level of [1, 4] as const) {
    const different = await compare(level, program, all);
    if (different > 0) return 2;
  }
  memory();
  for (const line of missed) console.log(`goal missed: ${line}`);
  return missed.length === 0 ? 0 : 1;
}

/** One worker's memory, in a process of its own: this one holds more than a worker would. */
function memory(): void {
  const worker = path.join(import.meta.dirname, "waf-memory.worker.ts");
  const { stdout, stderr } = spawnSync(process.execPath, [worker, settingsFile(), rulesFolder], { encoding: "utf8" });
  const { before = 0, loaded = 0, after = Number.NaN } = JSON.parse(stdout || "{}") as Record<string, number>;
  console.log(
    `resident: ${before} MiB before, ${loaded} MiB with the rule set, ${after} MiB after 4,000 requests${stderr}`,
  );
  if (!(after <= goals.residentMib)) missed.push(`resident ${after} MiB, at most ${goals.residentMib}`);
}

/** Prints the figures of a level; how many attacks the two see differently. */
async function compare(level: Level, program: string, all: readonly MixRequest[]): Promise<number> {
  const before = process.cpuUsage();
  const loaded = loadRules([settingsFile(), rulesFolder]);
  const ours = engineOf(loaded);
  const load = process.cpuUsage(before);
  const loadMs = (load.user + load.system) / 1000;
  const oursWithoutMemo = engineOf(loaded, { memoEntriesMax: 0 });
  const peer = await startHarness(program, peerFile(level));
  console.log(
    `level ${level}: loaded in ${loadMs.toFixed(0)} ms CPU, libmodsecurity ${(peer.loadCpuNs / 1e6).toFixed(0)} ms`,
  );
  if (loadMs > goals.loadMs) missed.push(`level ${level}: load ${loadMs.toFixed(0)} ms > ${goals.loadMs}`);
  const engines: Engines = {
    ours,
    oursWithoutMemo,
    peer,
    policy: {
      ...suitePolicy,
      mode: "block",
      paranoia: level,
      detectionParanoia: level,
      responseBodies: false,
      settings: new Map(),
    },
  };
  const times: Times = { ours: emptyTimes(), oursWithoutMemo: emptyTimes(), peer: emptyTimes() };
  const { attacks, unexplained } = await sameVerdicts(engines, all);
  if (unexplained > 0) {
    await peer.close();
    return unexplained;
  }
  let different = 0;
  for (let pass = -warmPasses; pass < passes; pass += 1) {
    // oxlint-disable-next-line no-await-in-loop
    different += await runPass(engines, mixOf(pass + warmPasses, attacks), pass < 0 ? undefined : times);
  }
  print(level, times);
  console.log("");
  await peer.close();
  return different;
}

/**
 * All attacks once: those that both see alike. Where they differ by the verdict of detectSQLi or detectXSS alone, the request is listed and left out of the
 * mix; any other difference is unexplained and ends the bench.
 */
async function sameVerdicts(
  { ours, peer, policy }: Engines,
  all: readonly MixRequest[],
): Promise<{ readonly attacks: readonly MixRequest[]; readonly unexplained: number }> {
  const theirs = await peer.run(all);
  const attacks: MixRequest[] = [];
  let unexplained = 0;
  for (const [index, request] of all.entries()) {
    const report = judgeOne(ours, policy, request);
    const isBlocked = (theirs.statuses[index] ?? 0) !== 0;
    if (report.isBlocked === isBlocked) {
      attacks.push(request);
      continue;
    }
    const mine = report.rules.map(({ ruleId }) => ruleId).filter((id) => id < 949_000);
    const deciding = isBlocked ? [theirs.lastRules[index] ?? 0] : mine;
    const isInjection = deciding.every((id) => injectionRules.has(id));
    if (!isInjection) unexplained += 1;
    console.log(
      `${isInjection ? "left out" : "unexplained"}: ${request.name} ${isBlocked ? "libmodsecurity" : "ours"} blocks by ${deciding.join(", ")}, ${isBlocked ? "ours" : "libmodsecurity"} passes`,
    );
  }
  console.log(`${attacks.length} of ${all.length} attacks are seen alike, ${unexplained} differences are unexplained`);
  return { attacks, unexplained };
}

/** One class after the other, engines by turns within it. Differences on attacks are listed. */
async function runPass(engines: Engines, mix: Mix, times: Times | undefined): Promise<number> {
  engines.ours.emptyMemo();
  let different = 0;
  for (const one of mixClasses) {
    const requests = mix[one];
    const ours = runOurs(engines.ours, engines.policy, requests);
    // oxlint-disable-next-line no-await-in-loop
    const peer = await engines.peer.run(requests);
    const without = runOurs(engines.oursWithoutMemo, engines.policy, requests);
    times?.ours[one].push(ours.cpuUs / requests.length);
    times?.peer[one].push(peer.cpuNs / 1000 / requests.length);
    times?.oursWithoutMemo[one].push(without.cpuUs / requests.length);
    for (const [index, request] of requests.entries()) {
      const [mine, theirs] = [ours.blocked[index] ?? false, (peer.statuses[index] ?? 0) !== 0];
      if (mine === theirs) continue;
      console.log(
        `${one} ${request.name} ${request.method} ${request.target.slice(0, 60)}: ours ${mine ? "blocks" : "passes"}, libmodsecurity ${theirs ? `blocks (${peer.lastRules[index]})` : "passes"}`,
      );
      if (one === "attack") different += 1;
    }
  }
  return different;
}

function runOurs(
  engine: WafEngine,
  policy: TransactionPolicy,
  requests: readonly MixRequest[],
): { readonly cpuUs: number; readonly blocked: readonly boolean[] } {
  const blocked: boolean[] = [];
  // The whole process: garbage collection and compilers count too.
  const before = process.cpuUsage();
  for (const request of requests) blocked.push(judgeOne(engine, policy, request).isBlocked);
  const used = process.cpuUsage(before);
  return { cpuUs: used.user + used.system, blocked };
}

function emptyTimes(): Record<MixClass, number[]> {
  return { east: [], get: [], json: [], form: [], upload: [], attack: [] };
}

function print(level: Level, times: Times): void {
  console.log("class      ours us   no memo us   libmodsecurity us   ratio   ratio, no memo");
  const row = (name: string, ours: number, without: number, peer: number): void =>
    console.log(
      `${name.padEnd(9)} ${ours.toFixed(1).padStart(8)} ${without.toFixed(1).padStart(12)} ${peer.toFixed(1).padStart(19)} ${(peer / ours).toFixed(1).padStart(7)} ${(peer / without).toFixed(1).padStart(16)}`,
    );
  for (const one of mixClasses) {
    const [ours, without, peer] = [
      median(times.ours[one]),
      median(times.oursWithoutMemo[one]),
      median(times.peer[one]),
    ];
    row(one, ours, without, peer);
    if (one === "east" || one === "json") goal(level, one, peer / ours, goals[one]);
  }
  const [ours, without, peer] = [weighted(times.ours), weighted(times.oursWithoutMemo), weighted(times.peer)];
  row("weighted", ours, without, peer);
  goal(level, "weighted", peer / ours, goals.weighted);
  goal(level, "weighted without memo", peer / without, goals.weightedWithoutMemo);
}

function goal(level: Level, name: string, ratio: number, least: number): void {
  if (ratio < least) missed.push(`level ${level}: ${name} ${ratio.toFixed(2)}x, at least ${least}x`);
}

function weighted(times: Record<MixClass, readonly number[]>): number {
  return mixClasses.reduce((sum, one) => sum + mixShares[one] * median(times[one]), 0);
}

function median(values: readonly number[]): number {
  const ordered = values.toSorted((one, other) => one - other);
  return ordered[Math.floor(ordered.length / 2)] ?? Number.NaN;
}

/** What both engines read: the same texts, once through our reader and once through theirs. */
function levelDirectives(level: Level): string {
  return `SecAction "id:900000,phase:1,pass,nolog,t:none,setvar:tx.blocking_paranoia_level=${level}"
SecRuleEngine On
SecResponseBodyAccess Off
`;
}

function settingsFile(): string {
  const file = path.join(folder, "settings.conf");
  writeFileSync(file, "SecRuleEngine On\nSecResponseBodyAccess Off\n");
  return file;
}

function peerFile(level: Level): string {
  const file = path.join(folder, `peer-${level}.conf`);
  writeFileSync(
    file,
    `${baseDirectives}${levelDirectives(level)}SecAuditEngine Off\nInclude ${rulesFolder}/crs-setup.conf.example\nInclude ${rulesFolder}/rules/*.conf\n`,
  );
  return file;
}

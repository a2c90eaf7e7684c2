// What `garrison waf bench` does: kinds of requests through one engine, CPU of this process per request, median of the rounds.
import type { TransactionPolicy, TransactionReport, WafEngine } from "../../../../core/waf/engine/engine.ts";
import type { Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { printDocument } from "../policy/words.ts";
import type { WafBenchFlags } from "./bench.ts";
import { numberOf, paranoiaOf, settingsOf } from "./flags.ts";
import { wafFormatOf } from "./format-of.ts";
import { engineOf, loadRules, type LoadedRules } from "./load-rules.ts";
import { isPartial, sayProblems } from "./problem-words.ts";
import { diceOf, mixKinds, requestOf, type MixKind, type MixRequest } from "./request-mix.ts";

const requestsPerRound = 200;

interface KindRow {
  readonly kind: MixKind;
  readonly requests: number;
  /** CPU of the whole process, garbage collection included. */
  readonly cpuUs: number;
  readonly requestsPerCpuSecond: number;
  /** Time of one request on the clock. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly blocked: number;
}

export async function runBench(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafBenchFlags },
): Promise<number> {
  const rounds = numberOf(options.rounds, "--rounds", { min: 1, max: 1000 });
  const before = process.cpuUsage();
  const loaded = loadRules(args);
  const engine = engineOf(loaded, options.memo ? {} : { memoEntriesMax: 0 });
  const load = process.cpuUsage(before);
  const problems = [...loaded.problems, ...engine.problems];
  sayProblems(context, problems);
  const policy = policyOf(options, loaded);
  const rows = mixKinds.map((kind) => measure(engine, policy, kind, rounds));
  const loadMs = (load.user + load.system) / 1000;
  const residentBytes = process.memoryUsage.rss();
  const format = wafFormatOf(context, options);
  if (format === "table") {
    await context.print(render(rows, sheet, { format, width: context.width }));
    await context.print(
      `\nloaded in ${loadMs.toFixed(0)} ms CPU; ${(residentBytes / 2 ** 20).toFixed(0)} MiB resident\n`,
    );
  } else await printDocument(context, format, { loadMs, residentBytes, rounds, items: rows });
  return isPartial(problems) ? 7 : 0;
}

function policyOf(flags: WafBenchFlags, loaded: LoadedRules): TransactionPolicy {
  const paranoia = paranoiaOf(flags.paranoia ?? "1");
  return {
    name: "",
    mode: "block",
    paranoia,
    detectionParanoia: paranoia,
    inboundThreshold: numberOf(flags.inboundThreshold ?? "5", "--inbound-threshold", { min: 1, max: 1_000_000 }),
    outboundThreshold: 4,
    responseBodies: false,
    settings: settingsOf(flags.setting),
    exclusions: [],
    layers: loaded.layers,
  };
}

/** One request, phases 1, 2 and 5. */
export function judgeOne(engine: WafEngine, policy: TransactionPolicy, request: MixRequest): TransactionReport {
  const transaction = engine.begin(policy);
  transaction.connection({
    clientAddress: "192.0.2.7",
    clientPort: 40_000,
    serverAddress: "192.0.2.1",
    serverPort: 80,
  });
  transaction.requestLine(request.method, request.target, request.protocol);
  let stopped = transaction.requestHeaders(request.headers);
  if (stopped === undefined && request.body.length > 0 && transaction.wantsRequestBody)
    stopped = transaction.requestBody(request.body.toString("latin1"));
  if (stopped === undefined) stopped = transaction.endRequest();
  return transaction.finish();
}

function measure(engine: WafEngine, policy: TransactionPolicy, kind: MixKind, rounds: number): KindRow {
  const cpu: number[] = [];
  const times: number[] = [];
  let blocked = 0;
  // Two rounds more at the start: compilers have seen the code by then.
  for (let round = -2; round < rounds; round += 1) {
    const dice = diceOf(round + 3);
    const requests = Array.from({ length: requestsPerRound }, () => requestOf(kind, dice));
    engine.emptyMemo();
    const took = runRound(engine, policy, requests);
    if (round < 0) continue;
    cpu.push(took.cpuUs / requestsPerRound);
    times.push(...took.timesUs);
    blocked += took.blocked;
  }
  const cpuUs = quantile(cpu, 0.5);
  return {
    kind,
    requests: rounds * requestsPerRound,
    cpuUs: Math.round(cpuUs * 10) / 10,
    requestsPerCpuSecond: Math.round(1e6 / cpuUs),
    p50Us: Math.round(quantile(times, 0.5)),
    p99Us: Math.round(quantile(times, 0.99)),
    blocked,
  };
}

interface RoundTook {
  readonly cpuUs: number;
  readonly timesUs: readonly number[];
  readonly blocked: number;
}

function runRound(engine: WafEngine, policy: TransactionPolicy, requests: readonly MixRequest[]): RoundTook {
  const timesUs: number[] = [];
  let blocked = 0;
  const before = process.cpuUsage();
  for (const request of requests) {
    const from = process.hrtime.bigint();
    if (judgeOne(engine, policy, request).isBlocked) blocked += 1;
    timesUs.push(Number(process.hrtime.bigint() - from) / 1000);
  }
  const used = process.cpuUsage(before);
  return { cpuUs: used.user + used.system, timesUs, blocked };
}

function quantile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((one, other) => one - other);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? 0;
}

const sheet: Sheet<KindRow> = {
  name: ({ kind }) => kind,
  columns: [
    { title: "kind", value: ({ kind }) => kind },
    { title: "requests", value: ({ requests }) => String(requests), align: "right" },
    { title: "cpu us", value: ({ cpuUs }) => cpuUs.toFixed(1), align: "right" },
    { title: "per cpu second", value: ({ requestsPerCpuSecond: rate }) => String(rate), align: "right" },
    { title: "p50 us", value: ({ p50Us }) => String(p50Us), align: "right" },
    { title: "p99 us", value: ({ p99Us }) => String(p99Us), align: "right" },
    { title: "blocked", value: ({ blocked }) => String(blocked), align: "right" },
  ],
};

// Learning as a question: what did workloads do, by image, in a window; and which drift did agents tell of.
import { mergeFacts, type BaselineFact } from "../../../core/baseline/facts.ts";
import { destinationItem, domainItem, listenItem, parentItem } from "../../../core/baseline/name-items.ts";
import { fileItem, foldPath } from "../../../core/baseline/path-items.ts";
import { resolveWindow, type ResolvedWindow } from "../../../core/filter/window.ts";
import type { QueryResult } from "../../../core/store/telemetry-store.ts";
import type { BaselineItemKind } from "../../../model/baseline.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import { answerWindow, because, run } from "./ask.ts";
import type {
  AlarmSums,
  BaselineRequest,
  BaselineSums,
  BaselineWorkload,
  DriftSums,
  WorkloadFact,
  WorkloadLife,
} from "./baselines-nouns.ts";
import {
  alarmsSql,
  destinationsSql,
  domainsSql,
  driftSql,
  filesSql,
  listensSql,
  livesSql,
  programsSql,
} from "./baselines-sql.ts";
import { queryLimits } from "./limits.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";

type Of = Partial<BaselineWorkload>;
type Side = "events" | "source" | "destination";
type Made = readonly (Pick<BaselineFact, "kind" | "item"> | undefined)[];

interface Question {
  readonly table: string;
  readonly side: Side;
  readonly kinds: readonly BaselineItemKind[];
  readonly sql: (where: string, bindings: Bindings, limit: number, kinds: readonly BaselineItemKind[]) => string;
  readonly itemsOf: (row: StoredRow) => Made;
}

function text(row: StoredRow, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : "";
}

const questions: readonly Question[] = [
  {
    table: "process_events",
    side: "events",
    kinds: ["executables", "parents"],
    sql: programsSql,
    itemsOf: (row) => {
      const path = foldPath(text(row, "program"));
      return [
        { kind: "executables", item: path },
        { kind: "parents", item: parentItem(text(row, "parent"), path) },
      ];
    },
  },
  {
    table: "file_events",
    side: "events",
    kinds: ["reads", "writes", "loads"],
    sql: filesSql,
    itemsOf: (row) => {
      const kind = row["deed"] as "reads" | "writes" | "loads";
      return [{ kind, item: fileItem(text(row, "item"), kind) }];
    },
  },
  {
    table: "flows",
    side: "source",
    kinds: ["destinations"],
    sql: destinationsSql,
    itemsOf: (row) => [made("destinations", destinationItem(destinationOf(row)))],
  },
  {
    table: "flows",
    side: "destination",
    kinds: ["listens"],
    sql: listensSql,
    itemsOf: (row) => [made("listens", listenItem(Number(row["toPort"]), text(row, "via")))],
  },
  {
    table: "dns_events",
    side: "events",
    kinds: ["domains"],
    sql: domainsSql,
    itemsOf: (row) => [{ kind: "domains", item: domainItem(text(row, "asked")) }],
  },
];

function made(kind: BaselineItemKind, item: string | undefined): Made[number] {
  return item === undefined ? undefined : { kind, item };
}

function destinationOf(row: StoredRow) {
  return {
    destinationKind: text(row, "toKind"),
    destinationNamespace: text(row, "toNamespace"),
    destinationWorkload: text(row, "toWorkload"),
    destinationDomain: text(row, "toDomain"),
    destinationAddress: text(row, "toNetwork"),
    destinationPort: Number(row["toPort"]),
    destinationReason: text(row, "reason"),
    protocol: text(row, "via"),
  };
}

/** Columns of an owner, by table and side. */
const ownerColumns = {
  events: { namespace: "namespace", kind: "workloadKind", workload: "workload", imageDigest: "imageDigest" },
  source: {
    namespace: "sourceNamespace",
    kind: "sourceKind",
    workload: "sourceWorkload",
    imageDigest: "sourceImageDigest",
  },
  destination: {
    namespace: "destinationNamespace",
    kind: "destinationKind",
    workload: "destinationWorkload",
    imageDigest: "destinationImageDigest",
  },
} as const;

function whereOf(side: Side, of: Of, window: ResolvedWindow, bindings: Bindings): string {
  const columns = { cluster: "cluster", ...ownerColumns[side] };
  const given = (Object.keys(columns) as (keyof typeof columns)[]).filter((name) => of[name] !== undefined);
  const conditions = given.map((name) => `${columns[name]} = ${bindings.bind(of[name] ?? "", "String")}`);
  return [withinRaw(bindings, window.sinceMs, window.untilMs), ...conditions].join(" AND ");
}

function ownerOf(row: StoredRow): BaselineWorkload {
  return {
    cluster: text(row, "c"),
    namespace: text(row, "ns"),
    kind: text(row, "wk") as WorkloadKind,
    workload: text(row, "wl"),
    imageDigest: text(row, "dg"),
  };
}

/** Facts per workload and image, folded and merged. One workload has room for more rows than a list of all. */
export async function baselineSums(parts: QueryParts, request: BaselineRequest): Promise<BaselineSums> {
  const window = resolveWindow({}, { ...request, since: request.since ?? learnSince }, parts.clock.nowMs());
  const asked = questions.flatMap((question) => narrowed(question, request.kinds));
  const [answers, lives] = await Promise.all([
    Promise.all(asked.map((question) => answer(parts, question, request.of, window))),
    readLives(parts, request.of, window),
  ]);
  const tables = [...new Set(questions.map(({ table }) => table))];
  const oldest = new Map(
    await Promise.all(tables.map(async (table) => [table, await parts.oldestKept([table])] as const)),
  );
  const since = (table: string): number | undefined => {
    const ms = oldest.get(table);
    return ms === undefined ? undefined : Math.max(ms, window.sinceMs);
  };
  return {
    facts: answers.flatMap(({ facts }) => facts),
    lives: lives.rows.map(lifeOf),
    livesOmitted: Math.max(0, Number(lives.rows[0]?.["total"] ?? 0) - lives.rows.length),
    cut: answers.flatMap(({ cut }) => cut),
    keptSinceMs: Object.fromEntries(
      questions.flatMap(({ kinds, table }) => kinds.map((kind) => [kind, since(table)])),
    ) as BaselineSums["keptSinceMs"],
    lookedAt: window,
    window: await answerWindow(parts, window, tables, because(lives, ...answers.map(({ partial }) => partial))),
  };
}

/** The question for the kinds that are wanted of it; none when none is. */
function narrowed(question: Question, kinds: readonly BaselineItemKind[] | undefined): readonly Question[] {
  if (kinds === undefined) return [question];
  const wanted = question.kinds.filter((kind) => kinds.includes(kind));
  return wanted.length === 0 ? [] : [{ ...question, kinds: wanted }];
}

/** What learning looks at when nobody says. */
const learnSince = "7d";

interface Answer {
  readonly facts: readonly WorkloadFact[];
  readonly cut: BaselineSums["cut"];
  readonly partial: string;
}

async function answer(parts: QueryParts, question: Question, of: Of, window: ResolvedWindow): Promise<Answer> {
  const limit = of.workload === undefined ? queryLimits.baselineListFactsMax : queryLimits.baselineFactsMax;
  const bindings = createBindings();
  const where = whereOf(question.side, of, window, bindings);
  const result = await run(parts, question.sql(where, bindings, limit, question.kinds), bindings, {
    rowsToReadMax: queryLimits.baselineRowsToReadMax,
    bytesToReadMax: queryLimits.baselineBytesToReadMax,
    rowsMax: limit + 1,
  });
  const reason = result.partial
    ? because(result)
    : result.rows.length > limit
      ? `more than ${limit} different ones: the most frequent were looked at`
      : "";
  return {
    facts: factsOf(question, result.rows.slice(0, limit)),
    cut: reason === "" ? [] : question.kinds.map((kind) => ({ kind, because: reason })),
    partial: because(result),
  };
}

function factsOf(question: Question, rows: readonly StoredRow[]): readonly WorkloadFact[] {
  const byOwner = Map.groupBy(rows, (row) => JSON.stringify(Object.values(ownerOf(row))));
  return [...byOwner.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const owner = ownerOf(first);
    return mergeFacts(own.flatMap((row) => rowFacts(question, row))).map((fact) => ({ ...owner, fact }));
  });
}

function rowFacts(question: Question, row: StoredRow): BaselineFact[] {
  const figures = {
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
    count: Number(row["n"]),
    replicas: Number(row["replicas"]),
  };
  return question
    .itemsOf(row)
    .flatMap((item) =>
      item === undefined || item.item === "" || !question.kinds.includes(item.kind) ? [] : [{ ...item, ...figures }],
    );
}

function readLives(parts: QueryParts, of: Of, window: ResolvedWindow): Promise<QueryResult<StoredRow>> {
  const bindings = createBindings();
  const where = (side: Side) => whereOf(side, of, window, bindings);
  const wheres = { events: where("events"), source: where("source"), destination: where("destination") };
  return run(parts, livesSql(wheres, bindings, queryLimits.baselineWorkloadsMax), bindings, {
    rowsToReadMax: queryLimits.baselineRowsToReadMax,
    bytesToReadMax: queryLimits.baselineBytesToReadMax,
    rowsMax: queryLimits.baselineWorkloadsMax,
  });
}

function lifeOf(row: StoredRow): WorkloadLife {
  return {
    ...ownerOf(row),
    image: text(row, "image"),
    service: text(row, "service"),
    hours: Number(row["hours"]),
    replicas: Number(row["replicas"]),
    starts: Number(row["starts"]),
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
  };
}

/** Drift by workload, image and item, the newest first. */
export async function baselineDrift(
  parts: QueryParts,
  request: BaselineRequest & { readonly limit: number },
): Promise<DriftSums> {
  const window = resolveWindow({}, { ...request, since: request.since ?? learnSince }, parts.clock.nowMs());
  const bindings = createBindings();
  const limit = Math.min(request.limit, queryLimits.baselineDriftMax);
  const sql = driftSql(whereOf("events", request.of, window, bindings), bindings, limit);
  const result = await run(parts, sql, bindings, { rowsMax: limit });
  return {
    drift: result.rows.map((row) => ({
      ...ownerOf(row),
      rule: text(row, "said"),
      itemKind: text(row, "itemKind"),
      item: text(row, "item"),
      severity: text(row, "graded"),
      count: Number(row["n"]),
      firstMs: Number(row["firstMs"]),
      lastMs: Number(row["lastMs"]),
      process: text(row, "doer"),
      evidence: text(row, "proof"),
      action: text(row, "done"),
    })),
    omitted: Math.max(0, Number(result.rows[0]?.["total"] ?? 0) - result.rows.length),
    window: await answerWindow(parts, window, ["security_events"], because(result)),
  };
}

/** What rules called critical or high of one workload, the newest first. */
export async function baselineAlarms(parts: QueryParts, request: BaselineRequest): Promise<AlarmSums> {
  const window = resolveWindow({}, { ...request, since: request.since ?? learnSince }, parts.clock.nowMs());
  const bindings = createBindings();
  const limit = queryLimits.baselineAlarmsMax;
  const sql = alarmsSql(whereOf("events", request.of, window, bindings), limit);
  const { rows } = await run(parts, sql, bindings, { rowsMax: limit });
  return {
    alarms: rows.map((row) => ({
      rule: text(row, "said"),
      severity: text(row, "graded"),
      executable: text(row, "program"),
      names: [text(row, "doer"), ...(Array.isArray(row["above"]) ? row["above"].map(String) : [])].filter(
        (name) => name !== "",
      ),
      firstMs: Number(row["firstMs"]),
      lastMs: Number(row["lastMs"]),
    })),
    omitted: Math.max(0, Number(rows[0]?.["total"] ?? 0) - rows.length),
  };
}

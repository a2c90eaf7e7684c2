// The doors for other sensors' telemetry: body -> items -> rows -> completed from the cluster's inventory -> one durable block per table and
// node, then the answer.
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { enrichRow } from "../../../core/directory/enrich.ts";
import { mapAudit } from "../../../core/foreign/audit.ts";
import { type Batch, isBrokenLine, isTooDeep, itemsOf, openBatch } from "../../../core/foreign/batch.ts";
import { mapFalco } from "../../../core/foreign/falco.ts";
import { mapHubble } from "../../../core/foreign/hubble.ts";
import { foreignLimits } from "../../../core/foreign/limits.ts";
import { logItems, mapLog, mapSpan, type OtlpItem, spanItems } from "../../../core/foreign/otlp.ts";
import { logsRequest, tracesRequest } from "../../../core/foreign/otlp-shapes.ts";
import { type MessageShape, ProtobufError, readMessage } from "../../../core/foreign/protobuf.ts";
import type { ForeignRow, Mapped } from "../../../core/foreign/row.ts";
import { encodeBlock } from "../../../edge/blocks/encode-block.ts";
import type { Row, TableName } from "../../../model/table.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { AuditDetect } from "../runtime/audit-detect.ts";
import { auditDetectionRow, nameActor, type AuditDetectionRow } from "../runtime/audit-rows.ts";
import type { Books } from "./books.ts";
import { readForeignBody } from "./read-foreign.ts";

export interface ForeignParts {
  readonly clock: Clock;
  /** Makes a block durable (the intake's `acceptOwn`); rejects when it cannot. */
  readonly accept: (
    place: { readonly cluster: string; readonly node: string },
    block: { readonly table: TableName; readonly rows: number; readonly encoding: "none"; readonly body: Uint8Array },
  ) => Promise<void>;
  /** Clusters that agents write to: foreign rows must not pass for theirs. */
  readonly isAgentCluster: (cluster: string) => Promise<boolean>;
  readonly books: Pick<Books, "of">;
  /** Rules over whole audit events; absent: nobody judges them. */
  readonly auditDetect?: Pick<AuditDetect, "judge">;
  /** How long rows whose identity may be on its way wait for it. Milliseconds; for tests. */
  readonly identityHoldMs?: number;
}

type ForeignOperation = "ingestHubble" | "ingestFalco" | "ingestAudit" | "ingestOtlpLogs" | "ingestOtlpTraces";
/** OTLP has no place for a cluster: its rows are filed under this one. */
const otlpCluster = "foreign";
const identityHoldMsMax = 1000;

export function foreignHandlers(parts: ForeignParts): HandlersOf<ForeignOperation> {
  const jsonDoor =
    (map: (item: unknown) => Mapped, admit: (cluster: string) => Promise<void>) =>
    async ({ request, query }: { readonly request: Request; readonly query: { readonly cluster: string } }) => {
      await admit(query.cluster);
      const text = decodeText(await readForeignBody(request));
      const batch = await mapInTurns(itemsOf(text), parts.clock.nowMs(), map);
      await store(parts, query.cluster, batch.rows);
      return { accepted: batch.accepted, refused: batch.refused, reasons: [...batch.reasons] };
    };
  return {
    ingestHubble: jsonDoor(mapHubble, (cluster) => refuseAgentCluster(parts, cluster)),
    ingestFalco: jsonDoor(mapFalco, (cluster) => refuseAgentCluster(parts, cluster)),
    // Agents write no audit events, so nothing of theirs can be feigned; and the events belong to the cluster that they are of.
    ingestAudit: async ({ request, query: { cluster } }) => {
      const batch = await takeAudit(parts, cluster, itemsOf(decodeText(await readForeignBody(request))));
      return { accepted: batch.accepted, refused: batch.refused, reasons: [...batch.reasons] };
    },
    ingestOtlpLogs: async ({ request }) => {
      const nowMs = parts.clock.nowMs();
      const items = logItems(await readOtlp(request, logsRequest));
      const batch = await mapInTurns(items, nowMs, (item) => mapLog(item as OtlpItem, nowMs));
      await store(parts, otlpCluster, batch.rows);
      return batch.refused === 0
        ? {}
        : { partialSuccess: { rejectedLogRecords: String(batch.refused), errorMessage: reasonsOf(batch) } };
    },
    ingestOtlpTraces: async ({ request }) => {
      const items = spanItems(await readOtlp(request, tracesRequest));
      const batch = await mapInTurns(items, parts.clock.nowMs(), (item) => mapSpan(item as OtlpItem));
      await store(parts, otlpCluster, batch.rows);
      return batch.refused === 0
        ? {}
        : { partialSuccess: { rejectedSpans: String(batch.refused), errorMessage: reasonsOf(batch) } };
    },
  };
}

/** Audit events of a cluster, from the door or from a file: judged whole, then only their rows go on. Rejects when they could not be made durable. */
export async function takeAudit(parts: ForeignParts, cluster: string, items: Iterable<unknown>): Promise<Batch> {
  const { auditDetect } = parts;
  const nowMs = parts.clock.nowMs();
  const found: AuditDetectionRow[] = [];
  const batch = await mapInTurns(items, nowMs, (item) => {
    const mapped = mapAudit(item);
    if (auditDetect === undefined || !("rows" in mapped)) return mapped;
    const [audit] = mapped.rows;
    if (audit?.table !== "audit_events") return mapped;
    const rows = auditDetect.judge(cluster, item, nowMs).map((detection) => auditDetectionRow(detection, audit));
    found.push(...rows);
    return { rows: [audit, ...rows.map(({ security }) => security)] };
  });
  await store(parts, cluster, batch.rows, () => found.forEach(nameActor));
  return batch;
}

/** Other requests are served in between: one body may take seconds of work. */
async function mapInTurns(items: Iterable<unknown>, nowMs: number, map: (item: unknown) => Mapped): Promise<Batch> {
  const batch = openBatch(nowMs, map);
  let turnEndsAt = performance.now() + turnMsMax;
  for (const item of items) {
    batch.add(item);
    if (performance.now() < turnEndsAt) continue;
    await turn();
    turnEndsAt = performance.now() + turnMsMax;
  }
  return batch.done();
}

const turnMsMax = 10;

async function refuseAgentCluster(parts: ForeignParts, cluster: string): Promise<void> {
  if (!(await parts.isAgentCluster(cluster))) return;
  throw new Fault(`agents write to the cluster "${cluster}": foreign telemetry cannot be filed under it`, {
    code: "foreign/agent-cluster",
    kind: "forbidden",
    where: "cluster",
    hint: "Give it a cluster name of its own, for example cluster=hubble.",
  });
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

/** The request in OTLP's JSON form, from JSON or protobuf. Throws Fault "foreign/not-otlp", "foreign/broken-json". */
async function readOtlp(request: Request, shape: MessageShape): Promise<unknown> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  const bytes = await readForeignBody(request);
  if (type === "application/x-protobuf") {
    try {
      return readMessage(bytes, shape, decodeText);
    } catch (thrown) {
      if (!(thrown instanceof ProtobufError)) throw thrown;
      const message = `the body is not an OTLP message: ${thrown.message}`;
      throw new Fault(message, { code: "foreign/not-otlp", kind: "usage", cause: thrown });
    }
  }
  if (type === "application/json") return parseOtlpJson(decodeText(bytes));
  throw new Fault(`content-type ${JSON.stringify(type?.slice(0, 80))} is not OTLP`, {
    code: "foreign/not-otlp",
    kind: "usage",
    where: "content-type",
    hint: "Send application/x-protobuf or application/json.",
  });
}

function parseOtlpJson(text: string): unknown {
  const broken = (because: string) =>
    new Fault(`the body is refused: ${because}`, { code: "foreign/broken-json", kind: "usage" });
  if (isTooDeep(text)) throw broken(`it is nested deeper than ${foreignLimits.depthMax}`);
  const [value] = itemsOf(text);
  if (value === undefined || isBrokenLine(value)) throw broken("it is not JSON");
  return value;
}

function reasonsOf(batch: Batch): string {
  return batch.reasons
    .map(({ item, because }) => `item ${item}: ${because}`)
    .join("; ")
    .slice(0, 2000);
}

/** One block per table and node. All are durable when it resolves; when one fails the sender gets the fault and may send all again. */
async function store(
  parts: ForeignParts,
  cluster: string,
  rows: readonly ForeignRow[],
  complete?: () => void,
): Promise<void> {
  await enrich(parts, cluster, rows);
  complete?.();
  const nodes = new Set<string>();
  const groups = new Map<string, { table: TableName; node: string; rows: Row<TableName>[] }>();
  for (const { table, node, row } of rows) {
    if (nodes.size < foreignLimits.nodesMax) nodes.add(node);
    const place = nodes.has(node) ? node : "";
    const key = `${table}/${place}`;
    const group = groups.get(key) ?? { table, node: place, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  for (const { table, node, rows } of groups.values()) {
    const body = encodeBlock(table, rows as readonly Row<typeof table>[]);
    await parts.accept({ cluster, node }, { table, rows: rows.length, encoding: "none", body });
  }
}

/** Completes the rows from the cluster's inventory; what is not there yet is asked for once more, a moment later. */
async function enrich(parts: ForeignParts, cluster: string, rows: readonly ForeignRow[]): Promise<void> {
  const awaited = await enrichInTurns(parts, cluster, rows);
  if (awaited.length === 0) return;
  await pause(parts.identityHoldMs ?? identityHoldMsMax);
  await enrichInTurns(parts, cluster, awaited);
}

async function enrichInTurns(
  parts: ForeignParts,
  cluster: string,
  rows: readonly ForeignRow[],
): Promise<readonly ForeignRow[]> {
  const youngMs = parts.clock.nowMs() - identityYoungMsMax;
  const awaited: ForeignRow[] = [];
  let turnEndsAt = performance.now() + turnMsMax;
  for (const row of rows) {
    // What is older than this is not found later either.
    if (enrichRow(parts.books.of(cluster), row) && row.row.time >= youngMs) awaited.push(row);
    if (performance.now() < turnEndsAt) continue;
    await turn();
    turnEndsAt = performance.now() + turnMsMax;
  }
  return awaited;
}

const identityYoungMsMax = 10_000;

// OTLP logs and traces (opentelemetry.io/docs/specs/otlp) -> log_events, spans. Of attributes only a fixed list of semantic
// conventions is kept; a log's own attributes are dropped, its body is kept redacted and cut.
import type { WorkloadKind } from "../../model/identity.ts";
import { at, countAt, isObject, listAt, textAt } from "./json.ts";
import { foreignLimits } from "./limits.ts";
import { finishRow, type Mapped } from "./row.ts";

/** One log record or span with the resource and scope it came under. */
export interface OtlpItem {
  readonly resource: unknown;
  readonly scope: unknown;
  readonly item: unknown;
}

/** The log records of an ExportLogsServiceRequest in its JSON form. */
export function* logItems(request: unknown): Generator<OtlpItem> {
  yield* itemsUnder(request, ["resourceLogs", "scopeLogs", "logRecords"]);
}

/** The spans of an ExportTraceServiceRequest in its JSON form. */
export function* spanItems(request: unknown): Generator<OtlpItem> {
  yield* itemsUnder(request, ["resourceSpans", "scopeSpans", "spans"]);
}

function* itemsUnder(request: unknown, [outer, middle, inner]: readonly [string, string, string]): Generator<OtlpItem> {
  for (const group of listAt(request, outer)) {
    const resource = at(group, "resource");
    for (const scoped of listAt(group, middle)) {
      const scope = at(scoped, "scope");
      for (const item of listAt(scoped, inner)) yield { resource, scope, item };
    }
  }
}

export function mapLog({ resource, scope, item }: OtlpItem, nowMs: number): Mapped {
  if (!isObject(item)) return { because: "the log record is not an object" };
  // Both times may be absent or 0: "unknown". Then it is when it arrived.
  const time = nanosToMs(at(item, "timeUnixNano")) ?? nanosToMs(at(item, "observedTimeUnixNano")) ?? nowMs;
  const { node, subject } = subjectOf(resource);
  const row = finishRow("log_events", node, {
    time,
    severityNumber: severityOf(at(item, "severityNumber")),
    severityText: textAt(item, "severityText"),
    body: valueText(at(item, "body"), 0),
    scope: textAt(scope, "name"),
    traceId: idOf(textAt(item, "traceId")),
    spanId: idOf(textAt(item, "spanId")),
    ...subject,
  });
  return { rows: [row] };
}

const spanKinds = ["", "internal", "server", "client", "producer", "consumer"];
const statusCodes = ["", "ok", "error"];

export function mapSpan({ resource, item }: OtlpItem): Mapped {
  if (!isObject(item)) return { because: "the span is not an object" };
  const traceId = idOf(textAt(item, "traceId"));
  const spanId = idOf(textAt(item, "spanId"));
  if (traceId === "" || spanId === "") return { because: "the span has no valid traceId and spanId" };
  const start = nanosOf(at(item, "startTimeUnixNano"));
  if (start === undefined) return { because: "the span has no startTimeUnixNano" };
  const end = nanosOf(at(item, "endTimeUnixNano")) ?? start;
  const attributes = attributesOf(item);
  const attribute = (...names: readonly string[]) =>
    names.map((name) => attributes.get(name) ?? "").find((text) => text !== "") ?? "";
  const { node, subject } = subjectOf(resource);
  const row = finishRow("spans", node, {
    time: Number(start / 1_000_000n),
    traceId,
    spanId,
    parentSpanId: idOf(textAt(item, "parentSpanId")),
    name: textAt(item, "name"),
    kind: enumOf(at(item, "kind"), spanKinds, "SPAN_KIND_"),
    status: enumOf(at(item, "status", "code"), statusCodes, "STATUS_CODE_"),
    durationUs: end > start ? Number((end - start) / 1000n) : 0,
    peerService: attribute("peer.service", "service.peer.name", "server.address", "net.peer.name"),
    httpMethod: attribute("http.request.method", "http.method"),
    httpRoute: attribute("http.route"),
    httpStatus: Number(attribute("http.response.status_code", "http.status_code")) || 0,
    ...subject,
  });
  return { rows: [row] };
}

/** Nanoseconds since the epoch as text (JSON's form of 64 bits) or number; 0 means unknown. */
function nanosOf(value: unknown): bigint | undefined {
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) return BigInt(value) === 0n ? undefined : BigInt(value);
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? BigInt(Math.floor(value)) : undefined;
}

function nanosToMs(value: unknown): number | undefined {
  const nanos = nanosOf(value);
  return nanos === undefined ? undefined : Number(nanos / 1_000_000n);
}

/** Hexadecimal, 8 or 16 bytes, not all zero; anything else is no id. */
function idOf(text: string): string {
  const id = text.toLowerCase();
  return /^([0-9a-f]{16}|[0-9a-f]{32})$/.test(id) && !/^0+$/.test(id) ? id : "";
}

/** A JSON sender may write an enum as its number or as its name. */
function enumOf(value: unknown, names: readonly string[], prefix: string): string {
  if (typeof value === "number") return names[value] ?? "";
  if (typeof value !== "string") return "";
  const name = value.replace(prefix, "").toLowerCase();
  return names.includes(name) ? name : "";
}

const severityNames = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** 1-24; names are SEVERITY_NUMBER_WARN, ..._WARN2 to WARN4. */
function severityOf(value: unknown): number {
  if (typeof value !== "string") return Math.min(24, countAt({ value }, "value"));
  const match = /^SEVERITY_NUMBER_([A-Z]+)([2-4]?)$/.exec(value);
  const base = severityNames.indexOf(match?.[1] ?? "");
  return base < 0 ? 0 : base * 4 + Number(match?.[2] || 1);
}

function attributesOf(holder: unknown): ReadonlyMap<string, string> {
  const list = listAt(holder, "attributes").slice(0, 256);
  return new Map(list.map((entry) => [textAt(entry, "key"), valueText(at(entry, "value"), 0)]));
}

const workloadAttributes: readonly (readonly [string, WorkloadKind])[] = [
  ["k8s.deployment.name", "Deployment"],
  ["k8s.statefulset.name", "StatefulSet"],
  ["k8s.daemonset.name", "DaemonSet"],
  ["k8s.cronjob.name", "CronJob"],
  ["k8s.job.name", "Job"],
  ["k8s.replicaset.name", "ReplicaSet"],
  ["k8s.pod.name", "Pod"],
  ["container.name", "Container"],
];

/** Resource attributes (semantic conventions) -> who it was. With only a service's name the workload is unknown, and says so. */
function subjectOf(resource: unknown) {
  const attributes = attributesOf(resource);
  const attribute = (name: string) => attributes.get(name) ?? "";
  const found = workloadAttributes.find(([name]) => attribute(name) !== "");
  const service = attribute("service.name");
  const tag = attribute("container.image.tags") || attribute("container.image.tag");
  const image = attribute("container.image.name");
  const workloadKind: WorkloadKind = found?.[1] ?? "Unknown";
  const subject = {
    namespace: attribute("k8s.namespace.name") || attribute("service.namespace"),
    workload: found === undefined ? service : attribute(found[0]),
    workloadKind,
    service,
    pod: attribute("k8s.pod.name"),
    container: attribute("k8s.container.name") || attribute("container.name"),
    containerId: attribute("container.id"),
    image: image !== "" && tag !== "" ? `${image}:${tag}` : image,
    identityReason: found === undefined ? "the sender names only a service" : "",
  };
  return { node: attribute("k8s.node.name") || attribute("host.name"), subject };
}

/** An AnyValue as text: a string as it is, anything else as compact JSON, bounded in depth, entries and length. */
function valueText(value: unknown, depth: number): string {
  const plain = plainOf(value, depth);
  if (typeof plain === "string") return plain;
  if (plain === undefined || plain === null) return "";
  return JSON.stringify(plain).slice(0, foreignLimits.textLengthMax * 4);
}

function plainOf(value: unknown, depth: number): unknown {
  if (!isObject(value)) return undefined;
  if (depth > foreignLimits.valueDepthMax) return "(nested too deep)";
  for (const name of ["stringValue", "boolValue", "doubleValue", "intValue"]) {
    if (Object.hasOwn(value, name)) return scalarOf(value[name]);
  }
  // Bytes are not text and may be anything: only how many they are is told.
  if (Object.hasOwn(value, "bytesValue")) return `(${textAt(value, "bytesValue").length} characters of bytes)`;
  const list = at(value, "arrayValue", "values");
  if (Array.isArray(list)) return list.slice(0, foreignLimits.entriesMax).map((entry) => plainOf(entry, depth + 1));
  const pairs = listAt(value, "kvlistValue", "values").slice(0, foreignLimits.entriesMax);
  return Object.fromEntries(pairs.map((entry) => [textAt(entry, "key"), plainOf(at(entry, "value"), depth + 1)]));
}

function scalarOf(value: unknown): unknown {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

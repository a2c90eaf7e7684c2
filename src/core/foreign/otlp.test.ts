import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import protobuf from "protobufjs";
import { foreignLimits } from "./limits.ts";
import { logItems, mapLog, mapSpan, spanItems } from "./otlp.ts";
import { logsRequest, tracesRequest } from "./otlp-shapes.ts";
import { ProtobufError, readMessage } from "./protobuf.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const nanos = `${nowMs}000000`;
const resource = {
  attributes: [
    { key: "service.name", value: { stringValue: "checkout" } },
    { key: "k8s.namespace.name", value: { stringValue: "shop" } },
    { key: "k8s.deployment.name", value: { stringValue: "checkout" } },
    { key: "k8s.pod.name", value: { stringValue: "checkout-1" } },
    { key: "k8s.node.name", value: { stringValue: "node-1" } },
  ],
};
const record = {
  timeUnixNano: nanos,
  severityNumber: 17,
  severityText: "ERROR",
  body: { stringValue: "payment failed" },
  attributes: [{ key: "user", value: { stringValue: "dropped" } }],
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
};
const logs = { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: "app" }, logRecords: [record] }] }] };
const span = {
  traceId: record.traceId,
  spanId: record.spanId,
  parentSpanId: "eee19b7ec3c1b173",
  name: "GET /cart",
  kind: 3,
  startTimeUnixNano: nanos,
  endTimeUnixNano: `${nowMs}002500`,
  attributes: [
    { key: "http.request.method", value: { stringValue: "GET" } },
    { key: "http.response.status_code", value: { intValue: "503" } },
    { key: "server.address", value: { stringValue: "cart" } },
    { key: "http.request.header.authorization", value: { stringValue: "Bearer abc" } },
  ],
  status: { code: 2 },
};
const traces = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "app" }, spans: [span] }] }] };

function logRow(request: unknown): Record<string, unknown> {
  const [item] = [...logItems(request)];
  assert.ok(item);
  const mapped = mapLog(item, nowMs);
  assert.ok("rows" in mapped);
  return { ...mapped.rows[0]?.row, node: mapped.rows[0]?.node };
}

function spanRow(request: unknown): Record<string, unknown> {
  const [item] = [...spanItems(request)];
  assert.ok(item);
  const mapped = mapSpan(item);
  assert.ok("rows" in mapped, JSON.stringify(mapped));
  return { ...mapped.rows[0]?.row };
}

const expectedLog = {
  time: nowMs,
  node: "node-1",
  severityNumber: 17,
  severityText: "ERROR",
  body: "payment failed",
  scope: "app",
  traceId: record.traceId,
  spanId: record.spanId,
  namespace: "shop",
  workload: "checkout",
  workloadKind: "Deployment",
  service: "checkout",
  pod: "checkout-1",
};
const expectedSpan = {
  time: nowMs,
  traceId: record.traceId,
  parentSpanId: "eee19b7ec3c1b173",
  name: "GET /cart",
  kind: "client",
  status: "error",
  durationUs: 2,
  peerService: "cart",
  httpMethod: "GET",
  httpStatus: 503,
  workload: "checkout",
};

function matches(row: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(row[name], value, name);
}

test("JSON: a log record and a span", () => {
  matches(logRow(logs), expectedLog);
  matches(spanRow(traces), expectedSpan);
  assert.equal(JSON.stringify(spanRow(traces)).includes("abc"), false);
  assert.equal(JSON.stringify(logRow(logs)).includes("dropped"), false);
});

const changedLogs: readonly (readonly [object, Record<string, unknown>])[] = [
  [{ timeUnixNano: "0", observedTimeUnixNano: `${nowMs - 5}000000` }, { time: nowMs - 5 }],
  [{ timeUnixNano: undefined }, { time: nowMs }],
  [{ severityNumber: "SEVERITY_NUMBER_WARN2" }, { severityNumber: 14 }],
  [{ body: { kvlistValue: { values: [{ key: "a", value: { intValue: "1" } }] } } }, { body: '{"a":"1"}' }],
  [{ body: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 1.5 }] } } }, { body: "[true,1.5]" }],
  [{ body: { bytesValue: "AAAA" } }, { body: "(4 characters of bytes)" }],
  [
    { traceId: "00000000000000000000000000000000", spanId: "xyz" },
    { traceId: "", spanId: "" },
  ],
  [{ body: undefined }, { body: "" }],
];

test("log records in their variants", () => {
  for (const [change, expected] of changedLogs) {
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ ...record, ...change }] }] }] };
    matches(logRow(request), expected);
  }
});

test("a deep value is cut off, not followed", () => {
  let body: unknown = { stringValue: "bottom" };
  for (let depth = 0; depth < 100; depth += 1) body = { arrayValue: { values: [body] } };
  const row = logRow({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] });
  assert.match(String(row["body"]), /nested too deep/);
});

test("a span without ids or begin is refused", () => {
  for (const change of [{ traceId: "" }, { spanId: "0000000000000000" }, { startTimeUnixNano: "0" }]) {
    assert.ok("because" in mapSpan({ resource, scope: {}, item: { ...span, ...change } }), JSON.stringify(change));
  }
});

const definition = `syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
  ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message Scope { string name = 1; string version = 2; }
message LogRecord { fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
  fixed64 observed_time_unix_nano = 11; }
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
message LogsRequest { repeated ResourceLogs resource_logs = 1; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message TracesRequest { repeated ResourceSpans resource_spans = 1; }`;
const root = protobuf.parse(definition).root;

/** Encoded by another implementation; ids are given as hexadecimal. */
function encode(type: string, value: object): Uint8Array {
  const message = root.lookupType(type);
  const bytes = JSON.parse(JSON.stringify(value), (key, item: unknown) =>
    /(traceId|[sS]panId)$/.test(key) && typeof item === "string" ? Buffer.from(item, "hex").toString("base64") : item,
  ) as object;
  return message.encode(message.fromObject(bytes)).finish();
}

const decodeText = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("protobuf means the same as JSON", () => {
  matches(logRow(readMessage(encode("LogsRequest", logs), logsRequest, decodeText)), expectedLog);
  matches(spanRow(readMessage(encode("TracesRequest", traces), tracesRequest, decodeText)), expectedSpan);
  const negative = {
    resourceLogs: [{ scopeLogs: [{ schemaUrl: "x", logRecords: [{ flags: 1, body: { intValue: -5 } }] }] }],
  };
  assert.equal(logRow(readMessage(encode("LogsRequest", negative), logsRequest, decodeText))["body"], "-5");
});

test("broken protobuf is refused, whatever is broken", () => {
  const good = encode("LogsRequest", logs);
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.nat(good.length),
      (index, byte, length) => {
        const bytes = Uint8Array.from(good);
        bytes[index] = byte;
        try {
          for (const item of logItems(readMessage(bytes.subarray(0, length), logsRequest, decodeText)))
            mapLog(item, nowMs);
        } catch (thrown) {
          assert.ok(thrown instanceof ProtobufError, String(thrown));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("random bytes are refused or read, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readMessage(bytes, tracesRequest, decodeText);
      } catch (thrown) {
        assert.ok(thrown instanceof ProtobufError, String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});

test("nesting in protobuf is bounded", () => {
  let body: unknown = { stringValue: "bottom" };
  for (let depth = 0; depth < foreignLimits.protobufDepthMax; depth += 1) body = { arrayValue: { values: [body] } };
  const bytes = encode("LogsRequest", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] });
  assert.throws(() => readMessage(bytes, logsRequest, decodeText), /nested too deep/);
});

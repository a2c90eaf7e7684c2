// The OTLP messages that are read, by field number (opentelemetry-proto: common, resource, logs and trace, version 1), with the names
// that OTLP's JSON form gives the fields, so that both forms are mapped alike.
import type { MessageShape } from "./protobuf.ts";

const anyValue: MessageShape = {
  1: { name: "stringValue", kind: "text" },
  2: { name: "boolValue", kind: "bool" },
  3: { name: "intValue", kind: "signed" },
  4: { name: "doubleValue", kind: "double" },
  5: { name: "arrayValue", kind: () => ({ 1: { name: "values", kind: () => anyValue, repeated: true } }) },
  6: { name: "kvlistValue", kind: () => ({ 1: { name: "values", kind: () => keyValue, repeated: true } }) },
  7: { name: "bytesValue", kind: "bytesHex" },
};

const keyValue: MessageShape = {
  1: { name: "key", kind: "text" },
  2: { name: "value", kind: anyValue },
};

const resource: MessageShape = { 1: { name: "attributes", kind: keyValue, repeated: true } };
const scope: MessageShape = { 1: { name: "name", kind: "text" } };

const logRecord: MessageShape = {
  1: { name: "timeUnixNano", kind: "fixed64" },
  2: { name: "severityNumber", kind: "varint" },
  3: { name: "severityText", kind: "text" },
  5: { name: "body", kind: anyValue },
  6: { name: "attributes", kind: keyValue, repeated: true },
  9: { name: "traceId", kind: "bytesHex" },
  10: { name: "spanId", kind: "bytesHex" },
  11: { name: "observedTimeUnixNano", kind: "fixed64" },
};

const status: MessageShape = { 2: { name: "message", kind: "text" }, 3: { name: "code", kind: "varint" } };

const span: MessageShape = {
  1: { name: "traceId", kind: "bytesHex" },
  2: { name: "spanId", kind: "bytesHex" },
  4: { name: "parentSpanId", kind: "bytesHex" },
  5: { name: "name", kind: "text" },
  6: { name: "kind", kind: "varint" },
  7: { name: "startTimeUnixNano", kind: "fixed64" },
  8: { name: "endTimeUnixNano", kind: "fixed64" },
  9: { name: "attributes", kind: keyValue, repeated: true },
  15: { name: "status", kind: status },
};

const scopeLogs: MessageShape = {
  1: { name: "scope", kind: scope },
  2: { name: "logRecords", kind: logRecord, repeated: true },
};

const scopeSpans: MessageShape = {
  1: { name: "scope", kind: scope },
  2: { name: "spans", kind: span, repeated: true },
};

/** opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest */
export const logsRequest: MessageShape = {
  1: {
    name: "resourceLogs",
    kind: { 1: { name: "resource", kind: resource }, 2: { name: "scopeLogs", kind: scopeLogs, repeated: true } },
    repeated: true,
  },
};

/** opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest */
export const tracesRequest: MessageShape = {
  1: {
    name: "resourceSpans",
    kind: { 1: { name: "resource", kind: resource }, 2: { name: "scopeSpans", kind: scopeSpans, repeated: true } },
    repeated: true,
  },
};

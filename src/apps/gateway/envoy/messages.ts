// The parts of Envoy's public interfaces that are spoken here (envoy/service/ext_proc/v3, envoy/service/auth/v3 and what they use), as data: names and numbers
// of fields as there; fields that are not named are skipped. No .proto file is read and no code is generated at run time.
import type { MethodDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

type Field = readonly [name: string, number: number, type: string, rule?: "repeated" | "map"];

function message(fields: readonly Field[], oneofs: Readonly<Record<string, readonly string[]>> = {}) {
  return {
    fields: Object.fromEntries(
      fields.map(([name, id, type, rule]) => [
        name,
        rule === "map" ? { id, type, keyType: "string" } : rule === "repeated" ? { id, type, rule } : { id, type },
      ]),
    ),
    oneofs: Object.fromEntries(Object.entries(oneofs).map(([name, oneof]) => [name, { oneof }])),
  };
}

const shared = {
  HeaderValue: message([
    ["key", 1, "string"],
    ["value", 2, "string"],
    ["raw_value", 3, "bytes"],
  ]),
  HeaderMap: message([["headers", 1, "HeaderValue", "repeated"]]),
  HeaderValueOption: message([
    ["header", 1, "HeaderValue"],
    ["append_action", 3, "int32"],
  ]),
  HttpStatus: message([["code", 1, "int32"]]),
};

const externalProcessing = {
  ...shared,
  ExternalProcessor: {
    methods: {
      Process: {
        requestType: "ProcessingRequest",
        requestStream: true,
        responseType: "ProcessingResponse",
        responseStream: true,
      },
    },
  },
  Struct: message([["fields", 1, "Value", "map"]]),
  Value: message([
    ["number_value", 2, "double"],
    ["string_value", 3, "string"],
  ]),
  ProtocolConfiguration: message([
    ["request_body_mode", 1, "int32"],
    ["response_body_mode", 2, "int32"],
  ]),
  HttpHeaders: message([
    ["headers", 1, "HeaderMap"],
    ["end_of_stream", 3, "bool"],
  ]),
  HttpBody: message([
    ["body", 1, "bytes"],
    ["end_of_stream", 2, "bool"],
  ]),
  HttpTrailers: message([["trailers", 1, "HeaderMap"]]),
  ProcessingRequest: message(
    [
      ["request_headers", 2, "HttpHeaders"],
      ["response_headers", 3, "HttpHeaders"],
      ["request_body", 4, "HttpBody"],
      ["response_body", 5, "HttpBody"],
      ["request_trailers", 6, "HttpTrailers"],
      ["response_trailers", 7, "HttpTrailers"],
      ["attributes", 9, "Struct", "map"],
      ["observability_mode", 10, "bool"],
      ["protocol_config", 11, "ProtocolConfiguration"],
    ],
    {
      request: [
        "request_headers",
        "response_headers",
        "request_body",
        "response_body",
        "request_trailers",
        "response_trailers",
      ],
    },
  ),
  HeaderMutation: message([
    ["set_headers", 1, "HeaderValueOption", "repeated"],
    ["remove_headers", 2, "string", "repeated"],
  ]),
  StreamedBodyResponse: message([
    ["body", 1, "bytes"],
    ["end_of_stream", 2, "bool"],
  ]),
  BodyMutation: message(
    [
      ["body", 1, "bytes"],
      ["clear_body", 2, "bool"],
      ["streamed_response", 3, "StreamedBodyResponse"],
    ],
    { mutation: ["body", "clear_body", "streamed_response"] },
  ),
  CommonResponse: message([
    ["status", 1, "int32"],
    ["header_mutation", 2, "HeaderMutation"],
    ["body_mutation", 3, "BodyMutation"],
  ]),
  HeadersResponse: message([["response", 1, "CommonResponse"]]),
  BodyResponse: message([["response", 1, "CommonResponse"]]),
  TrailersResponse: message([["header_mutation", 1, "HeaderMutation"]]),
  ImmediateResponse: message([
    ["status", 1, "HttpStatus"],
    ["headers", 2, "HeaderMutation"],
    ["body", 3, "bytes"],
    ["details", 5, "string"],
  ]),
  ProcessingMode: message([
    ["request_header_mode", 1, "int32"],
    ["response_header_mode", 2, "int32"],
    ["request_body_mode", 3, "int32"],
    ["response_body_mode", 4, "int32"],
    ["request_trailer_mode", 5, "int32"],
    ["response_trailer_mode", 6, "int32"],
  ]),
  ProcessingResponse: message(
    [
      ["request_headers", 1, "HeadersResponse"],
      ["response_headers", 2, "HeadersResponse"],
      ["request_body", 3, "BodyResponse"],
      ["response_body", 4, "BodyResponse"],
      ["request_trailers", 5, "TrailersResponse"],
      ["response_trailers", 6, "TrailersResponse"],
      ["immediate_response", 7, "ImmediateResponse"],
      ["mode_override", 9, "ProcessingMode"],
    ],
    {
      response: [
        "request_headers",
        "response_headers",
        "request_body",
        "response_body",
        "request_trailers",
        "response_trailers",
        "immediate_response",
      ],
    },
  ),
};

const authorization = {
  ...shared,
  Authorization: { methods: { Check: { requestType: "CheckRequest", responseType: "CheckResponse" } } },
  SocketAddress: message([
    ["address", 2, "string"],
    ["port_value", 3, "uint32"],
  ]),
  Address: message([["socket_address", 1, "SocketAddress"]]),
  Peer: message([
    ["address", 1, "Address"],
    ["service", 2, "string"],
    ["principal", 4, "string"],
  ]),
  HttpRequest: message([
    ["id", 1, "string"],
    ["method", 2, "string"],
    ["headers", 3, "string", "map"],
    ["path", 4, "string"],
    ["host", 5, "string"],
    ["scheme", 6, "string"],
    ["size", 9, "int64"],
    ["protocol", 10, "string"],
    ["body", 11, "string"],
    ["raw_body", 12, "bytes"],
    ["header_map", 13, "HeaderMap"],
  ]),
  Request: message([["http", 2, "HttpRequest"]]),
  AttributeContext: message([
    ["source", 1, "Peer"],
    ["destination", 2, "Peer"],
    ["request", 4, "Request"],
  ]),
  CheckRequest: message([["attributes", 1, "AttributeContext"]]),
  Status: message([
    ["code", 1, "int32"],
    ["message", 2, "string"],
  ]),
  DeniedHttpResponse: message([
    ["status", 1, "HttpStatus"],
    ["headers", 2, "HeaderValueOption", "repeated"],
    ["body", 3, "string"],
  ]),
  OkHttpResponse: message([]),
  CheckResponse: message(
    [
      ["status", 1, "Status"],
      ["denied_response", 2, "DeniedHttpResponse"],
      ["ok_response", 3, "OkHttpResponse"],
    ],
    { http_response: ["denied_response", "ok_response"] },
  ),
};

const inPackage = (names: readonly string[], nested: object): object =>
  names.reduceRight<object>((inner, name) => ({ nested: { [name]: inner } }), { nested });

const options = { keepCase: true, defaults: false, arrays: true, objects: true, oneofs: true, longs: Number } as const;

function load(
  names: readonly string[],
  nested: object,
  service: string,
): Record<string, MethodDefinition<object, object>> {
  const definitions = fromJSON(inPackage(names, nested), options);
  return definitions[[...names, service].join(".")] as unknown as Record<string, MethodDefinition<object, object>>;
}

/** Methods of both services, for a server or a client: { Process: { path, requestSerialize, ... } }. */
export const externalProcessor = load(["envoy", "service", "ext_proc", "v3"], externalProcessing, "ExternalProcessor");
export const authorizationService = load(["envoy", "service", "auth", "v3"], authorization, "Authorization");

export const bodyModes = { none: 0, streamed: 1, buffered: 2, bufferedPartial: 3, fullDuplex: 4 } as const;
/** For modes of headers and trailers. */
export const sendModes = { send: 1, skip: 2 } as const;

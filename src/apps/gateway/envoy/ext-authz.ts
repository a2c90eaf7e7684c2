// External authorization: one question with the headers and, as Envoy is configured, a bounded body; answered yes, or no with the page. Request only.
import type { ConnectionSource, Inspector, RequestHead } from "../inspect.ts";
import { blockAnswer, splitHeaders, type WireHeaders } from "./wire.ts";

interface WirePeer {
  readonly address?: { readonly socket_address?: { readonly address?: string; readonly port_value?: number } };
}

export interface WireCheckRequest {
  readonly attributes?: {
    readonly source?: WirePeer;
    readonly destination?: WirePeer;
    readonly request?: {
      readonly http?: {
        readonly method?: string;
        readonly path?: string;
        readonly host?: string;
        readonly protocol?: string;
        readonly size?: number;
        readonly body?: string;
        readonly raw_body?: Buffer;
        readonly headers?: Readonly<Record<string, string>>;
        readonly header_map?: WireHeaders;
      };
    };
  };
}

/** gRPC codes of the answer's status. */
const codes = { ok: 0, denied: 7 } as const;

/** `source`: of Envoy's own connection. What it says of clients counts when `isTrusted`. */
export function check(
  inspector: Inspector,
  request: WireCheckRequest,
  envoy: { readonly source: ConnectionSource; readonly isTrusted: boolean },
): object {
  const http = request.attributes?.request?.http ?? {};
  const head = headOf(http);
  const source = envoy.isTrusted ? sourceOf(request, envoy.source) : envoy.source;
  const inspection = inspector.begin(source, head);
  const body = http.raw_body ?? (http.body === undefined ? undefined : Buffer.from(http.body, "utf8"));
  const isPart = http.headers?.["x-envoy-auth-partial-body"] === "true" || (http.size ?? 0) > (body?.length ?? 0);
  const stop =
    inspection.requestHead(head) ??
    (body !== undefined && body.length > 0 && inspection.wantsRequestBody ? inspection.requestBody(body) : undefined) ??
    inspection.endRequest();
  const counted = isPart ? ["request body: Envoy sent a part of it, or none"] : [];
  if (stop === undefined) {
    inspection.finish({ status: 0, counted });
    return { status: { code: codes.ok }, ok_response: {} };
  }
  const { code, headers, body: page } = blockAnswer(stop.status, inspection.id, head.headers, stop.location);
  inspection.finish({ status: code, counted });
  const shown = headers.map(({ header, append_action }) => ({
    header: { key: header.key, value: header.raw_value?.toString("latin1") ?? "" },
    append_action,
  }));
  return {
    status: { code: codes.denied, message: "stopped by the web application firewall" },
    denied_response: { status: { code }, headers: shown, body: page.toString("latin1") },
  };
}

type WireHttp = NonNullable<NonNullable<NonNullable<WireCheckRequest["attributes"]>["request"]>["http"]>;

function headOf(http: WireHttp): RequestHead {
  const fromMap = (): [string, string][] =>
    Object.entries(http.headers ?? {}).map(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")]);
  const split = http.header_map === undefined ? undefined : splitHeaders(http.header_map).headers;
  const listed = (split ?? fromMap()).filter(([name]) => !name.startsWith(":") && name !== "x-envoy-auth-partial-body");
  const isNamed = listed.some(([name]) => name.toLowerCase() === "host");
  return {
    method: http.method ?? "GET",
    target: http.path ?? "/",
    protocol: http.protocol ?? "HTTP/1.1",
    headers: isNamed || http.host === undefined ? listed : [["host", http.host], ...listed],
  };
}

function sourceOf(request: WireCheckRequest, source: ConnectionSource): ConnectionSource {
  const client = request.attributes?.source?.address?.socket_address;
  const server = request.attributes?.destination?.address?.socket_address;
  return {
    ...source,
    ...(client?.address === undefined ? {} : { clientAddress: client.address, clientPort: client.port_value ?? 0 }),
    ...(server?.address === undefined ? {} : { serverAddress: server.address, serverPort: server.port_value ?? 0 }),
  };
}

// External authorization: one question with the headers and, as Envoy is configured, a bounded body; answered yes, or no with the page. Request only.
// A body of which Envoy sent a part is over a limit: refused in blocking mode, or passed, as the gateway is told to, and always an event.
import { headerOf, type ConnectionSource, type Inspector, type RequestHead, type Stop } from "../inspect.ts";
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
        readonly size?: number | string;
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

export interface CheckParts {
  readonly inspector: Inspector;
  readonly onBodyTooLarge: "block" | "pass";
}

/** `source`: of Envoy's own connection. What it says of clients counts when `isTrusted`. */
export function check(
  { inspector, onBodyTooLarge }: CheckParts,
  request: WireCheckRequest,
  envoy: { readonly source: ConnectionSource; readonly isTrusted: boolean },
): object {
  const http = request.attributes?.request?.http ?? {};
  const { head, isFlagged } = headOf(http);
  const source = envoy.isTrusted ? sourceOf(request, envoy.source) : envoy.source;
  const inspection = inspector.begin(source, head);
  const body = http.raw_body ?? (http.body === undefined ? nothing : Buffer.from(http.body, "utf8"));
  const unseen = unseenOf(http, { head, isFlagged, bodyBytes: body.length });
  let stop = inspection.requestHead(head);
  const isWanted = inspection.wantsRequestBody;
  if (isWanted && body.length > 0) stop ??= inspection.requestBody(body);
  stop ??= inspection.endRequest();
  const isPart = isWanted && unseen === "part";
  if (isPart && inspection.mayBlock && onBodyTooLarge === "block") stop ??= limitStop;
  const outcome = {
    ...(isPart ? { notInspected: ["request body: Envoy sent a part of it"] } : {}),
    ...(isWanted && unseen === "all" ? { counted: ["request body: Envoy sent none of it"] } : {}),
  };
  if (stop === undefined) {
    inspection.finish({ status: 0, ...outcome });
    return { status: { code: codes.ok }, ok_response: {} };
  }
  const { code, headers, body: page } = blockAnswer(stop.status, inspection.id, head.headers, stop.location);
  inspection.finish({ status: code, ...outcome });
  const shown = headers.map(({ header, append_action }) => ({
    header: { key: header.key, value: header.raw_value?.toString("latin1") ?? "" },
    append_action,
  }));
  return {
    status: { code: codes.denied, message: "stopped by the web application firewall" },
    denied_response: { status: { code }, headers: shown, body: page.toString("latin1") },
  };
}

const nothing = Buffer.alloc(0);
/** Envoy cut the body at its own limit: the rest is over a limit like any other. */
const limitStop: Stop = { action: "deny", status: 413, location: "", ruleId: 0, because: "limit: request body" };
const partFlag = "x-envoy-auth-partial-body";

/**
 * How much of the request's body Envoy kept to itself. "all": it is not configured to hand bodies over, which is its owner's choice; "part": it is, and the request
 * was longer than it may.
 */
function unseenOf(
  http: WireHttp,
  {
    head,
    isFlagged,
    bodyBytes,
  }: { readonly head: RequestHead; readonly isFlagged: boolean; readonly bodyBytes: number },
): "nothing" | "part" | "all" {
  const lengths = [Number(http.size ?? 0), Number(headerOf(head.headers, "content-length") ?? 0)];
  const isLonger = lengths.some((length) => length > bodyBytes);
  if (bodyBytes > 0) return isFlagged || isLonger ? "part" : "nothing";
  if (isFlagged) return "part";
  return isLonger || headerOf(head.headers, "transfer-encoding") !== undefined ? "all" : "nothing";
}

type WireHttp = NonNullable<NonNullable<NonNullable<WireCheckRequest["attributes"]>["request"]>["http"]>;

/** `isFlagged`: Envoy says that the body is not whole. A client that says so itself is not believed less. */
function headOf(http: WireHttp): { readonly head: RequestHead; readonly isFlagged: boolean } {
  const fromMap = (): [string, string][] =>
    Object.entries(http.headers ?? {}).map(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")]);
  const split = http.header_map === undefined ? undefined : splitHeaders(http.header_map).headers;
  const given = split ?? fromMap();
  const isFlagged = given.some(([name, value]) => name.toLowerCase() === partFlag && value === "true");
  const listed = given.filter(([name]) => !name.startsWith(":") && name.toLowerCase() !== partFlag);
  const isNamed = listed.some(([name]) => name.toLowerCase() === "host");
  const head = {
    method: http.method ?? "GET",
    target: http.path ?? "/",
    protocol: http.protocol ?? "HTTP/1.1",
    headers: isNamed || http.host === undefined ? listed : [["host", http.host] as const, ...listed],
  };
  return { head, isFlagged };
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

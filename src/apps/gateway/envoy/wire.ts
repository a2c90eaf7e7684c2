// What Envoy sends, as parsed from the wire and checked; and the answers. Everything may be absent: a field of a message is nobody's promise.
import type { HeaderList } from "../inspect.ts";
import { createPage } from "../http/block-page.ts";

export interface WireHeaders {
  readonly headers?: readonly { readonly key?: string; readonly value?: string; readonly raw_value?: Buffer }[];
}

export interface WireHttpHeaders {
  readonly headers?: WireHeaders;
  readonly end_of_stream?: boolean;
}

export interface WireHttpBody {
  readonly body?: Buffer;
  readonly end_of_stream?: boolean;
}

export interface WireProcessingRequest {
  readonly request?: string;
  readonly request_headers?: WireHttpHeaders;
  readonly response_headers?: WireHttpHeaders;
  readonly request_body?: WireHttpBody;
  readonly response_body?: WireHttpBody;
  readonly attributes?: Readonly<
    Record<
      string,
      { readonly fields?: Readonly<Record<string, { readonly string_value?: string; readonly number_value?: number }>> }
    >
  >;
  readonly observability_mode?: boolean;
  readonly protocol_config?: { readonly request_body_mode?: number; readonly response_body_mode?: number };
}

export interface SplitHeaders {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly headers: HeaderList;
}

/** Envoy sends lower-case names and bytes as `raw_value` (newer) or `value`; both become latin1. */
export function splitHeaders(wire: WireHeaders | undefined): SplitHeaders {
  const pseudo = new Map<string, string>();
  const headers: [string, string][] = [];
  for (const { key = "", value = "", raw_value: raw } of wire?.headers ?? []) {
    const text =
      raw !== undefined && raw.length > 0 ? raw.toString("latin1") : Buffer.from(value, "utf8").toString("latin1");
    if (key.startsWith(":")) pseudo.set(key, text);
    else headers.push([key, text]);
  }
  const authority = pseudo.get(":authority");
  if (authority !== undefined && !headers.some(([name]) => name === "host")) headers.unshift(["host", authority]);
  return { pseudo, headers };
}

/** "10.0.0.1:80", "[::1]:80" to its parts; port 0 when there is none. */
export function splitAddress(text: string): { readonly address: string; readonly port: number } {
  const found = /^\[?([0-9a-fA-F:.]+?)\]?(?::(\d{1,5}))?$/.exec(text);
  if (found === null) return { address: "", port: 0 };
  const isBareIpv6 = !text.startsWith("[") && (text.match(/:/g)?.length ?? 0) > 1;
  return isBareIpv6 ? { address: text, port: 0 } : { address: found[1] ?? "", port: Number(found[2] ?? 0) };
}

export interface WireAnswer {
  readonly code: number;
  readonly headers: readonly {
    readonly header: { readonly key: string; readonly value?: string; readonly raw_value?: Buffer };
    readonly append_action: number;
  }[];
  readonly body: Buffer;
}

/** Overwrite what is there, or add. */
const overwrite = 2;

export function blockAnswer(status: number, id: string, request: HeaderList, location: string): WireAnswer {
  const page = createPage(status, id, request, location);
  return {
    code: page.status,
    headers: page.headers.map(([key, value]) => ({
      header: { key: key.toLowerCase(), raw_value: Buffer.from(value, "latin1") },
      append_action: overwrite,
    })),
    body: page.body,
  };
}

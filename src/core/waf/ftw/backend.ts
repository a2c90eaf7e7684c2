// What stands behind the WAF while tests run: any path answers 200 without a body; POST /reflect answers as its JSON body says.
import { base64Bytes, utf8Bytes, utf8Text } from "./bytes.ts";
import type { StageInput } from "./test-file.ts";
import type { RawRequest } from "../http/read-request.ts";

export interface BackendResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** latin1 bytes. */
  readonly body: string;
}

type Planned = NonNullable<StageInput["response"]>;

/** `planned`: the stage's own `response`, which newer files have instead of a reflected body. */
export function answer(request: RawRequest, planned?: Planned): BackendResponse {
  if (planned !== undefined) {
    return {
      status: planned.status ?? 200,
      headers: Object.entries(planned.headers ?? {}).map(([name, value]) => [name, utf8Bytes(value)] as const),
      body:
        planned.body !== undefined && planned.body !== ""
          ? utf8Bytes(planned.body)
          : (base64Bytes(planned.encoded_body ?? "") ?? ""),
    };
  }
  const path = request.target.split("?", 1)[0] ?? "";
  const isReflected = request.method === "POST" && (path === "/reflect" || path.startsWith("/reflect/"));
  return isReflected ? reflect(request.body) : { status: 200, headers: [], body: "" };
}

function reflect(bytes: string): BackendResponse {
  const spec = parseObject(bytes);
  if (spec === undefined) return failed("Invalid JSON in request body");
  const { status = 0, headers = {}, body = "", encodedBody = "" } = spec;
  if (typeof status !== "number" || !Number.isInteger(status) || !isTextMap(headers))
    return failed("Invalid JSON in request body");
  if (typeof body !== "string" || typeof encodedBody !== "string") return failed("Invalid JSON in request body");
  if ((status > 0 && status < 100) || status >= 600 || status < 0) return failed(`Invalid status code: ${status}`);
  const content = body === "" ? base64Bytes(encodedBody) : utf8Bytes(body);
  const fields = Object.entries(headers).map(([name, value]) => [utf8Bytes(name), utf8Bytes(value)] as const);
  return {
    status: status === 0 ? 200 : status,
    headers: withType(fields, content ?? ""),
    body: content ?? "invalid base64 encoding of response body",
  };
}

function failed(text: string): BackendResponse {
  return { status: 400, headers: [["Content-Type", "text/plain; charset=utf-8"]], body: text };
}

function parseObject(bytes: string): Record<string, unknown> | undefined {
  const text = utf8Text(bytes);
  try {
    const value: unknown = JSON.parse(text ?? bytes);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    // No JSON: answered as such by the caller.
    return undefined;
  }
}

function isTextMap(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
}

/** A server that is told no type looks at the first bytes (WHATWG mime sniffing): text or HTML, else bytes. */
function withType(
  fields: readonly (readonly [string, string])[],
  body: string,
): readonly (readonly [string, string])[] {
  if (body === "" || fields.some(([name]) => name.toLowerCase() === "content-type")) return fields;
  return [...fields, ["Content-Type", sniff(body)]];
}

// oxlint-disable-next-line no-control-regex -- bytes that no text holds
const binary = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
const markup =
  /^(?:<!doctype html|<html|<head|<script|<iframe|<h1|<div|<font|<table|<a|<style|<title|<b|<body|<br|<p)[ >]|^<!--/i;

function sniff(body: string): string {
  const start = body.slice(0, 512).replace(/^[\t\n\f\r ]+/, "");
  if (markup.test(start)) return "text/html; charset=utf-8";
  if (start.startsWith("<?xml")) return "text/xml; charset=utf-8";
  return binary.test(body.slice(0, 512)) ? "application/octet-stream" : "text/plain; charset=utf-8";
}

// A stage's input to the bytes on the wire, as the schema's runner builds them: what is filled in, what is encoded, what is left alone.
// Promises: never throws; a base64 that is none is a problem in words.
import { base64Bytes, utf8Bytes } from "./bytes.ts";
import type { StageInput } from "./test-file.ts";

export interface BuiltRequest {
  /** latin1: one character, one byte. */
  readonly bytes: string;
  readonly problem: string;
}

type Headers = (readonly [string, string])[];

/** `uri` stands for the input's own: it may name several. */
export function buildRequest(input: StageInput, uri: string, cookies: readonly string[] = []): BuiltRequest {
  const encoded = input.encoded_request ?? input.raw_request ?? "";
  if (encoded !== "") {
    const bytes = base64Bytes(encoded);
    return bytes === undefined ? { bytes: "", problem: "encoded_request is no base64" } : { bytes, problem: "" };
  }
  const headers = headersOf(input);
  if (cookies.length > 0 && !has(headers, "cookie")) headers.push(["Cookie", cookies.join("; ")]);
  const given = input.encoded_data === undefined ? utf8Bytes(input.data ?? "") : base64Bytes(input.encoded_data);
  if (given === undefined) return { bytes: "", problem: "encoded_data is no base64" };
  const isFilled = isFilledIn(input);
  const method = input.method ?? "GET";
  let body = given;
  if (body !== "" && isFilled) {
    if (!has(headers, "content-type")) headers.push(["Content-Type", "application/x-www-form-urlencoded"]);
    if (valueOf(headers, "content-type") === "application/x-www-form-urlencoded") body = asForm(body);
  }
  // Files write parts with plain line ends; parsers of multipart ask for CR LF.
  if ((valueOf(headers, "content-type") ?? "").includes("multipart/form-data;")) body = body.replaceAll("\n", "\r\n");
  if (isFilled) fillIn(headers, method, body);
  const line = `${method} ${uri} ${input.version ?? "HTTP/1.1"}`;
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return { bytes: `${utf8Bytes(line)}\r\n${utf8Bytes(fields)}\r\n${body}`, problem: "" };
}

function isFilledIn({ autocomplete_headers: fills, stop_magic: stops }: StageInput): boolean {
  return fills ?? !(stops ?? false);
}

function headersOf(input: StageInput): Headers {
  const named: Headers = Object.entries(input.headers ?? {});
  return [...named, ...(input.ordered_headers ?? []).map(({ name, value }) => [name, value] as const)];
}

function has(headers: Headers, name: string): boolean {
  return valueOf(headers, name) !== undefined;
}

function valueOf(headers: Headers, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

function fillIn(headers: Headers, method: string, body: string): void {
  if (!has(headers, "connection")) headers.push(["Connection", "close"]);
  if (has(headers, "content-length")) return;
  const mayHaveBody = /^POST|PUT|PATCH|DELETE$/.test(method);
  if (body !== "" || mayHaveBody) headers.push(["Content-Length", String(body.length)]);
}

/** Fields of a form are encoded when decoding would change nothing: then they are not encoded yet. */
function asForm(body: string): string {
  if (/[%+]/.test(body)) return body;
  return body
    .split("&")
    .map((pair) => pair.split(/=(.*)/s, 2).map(escapeField).join("="))
    .join("&");
}

function escapeField(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9\-_.~]/g, (char) =>
    char === " " ? "+" : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

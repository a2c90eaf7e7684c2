// The request that `garrison waf test` asks about: bytes of a file, or made of --url, --method, --header and --body.
import { text as readText } from "node:stream/consumers";
import { readRequest, type RawRequest } from "../../../../core/waf/http/read-request.ts";
import { readInput } from "../../input-file.ts";
import { usage } from "./flags.ts";
import type { WafTestFlags } from "./test.ts";

export const requestBytesMax = 64 * 1024 * 1024;
const requestHint = "name a file with a raw HTTP request: request line, headers, an empty line, the body";

/** Throws a Fault when neither or both are given, or a file cannot be read. */
export async function askedRequest(flags: WafTestFlags): Promise<RawRequest> {
  const { request, url } = flags;
  if ((request === undefined) === (url === undefined))
    throw usage("name one request", "give --request FILE, or --url ADDRESS");
  if (request !== undefined) return readRequest(await bytesOf(request, requestHint));
  return madeRequest(url ?? "/", flags, await bodyOf(flags.body));
}

async function bodyOf(data: string | undefined): Promise<string | undefined> {
  if (data === undefined) return undefined;
  return data.startsWith("@")
    ? bytesOf(data.slice(1), "name a file with the body")
    : Buffer.from(data, "utf8").toString("latin1");
}

async function bytesOf(file: string, hint: string): Promise<string> {
  if (file === "-") return Buffer.from(await readText(process.stdin), "utf8").toString("latin1");
  const bytes = await readInput(file, { hint });
  if (bytes.length <= requestBytesMax) return bytes.toString("latin1");
  throw usage(
    `${file} is larger than ${requestBytesMax} bytes`,
    "a request of that size is refused long before rules see it",
  );
}

/** As a plain client sends it: Host, User-Agent, Accept, and with a body its type and length. Given headers replace those. */
export function madeRequest(
  url: string,
  flags: Pick<WafTestFlags, "method" | "header">,
  body: string | undefined,
): RawRequest {
  const { host, target } = placeOf(url);
  const given = (flags.header ?? []).map(headerOf);
  const defaults: (readonly [string, string])[] = [
    ["Host", host],
    ["User-Agent", "garrison-waf-test"],
    ["Accept", "*/*"],
    ...(body === undefined
      ? []
      : ([
          ["Content-Type", "application/x-www-form-urlencoded"],
          ["Content-Length", String(body.length)],
        ] as const)),
  ];
  const isGiven = (name: string): boolean => given.some(([other]) => other.toLowerCase() === name.toLowerCase());
  const method = flags.method ?? (body === undefined ? "GET" : "POST");
  return {
    line: `${method} ${target} HTTP/1.1`,
    method,
    target,
    protocol: "HTTP/1.1",
    headers: [...defaults.filter(([name]) => !isGiven(name)), ...given],
    body: body ?? "",
    problems: [],
  };
}

/** Blanks and other bytes that no client sends bare are percent-encoded; all else stays as it was written. */
function placeOf(url: string): { readonly host: string; readonly target: string } {
  const [, host = "localhost", rest = url] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  const path = rest.split("#", 1)[0] ?? "";
  const target = path.startsWith("/") ? path : `/${path}`;
  const encode = (char: string): string =>
    [...Buffer.from(char, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
  return { host: host === "" ? "localhost" : host, target: target.replace(/[^\x21-\x7e]/gu, encode) };
}

function headerOf(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) throw usage(`--header ${line} has no colon`, "write 'Name: value'");
  return [line.slice(0, colon), Buffer.from(line.slice(colon + 1).trim(), "utf8").toString("latin1")];
}

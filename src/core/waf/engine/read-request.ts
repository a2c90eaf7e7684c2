// Request line, headers and connection as values that rules look at.
import type { ConnectionFacts } from "./engine.ts";
import type { Judge } from "./judge.ts";
import { reachLimit } from "./over-limit.ts";
import { eachArgument, eachCookie, isBrokenEncoding, splitTarget } from "./request-parts.ts";
import { base64Decode } from "../transform/base64-decode.ts";
import { sources } from "./sources.ts";
import type { State } from "./state.ts";
import { addValue } from "./values.ts";
import type { BodyKind } from "../body/body-parser.ts";

export const requestLimits = {
  /** In all Cookie headers of a request. Browsers send far fewer; what comes after them is not looked at. */
  cookiesMax: 1000,
} as const;

export type Headers = readonly (readonly [name: string, value: string])[];

export function readConnection(state: State, judge: Judge | undefined, facts: ConnectionFacts): void {
  state.connection = facts;
  addValue(state, judge, sources.remoteAddress, "", facts.clientAddress);
  addValue(state, judge, sources.remotePort, "", String(facts.clientPort));
  addValue(state, judge, sources.serverAddress, "", facts.serverAddress);
  addValue(state, judge, sources.serverPort, "", String(facts.serverPort));
}

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
}

export function readRequestLine(state: State, judge: Judge | undefined, line: RequestLine): void {
  const { method, target, protocol } = line;
  const parts = splitTarget(target);
  addValue(state, judge, sources.uniqueId, "", state.id);
  addValue(state, judge, sources.requestMethod, "", method);
  addValue(state, judge, sources.requestProtocol, "", protocol);
  addValue(state, judge, sources.requestLine, "", `${method} ${target} ${protocol}`);
  addValue(state, judge, sources.requestUriRaw, "", target);
  addValue(state, judge, sources.requestUri, "", parts.uri);
  addValue(state, judge, sources.requestFilename, "", parts.filename);
  addValue(state, judge, sources.requestBasename, "", parts.basename);
  addValue(state, judge, sources.queryString, "", parts.query);
  if (parts.query === "") return;
  const { settings } = state.compiled.ruleSet;
  if (isBrokenEncoding(parts.query)) state.body.isUrlBroken = true;
  const isAll = eachArgument(parts.query, settings.argumentSeparator, settings.argumentsMax, (name, value) => {
    state.body.argumentsBytes += name.length + value.length;
    addValue(state, judge, sources.argumentNamesGet, name, name);
    addValue(state, judge, sources.argumentsGet, name, value);
  });
  if (!isAll) reachLimit(state, `arguments after the first ${settings.argumentsMax}`);
}

export function readRequestHeaders(state: State, judge: Judge | undefined, headers: Headers): void {
  let cookies = 0;
  for (const [name, value] of headers) {
    addValue(state, judge, sources.requestHeaderNames, name, name);
    addValue(state, judge, sources.requestHeaders, name, value);
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === "host") addValue(state, judge, sources.serverName, "", hostOnly(value));
        break;
      case 6:
        if (name.toLowerCase() === "cookie") cookies = readCookies(state, judge, value, cookies);
        break;
      case 12:
        if (name.toLowerCase() === "content-type") state.body.processor = processorOf(value);
        break;
      case 13:
        if (name.toLowerCase() === "authorization") readAuthorization(state, judge, value);
        break;
    }
  }
}

/** How many there are with the `before` of headers before. Cookies stay as they came: the reference decodes nothing in them. */
function readCookies(state: State, judge: Judge | undefined, header: string, before: number): number {
  const { cookiesMax } = requestLimits;
  let count = before;
  const isAll = eachCookie(header, state.compiled.ruleSet.settings.cookieFormat, (key, text) => {
    if (count === cookiesMax) return false;
    count++;
    addValue(state, judge, sources.cookieNames, key, key);
    addValue(state, judge, sources.cookies, key, text);
    return true;
  });
  if (!isAll) reachLimit(state, `cookies after the first ${cookiesMax}`);
  return count;
}

function readAuthorization(state: State, judge: Judge | undefined, value: string): void {
  const blank = value.indexOf(" ");
  const scheme = blank < 0 ? value : value.slice(0, blank);
  addValue(state, judge, sources.authenticationType, "", scheme);
  if (blank < 0 || scheme.toLowerCase() !== "basic") return;
  const pair = base64Decode.apply(value.slice(blank + 1).trim());
  const colon = pair.indexOf(":");
  if (colon > 0) addValue(state, judge, sources.remoteUser, "", pair.slice(0, colon));
}

function hostOnly(host: string): string {
  if (host.startsWith("[")) return host.slice(0, host.indexOf("]") + 1);
  const colon = host.indexOf(":");
  return colon < 0 ? host : host.slice(0, colon);
}

/** The processor that a content type asks for; rules may say otherwise by ctl. "": none. */
export function processorOf(contentType: string): BodyKind | "" {
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") return "URLENCODED";
  if (type.startsWith("multipart/form-data")) return "MULTIPART";
  if (/^application\/(?:[a-z0-9.-]+\+)?json/.test(type)) return "JSON";
  return /^(?:application\/(?:soap\+)?|text\/)xml/.test(type) ? "XML" : "";
}

export function readResponseHeaders(
  state: State,
  judge: Judge | undefined,
  response: { readonly status: number; readonly protocol: string; readonly headers: Headers },
): string {
  addValue(state, judge, sources.responseStatus, "", String(response.status));
  addValue(state, judge, sources.responseProtocol, "", response.protocol);
  let contentType = "";
  for (const [name, value] of response.headers) {
    addValue(state, judge, sources.responseHeaderNames, name, name);
    addValue(state, judge, sources.responseHeaders, name, value);
    if (name.length === 12 && name.toLowerCase() === "content-type") contentType = value;
  }
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  addValue(state, judge, sources.responseContentType, "", type);
  return type;
}

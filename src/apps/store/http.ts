// The ClickHouse HTTP protocol, as much of it as @clickhouse/client speaks: ping, statements with parameters, settings and bodies.
// Every statement passes the guard; every answer carries X-ClickHouse-Summary; an error is "Code: n. DB::Exception: ..." as a server's.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "../../base/fault.ts";
import type { Answer, Engine, Role } from "./engine.ts";
import { roleOf, type StoreKeys } from "./keys.ts";
import { settingsOf, type RequestLimits } from "./request-settings.ts";
import type { GuardContext } from "./sql-guard.ts";
import { refusalOf } from "./sql-guard.ts";
import { insertFromBody, type BodySpool } from "./insert-body.ts";

export interface HttpParts {
  readonly engine: Engine;
  readonly keys: StoreKeys;
  readonly limits: RequestLimits;
  readonly isSpoolFile: GuardContext["isSpoolFile"];
  readonly bodies: BodySpool;
  /** JSON of GET /process: resident bytes, CPU milliseconds, start. */
  readonly processFacts: () => object;
}

/** Longest statement text taken, in bytes: from the address or the body. */
const statementBytesMax = 1024 * 1024;

export function createHttp(parts: HttpParts): Server {
  const server = createServer(
    { keepAliveTimeout: 30_000, maxHeaderSize: 2 * statementBytesMax },
    (request, response) => {
      answer(request, response, parts).catch((thrown: unknown) => sendError(response, thrown));
    },
  );
  server.requestTimeout = 0;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: HttpParts): Promise<void> {
  const address = new URL(request.url ?? "/", "http://store");
  if (address.pathname === "/ping") return send(response, 200, "Ok.\n");
  const role = roleOf(request.headers.authorization, parts.keys);
  if (role === undefined) throw protocolError(516, "the store's key is missing or wrong", "AUTHENTICATION_FAILED");
  if (address.pathname === "/process") return send(response, 200, JSON.stringify(parts.processFacts()));
  if (address.pathname !== "/") return send(response, 404, "There is no such path.\n");
  if (request.method !== "POST" && request.method !== "GET") return send(response, 405, "Use POST.\n");
  const result = await runRequest(request, address.searchParams, role, parts);
  const summary = {
    ...readFigures(result),
    result_rows: String(result.resultRows),
    result_bytes: String(result.bytes.byteLength),
  };
  response.setHeader(
    "X-ClickHouse-Summary",
    JSON.stringify({ ...summary, elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)) }),
  );
  response.setHeader("X-ClickHouse-Query-Id", address.searchParams.get("query_id") ?? "");
  send(response, 200, result.bytes);
}

async function runRequest(
  request: IncomingMessage,
  query: URLSearchParams,
  role: Role,
  parts: HttpParts,
): Promise<Answer> {
  const inAddress = query.get("query") ?? "";
  const settings = settingsOf(query, role, parts.limits);
  if (settings instanceof Error) throw settings;
  const params = paramsOf(query);
  const guard: GuardContext = { role, isSpoolFile: parts.isSpoolFile, params: new Set(Object.keys(params)) };
  const common = {
    role,
    params,
    settings,
    format: query.get("default_format") ?? "TabSeparated",
    database: query.get("database") ?? "garrison",
  };
  if (inAddress === "" || request.method === "GET") {
    const sql = inAddress === "" ? await readText(request) : inAddress;
    refuse(sql, guard);
    return parts.engine.run({ ...common, sql });
  }
  if (role === "reader") {
    const body = await readText(request);
    const sql = `${inAddress}\n${body}`;
    refuse(sql, guard);
    return parts.engine.run({ ...common, sql });
  }
  return insertFromBody(inAddress, request, parts.bodies, (sql) => {
    refuse(sql, guard);
    return parts.engine.run({ ...common, sql });
  });
}

function refuse(sql: string, guard: GuardContext): void {
  const because = refusalOf(sql, guard);
  if (because !== undefined) throw protocolError(497, `Refused: ${because}`, "ACCESS_DENIED");
}

function paramsOf(query: URLSearchParams): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of query) {
    if (/^param_[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) params[name.slice("param_".length)] = value;
  }
  return params;
}

/** The engine's binding reports what it returned, not what it read; JSON answers carry that in their last lines. */
function readFigures(result: Answer): { read_rows: string; read_bytes: string } {
  const tail = Buffer.from(result.bytes.subarray(Math.max(0, result.bytes.byteLength - 400))).toString("latin1");
  const rows = /"rows_read":\s*(\d+)/.exec(tail)?.[1] ?? String(result.resultRows);
  const bytes = /"bytes_read":\s*(\d+)/.exec(tail)?.[1] ?? "0";
  return { read_rows: rows, read_bytes: bytes };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > statementBytesMax)
      throw protocolError(62, `the statement is longer than ${statementBytesMax} bytes`, "SYNTAX_ERROR");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** An error in the words of the protocol: number, text and name, which the client takes apart again. */
export function protocolError(number: number, text: string, name: string): Fault {
  return new Fault(`Code: ${number}. DB::Exception: ${text}. (${name})`, {
    code: "store/refused",
    kind: number === 516 ? "unauthenticated" : "forbidden",
  });
}

const statusByCode: Readonly<Record<string, number>> = {
  516: 401,
  497: 403,
  164: 403,
  202: 503,
  749: 503,
  60: 404,
  81: 404,
};

function sendError(response: ServerResponse, thrown: unknown): void {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = /^Code: (\d+)/.exec(message)?.[1] ?? "1002";
  const text = message.startsWith("Code: ") ? message : `Code: 1002. DB::Exception: ${message} (UNKNOWN_EXCEPTION)`;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.setHeader("X-ClickHouse-Exception-Code", code);
  send(response, statusByCode[code] ?? 500, `${text}\n`);
}

function send(response: ServerResponse, status: number, body: string | Uint8Array): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.end(body);
}

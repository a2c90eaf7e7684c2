// A stand-in for the server while the console is built and tested: serves ui/dist and answers the contract from a seeded world.
// Run it: node ui/mock/server.ts [port]. `mock:forbidden` and the like in the filter show every designed state.
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import path from "node:path";
import { api, type OperationName } from "../../src/apps/server/contract/api.ts";
import type { Endpoint } from "../../src/apps/server/contract/endpoint.ts";
import { answers, newRows } from "./answers.ts";
import { refuseBySentinel, type Asked } from "./asked.ts";
import { matcherOf, sentinelOf } from "./filter.ts";
import { Refusal, toRefusal } from "./refusal.ts";

const builtFolder = path.resolve(import.meta.dirname, "../dist");
const streamMs = 400;
const slowMs = 3000;
const bodyBytesMax = 65_536;

/** As strict as the console must be able to live with. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** The one-time token of the mock; every other is refused. */
export const mockToken = "mock-one-time-token";

interface Route {
  readonly name: OperationName;
  readonly endpoint: Endpoint;
  readonly pattern: RegExp;
}

const routes: readonly Route[] = Object.entries(api).map(([name, endpoint]) => ({
  name: name as OperationName,
  endpoint,
  pattern: new RegExp(`^${endpoint.path.replace(/:(\w+)/g, "(?<$1>[^/]*)")}$`),
}));

/** Starts on 127.0.0.1; port 0 takes a free one. `dist` holds the built console. Close it with `server.close()` and `closeAllConnections()`. */
export function startMock(port = 0, dist = builtFolder): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    handle(request, response, dist).catch((error: unknown) => refuse(response, toRefusal(error)));
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ server, url: `http://127.0.0.1:${bound}` });
    });
  });
}

async function handle(request: IncomingMessage, response: ServerResponse, dist: string): Promise<void> {
  const url = new URL(request.url ?? "/", "http://mock");
  if (!url.pathname.startsWith("/api/")) return serveFile(url, response, dist);
  const route = routes.find(
    ({ endpoint, pattern }) => endpoint.method === request.method && pattern.test(url.pathname),
  );
  if (route === undefined)
    throw new Refusal(`no operation at ${url.pathname}`, { code: "api/no-route", kind: "not-found" });
  const cookie = request.headers.cookie ?? "";
  if (route.endpoint.role !== "open" && !cookie.includes("garrison_mock=1"))
    throw new Refusal("no session", {
      code: "access/no-session",
      kind: "unauthenticated",
      hint: "Open the printed URL.",
    });
  const asked: Asked = {
    params: Object.fromEntries(
      Object.entries(route.pattern.exec(url.pathname)?.groups ?? {}).map(([key, value]) => [
        key,
        decodeURIComponent(value),
      ]),
    ),
    query: Object.fromEntries(url.searchParams),
    body: await bodyOf(request),
    nowMs: Date.now(),
    sentinel: sentinelOf(url.searchParams.get("q") ?? "") || pageSentinel(cookie),
  };
  if (route.endpoint.stream === true) return stream(route, asked, request, response);
  if (route.name === "createSession") {
    if ((asked.body as { token?: string }).token !== mockToken)
      throw new Refusal("this link was used already or has expired", {
        code: "access/bad-token",
        kind: "unauthenticated",
      });
    response.setHeader("set-cookie", "garrison_mock=1; HttpOnly; SameSite=Strict; Path=/");
  }
  if (route.name === "deleteSession") response.setHeader("set-cookie", "garrison_mock=; Max-Age=0; Path=/");
  if (sentinelOf(asked.query["q"] ?? "") === "slow") await new Promise((resolve) => setTimeout(resolve, slowMs));
  const answer = answers[route.name];
  if (answer === undefined)
    throw new Refusal(`the mock does not answer ${route.name}`, { code: "mock/no-answer", kind: "unavailable" });
  send(response, route.endpoint.status ?? 200, route.endpoint.response.parse(answer(asked)));
}

/** Operations without a filter take their sentinel from the page that was opened: its cookie (the console sends no referrer). */
function pageSentinel(cookie: string): string {
  return /(?:^|;\s*)garrison_mock_sentinel=(\w*)/.exec(cookie)?.[1] ?? "";
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
    .end(JSON.stringify(value));
}

function refuse(response: ServerResponse, { problem }: Refusal): void {
  if (response.headersSent) response.end();
  else send(response, problem.status, problem);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (request.method === "GET") return undefined;
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyBytesMax) throw new Refusal("body too large", { code: "mock/body", kind: "too-large" });
  }
  return text === "" ? undefined : JSON.parse(text);
}

// oxlint-disable-next-line eslint/max-params -- node's own pair plus what was asked
function stream({ name, endpoint }: Route, asked: Asked, request: IncomingMessage, response: ServerResponse): void {
  const q = asked.query["q"] ?? "";
  refuseBySentinel(sentinelOf(q));
  matcherOf(q);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": hello\n\n");
  let from = Number(request.headers["last-event-id"] ?? Date.now());
  const timer = setInterval(() => {
    const nowMs = Date.now();
    if (sentinelOf(q) === "empty") return;
    const rows = newRows(name === "streamFlows" ? "flows" : "events", { ...asked, nowMs }, from);
    from = nowMs;
    if (rows.length === 0) return;
    const item = endpoint.response.parse({ rows, skipped: 0 });
    response.write(`id: ${from}\ndata: ${JSON.stringify(item)}\n\n`);
  }, streamMs);
  response.on("close", () => clearInterval(timer));
}

function serveFile({ pathname, searchParams }: URL, response: ServerResponse, dist: string): void {
  const asked = path.join(dist, path.normalize(pathname));
  const known = asked.startsWith(dist + path.sep) && path.extname(asked) !== "" && existsSync(asked);
  const file = known ? asked : path.join(dist, "index.html");
  if (!known) {
    const sentinel = sentinelOf(searchParams.get("q") ?? "");
    response.setHeader("set-cookie", `garrison_mock_sentinel=${sentinel}; HttpOnly; SameSite=Strict; Path=/`);
  }
  const immutable = pathname.startsWith("/assets/");
  response.writeHead(200, {
    "content-type": types[path.extname(file)] ?? "application/octet-stream",
    "content-security-policy": contentPolicy,
    "cache-control": immutable ? "public, max-age=31536000, immutable" : "no-cache",
  });
  createReadStream(file).pipe(response);
}

if (import.meta.main) {
  const { url } = await startMock(Number(process.argv[2] ?? 8686));
  process.stdout.write(`${url}/#token=${mockToken}\n`);
}

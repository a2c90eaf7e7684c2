// nginx's auth_request: a sub-request with the headers of the original and no body. 204 lets it pass, 403 does not; phase 1 and a body-less phase 2 only, which
// the answer and the event say. Facts about the original come in headers that nginx sets itself, believed from loopback, Unix sockets and listed proxies only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { toFault } from "../../../base/fault.ts";
import { headerOf, type ConnectionSource, type HeaderList, type RequestHead } from "../inspect.ts";
import { isLoopback } from "../trusted-proxies.ts";
import type { AskedDoor, DoorParts } from "../worker/doors.ts";

/** What the guide's configuration sets, each of them always: what a client sends under these names is overwritten there. */
const guideNames = {
  target: "x-original-uri",
  method: "x-original-method",
  protocol: "x-original-protocol",
  length: "x-original-content-length",
  coding: "x-original-transfer-encoding",
  client: "x-real-ip",
} as const;
/** A whole address, as ingress-nginx sends it in place of the target. */
const wholeAddress = "x-original-url";

/** Of the sub-request, not of the original. */
const ownNames: ReadonlySet<string> = new Set([
  ...Object.values(guideNames),
  wholeAddress,
  "content-length",
  "transfer-encoding",
  "connection",
]);

/** A status that nginx passes on as it is; others would be a server error to it. */
const refusedStatus = 403;

export function createAuthRequestDoor(parts: DoorParts): AskedDoor {
  const { inspector, limits, logger } = parts;
  let requests = 0;
  let unjudged = 0;
  const sources = new WeakMap<object, ConnectionSource>();
  const server = createServer(
    { maxHeaderSize: limits.headBytesMax, headersTimeout: limits.headMsMax, keepAliveTimeout: limits.keepAliveMsMax },
    (request, answer) => {
      requests += 1;
      request.resume();
      const connection = sources.get(request.socket);
      const original = connection === undefined ? undefined : originalOf(request, connection, parts);
      if (original === undefined || typeof original === "string")
        return cannotJudge(answer, original ?? "no connection");
      try {
        judge(answer, original);
      } catch (error) {
        logger.error({ error: toFault(error).message }, "a request of nginx could not be judged");
        if (answer.headersSent) answer.destroy();
        else answer.writeHead(500).end();
      }
    },
  );
  /** nginx answers its client 500 and logs it: a gateway that cannot judge must not look like one that lets pass. */
  function cannotJudge(answer: ServerResponse, because: string): void {
    unjudged += 1;
    if (unjudged <= toldMax) logger.warn({ because }, "a request of nginx could not be judged");
    answer.writeHead(500, { "content-type": "text/plain" }).end(`${because}\n`);
  }
  function judge(answer: ServerResponse, { head, source }: Original): void {
    const inspection = inspector.begin(source, head);
    const stop = inspection.requestHead(head) ?? inspection.endRequest();
    const length = headerOf(head.headers, "content-length") ?? "0";
    const hasBody = length !== "0" || headerOf(head.headers, "transfer-encoding") !== undefined;
    const isTyped = headerOf(head.headers, "content-type") !== undefined;
    const status = stop === undefined ? 204 : refusedStatus;
    answer.writeHead(status, { "x-garrison-waf": "phase 1 only", "x-garrison-transaction": inspection.id }).end();
    inspection.finish({
      status: stop === undefined ? 0 : status,
      ...(hasBody || isTyped ? { counted: bodyUnseen } : {}),
    });
  }
  return {
    accept(socket, source) {
      sources.set(socket, source);
      server.emit("connection", socket);
      // Listeners that hand sockets on pause them.
      socket.resume();
    },
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const bodyUnseen = ["request body: not part of auth_request"];

/** Configurations that are wrong are wrong for every request: not one line each. */
const toldMax = 20;

interface Original {
  readonly head: RequestHead;
  readonly source: ConnectionSource;
}

/** The original request; words when it cannot be told which one that is. */
function originalOf(request: IncomingMessage, connection: ConnectionSource, { proxies }: DoorParts): Original | string {
  const { clientAddress } = connection;
  const isBelieved = clientAddress === "" || isLoopback(clientAddress) || proxies.isTrusted(clientAddress);
  if (!isBelieved) return "auth_request comes from a proxy that is not listed (--trusted-proxy)";
  const all: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    all.push([request.rawHeaders[index] ?? "", request.rawHeaders[index + 1] ?? ""]);
  }
  const said = all.filter(([name]) => ownNames.has(name.toLowerCase()));
  const target = headerOf(said, guideNames.target);
  const url = headerOf(said, wholeAddress);
  // One of them is the client's own then, and nobody knows which.
  if (target !== undefined && url !== undefined) return "X-Original-URI and X-Original-URL together";
  if (target === undefined && url === undefined) return "X-Original-URI is not set";
  if (new Set(said.map(([name]) => name.toLowerCase())).size < said.length)
    return "a header about the original stands twice";
  const headers: [string, string][] = all.filter(([name]) => !ownNames.has(name.toLowerCase()));
  // ingress-nginx does not set the others: there they would be the client's.
  const isGuide = target !== undefined;
  if (isGuide) restore(headers, said);
  const protocol = (isGuide ? headerOf(said, guideNames.protocol) : undefined) ?? "HTTP/1.1";
  const method = headerOf(said, guideNames.method) ?? "GET";
  const client = headerOf(said, guideNames.client)?.trim() ?? "";
  const source = client === "" ? connection : { ...connection, clientAddress: client, clientPort: 0 };
  return { head: { method, target: target ?? pathOf(url ?? ""), protocol, headers }, source };
}

/** The frame of the original's body, which the sub-request cannot have. */
function restore(headers: [string, string][], said: HeaderList): void {
  const length = headerOf(said, guideNames.length);
  if (length !== undefined) headers.push(["Content-Length", length]);
  const coding = headerOf(said, guideNames.coding);
  if (coding !== undefined) headers.push(["Transfer-Encoding", coding]);
}

/** Without scheme and host. */
function pathOf(url: string): string {
  const found = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  return found === null ? url : (found[1] ?? "") || "/";
}

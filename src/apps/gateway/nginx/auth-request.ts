// nginx's auth_request: a sub-request with the headers of the original and no body. 204 lets it pass, 403 does not; phase 1 and a body-less phase 2 only, which
// the answer and the event say. Facts about the original come in headers, believed only from listed proxies.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { headerOf, type ConnectionSource, type HeaderList, type RequestHead } from "../inspect.ts";
import type { AskedDoor, DoorParts } from "../worker/doors.ts";

/** Headers of the sub-request that say what the original was; they are not its own. */
const aboutOriginal = new Set([
  "x-original-uri",
  "x-original-url",
  "x-original-method",
  "x-original-remote-addr",
  "content-length",
  "connection",
]);

/** A status that nginx passes on as it is; others would be a server error to it. */
const refusedStatus = 403;

export function createAuthRequestDoor(parts: DoorParts): AskedDoor {
  const { inspector, proxies, limits } = parts;
  let requests = 0;
  const sources = new WeakMap<object, ConnectionSource>();
  const server = createServer(
    { maxHeaderSize: limits.headBytesMax, headersTimeout: limits.headMsMax, keepAliveTimeout: limits.keepAliveMsMax },
    (request, answer) => {
      requests += 1;
      request.resume();
      const connection = sources.get(request.socket);
      if (connection === undefined) return void answer.writeHead(500).end();
      const isListed = connection.clientAddress === "" || proxies.isTrusted(connection.clientAddress);
      judge(request, answer, isListed ? named(connection, request) : connection);
    },
  );
  function judge(request: IncomingMessage, answer: ServerResponse, source: ConnectionSource): void {
    const head = originalOf(request);
    const inspection = inspector.begin(source, head);
    const stop = inspection.requestHead(head) ?? inspection.endRequest();
    const hasBody = headerOf(head.headers, "content-type") !== undefined;
    const status = stop === undefined ? 204 : refusedStatus;
    answer.writeHead(status, { "x-garrison-waf": "phase 1 only", "x-garrison-transaction": inspection.id }).end();
    inspection.finish({ status: stop === undefined ? 0 : status, ...(hasBody ? { counted: bodyUnseen } : {}) });
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

function originalOf(request: IncomingMessage): RequestHead {
  const all: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    all.push([request.rawHeaders[index] ?? "", request.rawHeaders[index + 1] ?? ""]);
  }
  const headers: HeaderList = all.filter(([name]) => !aboutOriginal.has(name.toLowerCase()));
  const target = headerOf(all, "x-original-uri") ?? pathOf(headerOf(all, "x-original-url")) ?? request.url ?? "/";
  const method = headerOf(all, "x-original-method") ?? "GET";
  return { method, target, protocol: "HTTP/1.1", headers };
}

/** ingress-nginx sends a whole address. */
function pathOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const found = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  return found === null ? url : (found[1] ?? "") || "/";
}

/** A listed proxy says who its client was. */
function named(connection: ConnectionSource, request: IncomingMessage): ConnectionSource {
  const said = request.headers["x-original-remote-addr"] ?? request.headers["x-real-ip"];
  const clientAddress = typeof said === "string" ? said.trim() : "";
  return clientAddress === "" ? connection : { ...connection, clientAddress, clientPort: 0 };
}

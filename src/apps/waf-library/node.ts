// garrison/waf/node: listeners of node:http and node:http2 servers behind the WAF, for requests and for handshakes (WebSocket).
import { STATUS_CODES, type IncomingMessage, type RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import type { Waf, WafDecision } from "./types.ts";

/** `http.createServer(guard(waf, listener))`. An error while a body is read answers 500 and closes. */
export function guard(waf: Waf, listener: RequestListener): RequestListener {
  return (request, response): void => {
    waf.middleware(request, response, (error) => {
      if (error === undefined) {
        listener(request, response);
        return;
      }
      if (response.headersSent) {
        response.destroy();
        return;
      }
      if (request.httpVersionMajor < 2) response.setHeader("connection", "close");
      response.writeHead(500, { "content-type": "text/plain" }).end("Internal Server Error\n");
    });
  };
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** `server.on("upgrade", guardUpgrade(waf, listener))`, and "connect" alike: such requests never reach the server's request listener. Only the handshake is judged. */
export function guardUpgrade(waf: Waf, listener: UpgradeListener): UpgradeListener {
  return (request, socket, head): void => {
    const decision = waf.inspectHandshake(request);
    if (decision.isBlocked) refuse(socket, decision);
    else listener(request, socket, head);
  };
}

function refuse(socket: Duplex, { isDropped, status, headers, body }: WafDecision): void {
  // The client may be gone: then there is nobody to tell.
  socket.on("error", () => socket.destroy());
  if (isDropped) {
    socket.destroy();
    return;
  }
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n${lines.join("")}\r\n${body}`, () =>
    socket.destroy(),
  );
}

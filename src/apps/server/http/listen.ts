// The console's door as a Node server: http on loopback, https anywhere, with limits on connections, headers and time.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { Fault } from "../../../base/fault.ts";
import { serverLimits, type ServerConfig } from "../config.ts";
import { isLoopback } from "./own-address.ts";

export interface Listening {
  readonly scheme: "http" | "https";
  readonly port: number;
  /** How a browser on this machine reaches it. */
  readonly url: string;
  /** SHA-256 of the certificate (lower-case hex of its DER form), by which programs of this machine know it; "" without TLS. */
  readonly certificateSha256: string;
  /** No new connections; idle ones end. Resolves when the last request did, or after `drainMs`, when the rest is cut. */
  close(drainMs: number): Promise<void>;
}

interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** Key and certificate of the configuration. Throws `server/tls-required` off loopback without them, `server/tls-files` when unreadable. */
export async function readTls(config: ServerConfig["console"]): Promise<Tls | undefined> {
  const { tlsCertificate, tlsKey, address } = config;
  if (tlsCertificate === "" && tlsKey === "") {
    if (isLoopback(address)) return undefined;
    throw new Fault(`the console may not listen on ${address} without TLS`, {
      code: "server/tls-required",
      kind: "usage",
      hint: "give --console-tls-certificate and --console-tls-key, or listen on 127.0.0.1",
    });
  }
  try {
    const [cert, key] = await Promise.all([readFile(tlsCertificate, "utf8"), readFile(tlsKey, "utf8")]);
    return { cert, key };
  } catch (cause) {
    throw new Fault(`the console's TLS files cannot be read: ${(cause as Error).message}`, {
      code: "server/tls-files",
      kind: "usage",
      hint: "console.tlsCertificate and console.tlsKey name PEM files that the server's user can read; both are needed",
      cause,
    });
  }
}

/** Listens; `respond` is given the bound address once, before the first request. Throws `server/port-in-use`, `server/cannot-listen`. */
export async function listen(
  config: ServerConfig["console"],
  makeResponder: (bound: {
    readonly scheme: "http" | "https";
    readonly port: number;
  }) => (request: Request) => Response | Promise<Response>,
): Promise<Listening> {
  const tls = await readTls(config);
  const scheme = tls === undefined ? "http" : "https";
  const options = {
    maxHeaderSize: serverLimits.headerBytesMax,
    headersTimeout: serverLimits.headersMsMax,
    requestTimeout: serverLimits.requestMsMax,
    connectionsCheckingInterval: serverLimits.connectionsCheckMs,
    // Its absence is refused below like any other Host that is not ours.
    requireHostHeader: false,
  };
  const server = makeServer(options, tls);
  server.maxConnections = serverLimits.connectionsMax;
  server.on("clientError", answerClientError);
  await bind(server, config);
  const { port, address } = server.address() as AddressInfo;
  // `Host` may be anything here; the responder checks it before it is used.
  server.on(
    "request",
    getRequestListener(makeResponder({ scheme, port }), {
      overrideGlobalObjects: false,
      errorHandler: answerBrokenRequest,
    }),
  );
  const host = reachableAs(address);
  return {
    scheme,
    port,
    url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    certificateSha256: tls === undefined ? "" : fingerprintOf(tls.cert),
    close: (drainMs) => close(server, drainMs),
  };
}

function fingerprintOf(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
}

/** How this machine reaches a door that is bound to `address`: one that listens everywhere is on loopback, too. */
function reachableAs(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}

function makeServer(options: http.ServerOptions, tls: Tls | undefined): http.Server {
  if (tls === undefined) return http.createServer(options);
  try {
    return https.createServer({
      ...options,
      ...tls,
      minVersion: "TLSv1.2",
      handshakeTimeout: serverLimits.headersMsMax,
    });
  } catch (cause) {
    throw new Fault(`the console's certificate and key do not work: ${(cause as Error).message}`, {
      code: "server/tls-files",
      kind: "usage",
      hint: "the certificate and the key must belong together and be PEM",
      cause,
    });
  }
}

async function bind(server: http.Server, { address, port }: ServerConfig["console"]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: address, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const inUse = code === "EADDRINUSE";
    throw new Fault(
      inUse
        ? `port ${port} on ${address} is in use`
        : `cannot listen on ${address}:${port}: ${(cause as Error).message}`,
      {
        code: inUse ? "server/port-in-use" : "server/cannot-listen",
        kind: "usage",
        hint: inUse
          ? `is Garrison running already (garrison status)? \`ss -ltnp sport = :${port}\` names the process; --console-port takes another port`
          : "check --console-address and --console-port",
        cause,
      },
    );
  }
  server.off("error", reject);
}

async function close(server: http.Server, drainMs: number): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed.promise;
  clearTimeout(deadline);
}

/** What never becomes a Request: a Host that is no host, a path that is no path. */
function answerBrokenRequest(cause: unknown): Response {
  const status = cause instanceof RequestError ? 400 : 500;
  return new Response(brokenRequest(status), { status, headers: { "content-type": "application/problem+json" } });
}

function brokenRequest(status: number): string {
  return JSON.stringify({
    type: "urn:garrison:problem:server/broken-request",
    title: status === 500 ? "Unexpected error" : "Bad input",
    status,
    detail: status === 500 ? "the request could not be answered" : "the request is not valid HTTP/1.1",
    code: "server/broken-request",
  });
}

const clientErrors: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** What Node's parser refuses never becomes a request; it gets a problem all the same, and the connection is gone. */
export function answerClientError(error: NodeJS.ErrnoException, socket: import("node:stream").Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status = clientErrors[error.code ?? ""] ?? "400 Bad Request";
  const body = brokenRequest(Number(status.slice(0, 3)));
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // Both halves: who never closes theirs would keep the place for ever.
    () => socket.destroy(),
  );
}

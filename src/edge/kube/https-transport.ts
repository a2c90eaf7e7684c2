// The transport over node:https: kept connections, the server's certificate always checked, dead peers noticed by TCP keep-alive.
import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import { Fault } from "../../base/fault.ts";
import type { KubeAccess } from "./access.ts";
import { type KubeLimits, kubeLimits } from "./limits.ts";
import type { ClientPair } from "./plugin.ts";
import type { KubeAnswer, KubeGet, KubeTransport } from "./transport.ts";

/** Throws Fault "kube/credential" when authority, certificate and key cannot be used together (half of a pair was replaced). */
export function httpsTransport(access: KubeAccess, limits: KubeLimits = kubeLimits): KubeTransport {
  const { server, ca, certificate: cert, key, serverName } = access;
  const isTls = server.protocol === "https:";
  const shared = { keepAlive: true, keepAliveMsecs: limits.pingMs, maxSockets: limits.socketsMax };
  const secure = {
    ...shared,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === "" ? {} : { servername: serverName }),
    rejectUnauthorized: true,
  };
  if (isTls) refuseUnusable(access);
  const agent = isTls ? new https.Agent(secure) : new http.Agent(shared);
  const base = server.pathname.replace(/\/$/, "");
  return {
    async get(request) {
      request.signal.throwIfAborted();
      const asked = Promise.all([access.headers(), access.clientPair?.()]);
      const [headers, pair] = await inTime(asked, request.signal, limits.pluginMsMax);
      request.signal.throwIfAborted();
      return await send({ agent, isTls, server, base, headers, pair, limits }, request);
    },
    close: () => agent.destroy(),
  };
}

function refuseUnusable({ server, ca, certificate: cert, key }: KubeAccess): void {
  try {
    tls.createSecureContext({ ca, cert, key });
  } catch (cause) {
    throw new Fault(
      `certificate, key and authority for ${server.host} cannot be used together: ${(cause as Error).message}`,
      {
        code: "kube/credential",
        kind: "usage",
        hint: "does the key belong to the certificate, and are all PEM?",
        cause,
      },
    );
  }
}

interface Sending {
  readonly agent: http.Agent;
  readonly isTls: boolean;
  readonly server: URL;
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pair: ClientPair | undefined;
  readonly limits: KubeLimits;
}

/** Whoever makes a credential may hang: nobody waits longer than the signal and the deadline let him. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal, timeoutMs: number): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    const message = `no credential for the cluster came in ${Math.round(timeoutMs / 1000)} s`;
    reject(new Fault(message, { code: "kube/credential", kind: "unauthenticated" }));
  }, timeoutMs);
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function send({ agent, isTls, server, base, headers, pair, limits }: Sending, request: KubeGet): Promise<KubeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<KubeAnswer>();
  const { hostname, port } = server;
  const options = {
    agent,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (isTls ? 443 : 80) : Number(port),
    path: `${base}${request.path}`,
    method: "GET",
    headers: { accept: request.accept ?? "application/json", "user-agent": "garrison", ...headers },
    signal: request.signal,
    // Connections are kept apart by what they show, so a new certificate gets new ones.
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
  };
  const sent = begun(isTls, options, server);
  const timer = setTimeout(() => sent.destroy(new Error("no answer in time")), limits.answerMsMax);
  sent.once("response", (response) => {
    clearTimeout(timer);
    resolve({
      status: response.statusCode ?? 0,
      header: (name) => [response.headers[name] ?? ""].flat().join(", "),
      body: response,
    });
  });
  sent.on("error", (cause) => {
    clearTimeout(timer);
    reject(request.signal.aborted ? cause : unreachableFault(server, cause));
  });
  sent.end();
  return promise;
}

/** What node refuses before anything is sent (a certificate, a header) is a fault like what happens later. */
function begun(isTls: boolean, options: https.RequestOptions, server: URL): http.ClientRequest {
  try {
    return isTls ? https.request(options) : http.request(options);
  } catch (thrown) {
    throw unreachableFault(server, thrown as Error);
  }
}

function unreachableFault(server: URL, cause: Error): Fault {
  return new Fault(`the API server at ${server.host} cannot be reached: ${cause.message.slice(0, 300)}`, {
    code: "kube/unreachable",
    kind: "unavailable",
    retryAfterMs: kubeLimits.retryMsMin,
    cause,
  });
}

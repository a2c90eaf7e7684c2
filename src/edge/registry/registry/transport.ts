// One HTTP request, and its answer's head: connections kept, addresses judged, times bounded. No redirects, no retries, no credentials of its own.
import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import { Fault } from "../../../base/fault.ts";
import { guardedLookup, refuseLiteral } from "./addresses.ts";
import { type RegistryLimits, registryLimits } from "./limits.ts";
import { isLoopbackName, type RegistryHost, type RegistryOptions } from "./options.ts";

export interface Sending {
  readonly url: URL;
  readonly method?: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** The listed host whose trust (authority, client certificate) this request goes by; "" for a stranger's. */
  readonly host: string;
}

export interface Answer {
  readonly status: number;
  readonly url: URL;
  /** "" when absent. */
  header(name: string): string;
  /** The body; it must be read to its end or destroyed. Breaks with an error when the other side falls silent for too long. */
  readonly body: http.IncomingMessage;
}

export interface Transport {
  send(sending: Sending): Promise<Answer>;
  readonly limits: RegistryLimits;
  close(): void;
}

export const userAgent = "garrison";

/** `ownHosts`: hosts ("localhost:5000") that were named by the user or the configuration: they alone may be on loopback. */
export function createTransport(options: RegistryOptions, ownHosts: ReadonlySet<string>): Transport {
  const limits: RegistryLimits = { ...registryLimits, ...options.limits };
  const agents = new Map<string, http.Agent>();
  const agentFor = (url: URL, host: string): http.Agent => {
    const isListed = ownHosts.has(url.host);
    const key = `${url.protocol} ${host} ${isListed}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const made = createAgent(url, options.hosts?.[host] ?? {}, { options, limits, isListed });
    agents.set(key, made);
    return made;
  };
  return {
    limits,
    async send(sending) {
      sending.signal.throwIfAborted();
      refuseLiteral(sending.url.hostname, ownHosts.has(sending.url.host));
      return await send(sending, agentFor(sending.url, sending.host), limits);
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

interface AgentContext {
  readonly options: RegistryOptions;
  readonly limits: RegistryLimits;
  readonly isListed: boolean;
}

function createAgent(url: URL, host: RegistryHost, { options, limits, isListed }: AgentContext): http.Agent {
  const shared = { keepAlive: true, maxSockets: limits.socketsPerHostMax, lookup: guardedLookup(isListed) };
  if (url.protocol === "http:") return new http.Agent(shared);
  const ca = host.ca ?? (options.ca === undefined ? undefined : [...systemAuthorities(), options.ca]);
  return new https.Agent({
    ...shared,
    ...(ca === undefined ? {} : { ca }),
    ...(host.clientCertificate === undefined ? {} : { cert: host.clientCertificate }),
    ...(host.clientKey === undefined ? {} : { key: host.clientKey }),
    rejectUnauthorized: host.skipVerify !== true,
  });
}

/** Older runtimes know only those that they bring along. */
function systemAuthorities(): readonly string[] {
  return typeof tls.getCACertificates === "function" ? tls.getCACertificates("default") : tls.rootCertificates;
}

async function send(sending: Sending, agent: http.Agent, limits: RegistryLimits): Promise<Answer> {
  const { url, signal, method = "GET", headers = {}, body } = sending;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options: https.RequestOptions = {
    agent,
    method,
    headers: {
      "user-agent": userAgent,
      ...headers,
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    },
    signal,
  };
  const request = url.protocol === "https:" ? https.request(url, options) : http.request(url, options);
  const connecting = setTimeout(() => request.destroy(timedOut("no connection")), limits.connectMs);
  const answering = setTimeout(() => request.destroy(timedOut("no answer")), limits.answerMs);
  const settle = () => {
    clearTimeout(connecting);
    clearTimeout(answering);
  };
  request.on("socket", (socket) => {
    const ready = url.protocol === "https:" ? "secureConnect" : "connect";
    if (socket.connecting) socket.once(ready, () => clearTimeout(connecting));
    else clearTimeout(connecting);
  });
  request.on("response", (response) => {
    settle();
    watchPace(response, limits);
    const header = (name: string) => [response.headers[name] ?? ""].flat().join(", ");
    resolve({ status: response.statusCode ?? 0, url, header, body: response });
  });
  request.on("error", (cause) => {
    settle();
    reject(signal.aborted ? cause : connectionFault(url, cause));
  });
  request.end(body);
  return await promise;
}

/** Ends a body when the other side falls silent, or feeds it by drops. */
function watchPace(response: http.IncomingMessage, { idleMs, slowMs, slowBytesMin }: RegistryLimits): void {
  // What waits to be read is no silence of the other side: then the reader is slow.
  const check = () => {
    if (response.readableLength > 0) idle.refresh();
    else response.destroy(timedOut("nothing more came"));
  };
  let bytes = 0;
  const checkPace = () => {
    if (response.readableLength === 0 && bytes < slowBytesMin) response.destroy(timedOut("too little came"));
    bytes = 0;
  };
  const idle = setTimeout(check, idleMs);
  const pace = setInterval(checkPace, slowMs);
  // Paused first, or listening would set it flowing before its reader is there.
  response.pause();
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    idle.refresh();
  });
  response.once("close", () => {
    clearTimeout(idle);
    clearInterval(pace);
  });
  // Whoever reads meets the error there; a body that nobody wants may break in silence.
  response.on("error", () => undefined);
}

function timedOut(what: string): Error {
  return Object.assign(new Error(`${what} in time`), { code: "ETIMEDOUT" });
}

/** Only the host is told: paths and queries of others' addresses may hold signatures. */
function connectionFault(url: URL, cause: Error): Fault {
  if (cause instanceof Fault) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  const isTrust = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|SSL|TLS/.test(code);
  const isPlain = code === "EPROTO" || /wrong version number|packet length too long/.test(cause.message);
  return new Fault(`${url.host} cannot be reached: ${code === "" ? cause.message.slice(0, 200) : code}`, {
    code: isPlain ? "registry/not-tls" : isTrust ? "registry/untrusted" : "registry/unreachable",
    kind: "unavailable",
    ...(isPlain && !isLoopbackName(url.hostname)
      ? { hint: "it seems to speak plain http: list it as insecure if that is meant" }
      : {}),
    ...(isTrust && !isPlain ? { hint: "give its authority's certificate (PEM) for this registry" } : {}),
    cause,
  });
}

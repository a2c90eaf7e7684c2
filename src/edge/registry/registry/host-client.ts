// One registry's API: authorised, redirected, repeated requests below /v2/. What it answers is a Fault or a good answer's head.
import { Fault } from "../../../base/fault.ts";
import { type Authorizer, createAuthorizer } from "./authorizer.ts";
import { discard, errorWords } from "./body.ts";
import { noCredentials } from "./credentials.ts";
import { follow } from "./follow.ts";
import { apiHost, isLoopbackName, type RegistryOptions } from "./options.ts";
import { createRetry, type Retry, retryAfterMs, withRetries } from "./retry.ts";
import type { Answer, Transport } from "./transport.ts";

export interface Call {
  readonly repository: string;
  /** Below /v2/REPOSITORY/: "manifests/latest", "blobs/sha256:...". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the address: the registry that a mirror stands for. */
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** For messages. */
  readonly what: string;
}

export interface HostClient {
  readonly registry: string;
  readonly retry: Retry;
  readonly transport: Transport;
  /** One try: an answer of 200 or 206, or a Fault. */
  once(call: Call): Promise<Answer>;
  /** With retries; `use` reads the answer, and what breaks in it is repeated, too. */
  get<T>(call: Call, use: (answer: Answer) => Promise<T>): Promise<T>;
}

export function createHostClient(registry: string, transport: Transport, options: RegistryOptions): HostClient {
  const retry = createRetry(options, transport.limits);
  const credentials = options.credentials ?? noCredentials;
  const authorizer = createAuthorizer({ registry, credentials, options, transport, retry });
  let base: Promise<URL> | undefined;
  const baseOf = (signal: AbortSignal): Promise<URL> => {
    base ??= findBase(registry, transport, options, signal);
    // A failure is not remembered: the next try looks again.
    base.catch(() => (base = undefined));
    return base;
  };
  const once = async (call: Call): Promise<Answer> => {
    const url = new URL(`/v2/${call.repository}/${call.path}`, await baseOf(call.signal));
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    return await authorized(call, url, { registry, transport, authorizer, retry });
  };
  return {
    registry,
    retry,
    transport,
    once,
    get: (call, use) => withRetries(retry, call.signal, async () => await use(await once(call))),
  };
}

interface Parts {
  readonly registry: string;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly retry: Retry;
}

async function authorized(call: Call, url: URL, parts: Parts): Promise<Answer> {
  const { registry, transport, authorizer } = parts;
  for (let isSecond = false; ; isSecond = true) {
    const authorization = authorizer.header(call.repository);
    const headers = { ...call.headers, ...(authorization === undefined ? {} : { authorization }) };
    const answer = await follow(transport, { url, headers, signal: call.signal, host: registry });
    if (answer.status === 200 || answer.status === 206) return answer;
    const isOwn = answer.url.origin === url.origin;
    if (answer.status === 401 && isOwn && !isSecond) {
      discard(answer);
      if (await authorizer.answer(answer, call.repository, call.signal)) continue;
    }
    throw await faultOf(answer, call, parts);
  }
}

async function faultOf(answer: Answer, call: Call, { registry, transport, retry }: Parts): Promise<Fault> {
  const { status, url } = answer;
  const said = status === 401 ? "" : await errorWords(answer, transport.limits.errorBytesMax);
  if (status === 401) discard(answer);
  const from = url.host === apiHost(registry) || url.host === registry ? registry : url.host;
  const message = `${call.what}: ${from} answers ${status}${said === "" ? "" : ` (${said})`}`;
  const afterMs = retryAfterMs(answer, retry.nowMs());
  const after = afterMs === undefined ? {} : { retryAfterMs: afterMs };
  if (status === 401 || status === 403) {
    const hint = "it may be private, or not exist: log in to the registry, or give a pull secret";
    return new Fault(message, {
      code: "registry/unauthorized",
      kind: status === 401 ? "unauthenticated" : "forbidden",
      hint,
    });
  }
  if (status === 404)
    return new Fault(message, { code: "registry/not-found", kind: "not-found", hint: "look at its name and tag" });
  if (status === 416) return new Fault(message, { code: "registry/range", kind: "unavailable" });
  if (status === 429)
    return new Fault(message, {
      code: "registry/limited",
      kind: "limited",
      hint: "log in, use a mirror, or wait",
      ...after,
    });
  if (status >= 500) return new Fault(message, { code: "registry/unavailable", kind: "unavailable", ...after });
  return new Fault(message, { code: "registry/unexpected-answer", kind: "unavailable" });
}

/** https, unless the host is listed otherwise; a registry on this machine may speak http without being listed, which the first try finds out. */
async function findBase(
  registry: string,
  transport: Transport,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<URL> {
  const host = apiHost(registry);
  const scheme = options.hosts?.[registry]?.scheme;
  const url = new URL(`${scheme ?? "https"}://${host}`);
  if (scheme !== undefined || !isLoopbackName(url.hostname)) return url;
  try {
    discard(await transport.send({ url: new URL("/v2/", url), signal, host: registry }));
    return url;
  } catch (thrown) {
    const cause = thrown instanceof Fault ? thrown.cause : undefined;
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    const isPlain = thrown instanceof Fault && thrown.code === "registry/not-tls";
    if (isPlain || code === "ECONNRESET") return new URL(`http://${host}`);
    throw thrown;
  }
}

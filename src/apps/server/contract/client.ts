// A typed client over the table: `call(fetch, base, "listFlows", { query })`. Throws a Fault made from problem+json.
// It uses only fetch's types of the standard, so that browser, CLI and tests share it.
import { Fault, type FaultKind } from "../../../base/fault.ts";
import { api, type Api, type OperationName } from "./api.ts";
import type { Problem } from "./common.ts";
import type { BodyOf, Endpoint, ParamsOf, QueryOf, ResponseOf } from "./endpoint.ts";

type Given<T, Key extends string> = T extends undefined
  ? { readonly [K in Key]?: undefined }
  : { readonly [K in Key]: T };
type QueryGiven<T> = T extends undefined ? { readonly query?: undefined } : { readonly query?: Partial<T> };

export type CallOptions<E extends Endpoint> = Given<ParamsOf<E>, "params"> &
  QueryGiven<QueryOf<E>> &
  Given<BodyOf<E>, "body"> & { readonly signal?: AbortSignal };

export interface ClientOptions {
  /** "" in the browser (same origin), "http://127.0.0.1:8686" elsewhere. */
  readonly base: string;
  /** e.g. `{ authorization: "Bearer ..." }`; the browser sends its cookie by itself. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

/** The URL of an operation, with its parameters filled in and percent-encoded. Throws when a path parameter is missing. */
export function urlOf(
  base: string,
  name: OperationName,
  options: { readonly params?: unknown; readonly query?: unknown },
): string {
  const endpoint: Endpoint = api[name];
  const params = (options.params ?? {}) as Record<string, string | number>;
  const path = endpoint.path.replace(/:(\w+)/g, (_, key: string) => {
    const value = params[key];
    if (value === undefined) throw new Error(`${name}: path parameter ${key} is missing`);
    return encodeURIComponent(String(value));
  });
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries((options.query ?? {}) as Record<string, string | number | undefined>)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return base + path + (text === "" ? "" : `?${text}`);
}

/** Calls one operation and returns its parsed answer. A stream operation is not called this way: open `urlOf` as an event source. */
export async function call<Name extends OperationName>(
  client: ClientOptions,
  name: Name,
  options: CallOptions<Api[Name]>,
): Promise<ResponseOf<Api[Name]>> {
  const endpoint: Endpoint = api[name];
  const body = (options as { body?: unknown }).body;
  const response = await client.fetch(urlOf(client.base, name, options), {
    method: endpoint.method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...client.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (!response.ok) throw await faultOf(response);
  return (response.status === 204 ? {} : await response.json()) as ResponseOf<Api[Name]>;
}

const kindByStatus: Readonly<Record<number, FaultKind>> = {
  400: "usage",
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  413: "too-large",
  429: "limited",
  503: "unavailable",
};

/** The fault that a non-2xx answer carries; an answer that is not problem+json becomes one too. */
export async function faultOf(response: Response): Promise<Fault> {
  const answer: unknown = await response.json().catch(() => undefined);
  const problem = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<
    Record<keyof Problem, unknown>
  >;
  const kind = kindByStatus[response.status] ?? "internal";
  // Read by hand: the browser's copy of this client carries no schemas.
  if (typeof problem.detail !== "string" || typeof problem.code !== "string")
    return new Fault(`the server answered ${response.status}`, { code: "api/unreadable-answer", kind });
  return new Fault(problem.detail, {
    code: problem.code,
    kind,
    ...(typeof problem.hint === "string" ? { hint: problem.hint } : {}),
    ...(typeof problem.where === "string" ? { where: problem.where } : {}),
  });
}

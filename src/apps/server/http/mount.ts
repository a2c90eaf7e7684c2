// Mounts the contract table on hono: one path for every operation through host, origin, credential, role, input, handler, answer.
import type { Hono } from "hono";
import { z } from "zod";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import { parseInput } from "../../../core/state/validate-input.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import { api, type OperationName } from "../contract/api.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Metrics } from "../metrics.ts";
import type { Call, Handlers, NextPart } from "./calls.ts";
import { callerOf, cookieName, credentialOf, refuseUnlessAllowed, type Caller } from "./callers.ts";
import type { StreamHub } from "./event-stream.ts";
import { refuseForeignHost, refuseForeignOrigin, type OwnAddress } from "./own-address.ts";
import { problemResponse } from "./problem.ts";
import { readJson } from "./read-body.ts";

export interface Door {
  readonly own: OwnAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateStore;
  readonly streams: StreamHub;
  readonly metrics: Metrics;
  readonly bodyBytesMax: number;
  readonly bodyDepthMax: number;
  /** Checks each answer against the contract: for tests. */
  readonly checksAnswers: boolean;
}

export interface Visit {
  readonly caller: Caller | undefined;
  /** Asks again whether the credential is still good. */
  readonly isStillAllowed: () => Promise<boolean>;
}

type AnyCall = Call<Endpoint>;

/** Lets a request in, or throws: it must be meant for us, come from our own page or a program, and carry a sufficient credential. */
export async function admit(door: Door, request: Request, endpoint: Pick<Endpoint, "role">): Promise<Visit> {
  const { headers } = request;
  const host = headers.get("host") ?? undefined;
  refuseForeignHost(door.own, host);
  const presented = credentialOf(headers, cookieName(door.own.scheme, door.own.port));
  refuseForeignOrigin(door.own, {
    host: host ?? "",
    origin: headers.get("origin") ?? undefined,
    fetchSite: headers.get("sec-fetch-site") ?? undefined,
    hasCookieCredential: presented?.isCookie === true,
    method: request.method,
  });
  const find = async (): Promise<Caller | undefined> =>
    presented === undefined ? undefined : await callerOf(door.state.tokens, door.clock, presented);
  // An open operation does not look the credential up: it must answer when the state store does not.
  const caller = endpoint.role === "open" ? undefined : await find();
  refuseUnlessAllowed(endpoint.role, caller);
  return { caller, isStillAllowed: async () => (await find()) !== undefined };
}

/** Every operation of the table on `app`, answered by its handler. */
export function mountApi(app: Hono, door: Door, handlers: Handlers): void {
  // More segments and fewer parameters first: "/flows/stream" before "/flows/:id".
  const names = (Object.keys(api) as OperationName[]).sort((a, b) => rank(api[a].path) - rank(api[b].path));
  for (const name of names) {
    const endpoint: Endpoint = api[name];
    app.on(endpoint.method, endpoint.path, async (context) => {
      const startMs = door.clock.nowMs();
      const response = await answer(door, name, handlers, context.req.raw, context.req.param());
      door.metrics.requests.count({ operation: name, status: String(response.status) });
      door.metrics.requestMs.add({ operation: name }, door.clock.nowMs() - startMs);
      return response;
    });
  }
}

function rank(path: string): number {
  return path.split("/").filter((part) => part.startsWith(":")).length;
}

async function answer(
  door: Door,
  name: OperationName,
  handlers: Handlers,
  request: Request,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const endpoint: Endpoint = api[name];
  let visit: Visit | undefined;
  try {
    visit = await admit(door, request, endpoint);
    const call = await callOf(door, endpoint, request, params, visit);
    const handler = handlers[name] as (call: AnyCall) => unknown;
    if (endpoint.stream === true) {
      return await door.streams.respond({
        next: handler(call) as NextPart,
        lastEventId: request.headers.get("last-event-id") ?? "",
        isStillAllowed: visit.isStillAllowed,
        client: request.signal,
      });
    }
    const value = await (handler(call) as Promise<unknown>);
    if (door.checksAnswers) checkAnswer(name, endpoint, value);
    const headers = call.answerHeaders;
    headers.set("content-type", "application/json");
    headers.set("cache-control", "no-store");
    return new Response(JSON.stringify(value), { status: endpoint.status ?? 200, headers });
  } catch (thrown) {
    if (visit === undefined) await recordRefusal(door, name, request, thrown);
    return problemResponse(thrown, door.logger);
  }
}

/** Refused requests are counted; nobody who is unknown can fill the ledger. */
async function recordRefusal(door: Door, name: OperationName, request: Request, thrown: unknown): Promise<void> {
  const code = thrown instanceof Fault ? thrown.code : "internal/unexpected";
  door.metrics.refusals.count({ code });
  if (code !== "server/unauthenticated" && code !== "server/forbidden") return;
  door.logger.info({ operation: name, method: request.method, code }, "request refused");
}

async function callOf(
  door: Door,
  endpoint: Endpoint,
  request: Request,
  params: Readonly<Record<string, string>>,
  { caller }: Visit,
): Promise<AnyCall> {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const isRaw = endpoint.body instanceof z.ZodUnknown;
  const given = {
    params: endpoint.params && parseInput(endpoint.params, params, { root: "path", code: "server/bad-input" }),
    query:
      endpoint.query &&
      parseInput(z.strictObject(endpoint.query.shape), query, { root: "query", code: "server/bad-input" }),
    body:
      endpoint.body && !isRaw
        ? parseInput(
            endpoint.body,
            await readJson(request, { bytesMax: door.bodyBytesMax, depthMax: door.bodyDepthMax }),
            {
              root: "",
              code: "server/bad-input",
            },
          )
        : undefined,
  };
  return {
    ...given,
    request,
    caller,
    answerHeaders: new Headers(),
    record: ({ action, target, outcome, detail }) =>
      door.state.ledger.write({
        timeMs: door.clock.nowMs(),
        user: caller?.user ?? "",
        action,
        target,
        outcome,
        detail: detail ?? {},
      }),
  } as AnyCall;
}

function checkAnswer(name: OperationName, endpoint: Endpoint, value: unknown): void {
  const checked = endpoint.response.safeParse(JSON.parse(JSON.stringify(value)));
  if (!checked.success) throw new Error(`the answer of ${name} breaks the contract: ${z.prettifyError(checked.error)}`);
}

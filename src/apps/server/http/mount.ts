// Mounts the contract table on hono: one path for every operation through host, origin, credential, role, input, handler, answer.
import type { Hono } from "hono";
import { z } from "zod";
import { Fault, toFault } from "../../../base/fault.ts";
import { parseInput } from "../../../core/state/validate-input.ts";
import { api, type OperationName } from "../contract/api.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import { identify, type Door, type Visit } from "./admit.ts";
import type { Call, Handlers, NextPart } from "./calls.ts";
import { refuseUnlessAllowed, type Caller } from "./callers.ts";
import { problemResponse } from "./problem.ts";
import { readJson } from "./read-body.ts";

type AnyCall = Call<Endpoint>;

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
    visit = await identify(door, request, endpoint);
    refuseUnlessAllowed(endpoint.role, visit.caller);
    refuseHeadOfStream(endpoint, request);
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
    await recordRefusal(door, name, { endpoint, request, caller: visit?.caller, thrown });
    return problemResponse(thrown, door.logger);
  }
}

/** A stream has no end, so it has no HEAD either. */
function refuseHeadOfStream(endpoint: Endpoint, request: Request): void {
  if (endpoint.stream !== true || request.method !== "HEAD") return;
  throw new Fault("a live stream is read with GET", { code: "server/no-such-operation", kind: "not-found" });
}

interface Refusal {
  readonly endpoint: Endpoint;
  readonly request: Request;
  readonly caller: Caller | undefined;
  readonly thrown: unknown;
}

/** Counts it. A known caller who tried a change beyond their role is in the ledger; nobody unknown can fill it. */
async function recordRefusal(door: Door, name: OperationName, refusal: Refusal): Promise<void> {
  const { endpoint, request, caller, thrown } = refusal;
  const code = thrown instanceof Fault ? thrown.code : "internal/unexpected";
  door.metrics.refusals.count({ code });
  if (code !== "server/forbidden" || caller === undefined || endpoint.method === "GET") return;
  const target = new URL(request.url).pathname.slice(0, 500);
  const entry = {
    timeMs: door.clock.nowMs(),
    user: caller.user,
    action: name,
    target,
    outcome: "refused",
    detail: {},
  } as const;
  try {
    await door.state.ledger.write(entry);
  } catch (failed) {
    // The caller gets the refusal all the same; that the ledger is away is said here.
    door.logger.error({ code: toFault(failed).code, action: name }, "a refusal is missing in the ledger");
  }
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

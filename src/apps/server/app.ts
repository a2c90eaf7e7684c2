// The console's door as one hono app: the API table, OpenAPI, metrics, and the console's files for everything else.
import { Hono } from "hono";
import { Fault } from "../../base/fault.ts";
import { serverLimits } from "./config.ts";
import { accessHandlers } from "./handlers/access.ts";
import { baselineHandlers } from "./handlers/baselines.ts";
import { graphHandlers } from "./handlers/graph.ts";
import { healthHandlers } from "./handlers/health.ts";
import { imageHandlers } from "./handlers/images.ts";
import { inventoryHandlers } from "./handlers/inventory.ts";
import { policyHandlers } from "./handlers/policy.ts";
import { profileHandlers } from "./handlers/profiles.ts";
import { resourceHandlers } from "./handlers/resources.ts";
import { runtimeHandlers } from "./handlers/runtime.ts";
import { sinkHandlers } from "./handlers/sinks.ts";
import { wafHandlers } from "./handlers/waf.ts";
import { telemetryHandlers } from "./handlers/telemetry.ts";
import type { ConsoleFiles } from "./http/console-files.ts";
import type { StreamHub } from "./http/event-stream.ts";
import { admit, type Door } from "./http/admit.ts";
import { cookieName } from "./http/callers.ts";
import { mountApi } from "./http/mount.ts";
import { openApiDocument } from "./http/openapi.ts";
import { hostsOfAddress, refuseForeignHost } from "./http/own-address.ts";
import { problemResponse } from "./http/problem.ts";
import { setSecurityHeaders } from "./http/security-headers.ts";
import type { ServerParts } from "./parts.ts";

export interface AppOptions {
  readonly parts: ServerParts;
  readonly bound: { readonly scheme: "http" | "https"; readonly port: number };
  readonly console: ConsoleFiles;
  readonly streams: StreamHub;
  readonly checksAnswers: boolean;
}

/** Paths that belong to programs: what is unknown below them is a problem, not the console. */
const apiPath = /^\/(api|v1)(\/|$)/;

function countStreams(metrics: Door["metrics"], streams: Door["streams"]): void {
  metrics.gauge("garrison_live_streams", "Live streams open now", () => [{ value: streams.open }]);
  metrics.gauge(
    "garrison_live_rows_skipped_total",
    "Rows that slow readers missed",
    () => [{ value: streams.skipped }],
    "counter",
  );
}

/** Answers a request; never throws. */
export function createApp({
  parts,
  bound,
  console,
  streams,
  checksAnswers,
}: AppOptions): (request: Request) => Promise<Response> {
  const { logger, metrics, clock, state, config } = parts;
  const { allowedHosts, address } = config.console;
  const own = { ...bound, allowedHosts: [...hostsOfAddress(address), ...allowedHosts] };
  const door: Door = {
    own,
    clock,
    logger,
    state,
    streams,
    metrics,
    bodyBytesMax: serverLimits.bodyBytesMax,
    bodyDepthMax: serverLimits.bodyDepthMax,
    checksAnswers,
  };
  const app = new Hono();
  mountApi(app, door, {
    ...telemetryHandlers(parts),
    ...healthHandlers(parts),
    ...accessHandlers(parts, () => bound),
    ...inventoryHandlers(parts),
    ...graphHandlers(parts),
    ...policyHandlers(parts),
    ...wafHandlers(parts),
    ...runtimeHandlers(parts),
    ...baselineHandlers(parts),
    ...profileHandlers(parts),
    ...imageHandlers(parts),
    ...resourceHandlers(parts),
    ...sinkHandlers(parts),
    ...parts.foreign,
  });
  countStreams(metrics, streams);
  app.get("/metrics", async (context) => {
    await admit(door, context.req.raw, { role: "viewer" });
    const text = metrics.render();
    return new Response(text, {
      headers: { "content-type": "text/plain; version=0.0.4", "cache-control": "no-store" },
    });
  });
  let document: string | undefined;
  app.get("/openapi.json", async (context) => {
    await admit(door, context.req.raw, { role: "session" });
    document ??= JSON.stringify(openApiDocument(parts.version, cookieName(bound.scheme, bound.port)));
    return new Response(document, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
  });
  app.notFound(async ({ req: { raw, path, method } }) => {
    refuseForeignHost(own, raw.headers.get("host") ?? undefined);
    if (!apiPath.test(path) && (method === "GET" || method === "HEAD")) return await console.respond(raw);
    await admit(door, raw, { role: "session" });
    throw new Fault(`there is nothing at ${method} ${path.slice(0, 200)}`, {
      code: "server/no-such-operation",
      kind: "not-found",
      hint: "/openapi.json lists every operation",
    });
  });
  app.onError((thrown) => problemResponse(thrown, logger));
  return async (request) => {
    const response = await app.fetch(request);
    const answer = new Response(response.body, response);
    setSecurityHeaders(answer.headers, bound.scheme);
    return answer;
  };
}

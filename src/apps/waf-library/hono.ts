// garrison/waf/hono: `app.use(wafHono(waf))`. Types are structural; on Node's server the connection's own address and headers are used.
import type { Waf, WafFetchSource } from "./types.ts";

interface Context {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
}

/** Hono middleware, for the whole application. */
export function wafHono(waf: Waf): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => {
    const decision = await waf.inspectFetch(context.req.raw, sourceOf(context.env));
    if (decision.isBlocked) return new Response(decision.body, { status: decision.status, headers: decision.headers });
    await next();
    return undefined;
  };
}

/** What @hono/node-server tells of the connection; other runtimes tell nothing here. */
function sourceOf(env: unknown): WafFetchSource {
  const incoming: unknown = isRecord(env) ? env["incoming"] : undefined;
  if (!isRecord(incoming)) return {};
  const { socket, rawHeaders } = incoming;
  const address: unknown = isRecord(socket) ? socket["remoteAddress"] : undefined;
  const port: unknown = isRecord(socket) ? socket["remotePort"] : undefined;
  return {
    ...(typeof address === "string" ? { clientAddress: address.replace(/^::ffff:(?=\d+\.)/, "") } : {}),
    ...(typeof port === "number" ? { clientPort: port } : {}),
    ...(Array.isArray(rawHeaders) && rawHeaders.every((each) => typeof each === "string") ? { rawHeaders } : {}),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

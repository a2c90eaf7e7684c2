// garrison/waf/express: `app.use(wafExpress(waf))` before anything that reads bodies.
import type { Waf, WafMiddleware } from "./types.ts";

/** For Express 4 and 5, Connect, and whoever calls (request, response, next). */
export function wafExpress(waf: Waf): WafMiddleware {
  return waf.middleware;
}

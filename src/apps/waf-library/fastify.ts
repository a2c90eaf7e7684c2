// garrison/waf/fastify: `await app.register(wafFastify(waf))`. Types are structural: the library needs no Fastify.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Waf } from "./types.ts";

interface Reply {
  readonly raw: ServerResponse;
  code(status: number): Reply;
  headers(values: Readonly<Record<string, string>>): Reply;
  send(body: string): Reply;
}

interface Hookable {
  addHook(
    name: "onRequest",
    hook: (request: { readonly raw: IncomingMessage }, reply: Reply) => Promise<unknown>,
  ): unknown;
}

/** A plugin that looks at every request of the server that registers it, before its body is parsed. */
export function wafFastify(waf: Waf): (app: Hookable) => Promise<void> {
  const plugin = async (app: Hookable): Promise<void> => {
    app.addHook("onRequest", async ({ raw }, reply) => {
      const decision = await waf.inspectIncoming(raw);
      if (!decision.isBlocked) return undefined;
      if (decision.isDropped) {
        raw.socket.destroy();
        return reply;
      }
      // Somebody else has answered meanwhile; an answer that is not whole yet must not go on.
      if (reply.raw.headersSent) {
        if (!reply.raw.writableEnded) reply.raw.destroy();
        return reply;
      }
      const closing = raw.complete || raw.httpVersionMajor >= 2 ? {} : { connection: "close" };
      return reply
        .code(decision.status)
        .headers({ ...decision.headers, ...closing })
        .send(decision.body);
    });
  };
  // Fastify's mark of plugins whose hooks hold outside themselves too.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "garrison-waf",
  });
}

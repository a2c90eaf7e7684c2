// garrison/waf/node: a request listener of node:http behind the WAF.
import type { RequestListener } from "node:http";
import type { Waf } from "./types.ts";

/** `http.createServer(guard(waf, listener))`. An error while a body is read answers 500 and closes. */
export function guard(waf: Waf, listener: RequestListener): RequestListener {
  return (request, response): void => {
    waf.middleware(request, response, (error) => {
      if (error === undefined) {
        listener(request, response);
        return;
      }
      response.writeHead(500, { "content-type": "text/plain", connection: "close" }).end("Internal Server Error\n");
    });
  };
}

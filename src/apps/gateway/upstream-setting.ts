// Where requests go, as it is written: "http://host:port", "h2c://host:port", "https://host:port".
import { Fault } from "../../base/fault.ts";
import type { UpstreamSetting } from "./worker/messages.ts";

/** Throws the Fault "gateway/upstream". A path or a query is refused: the request has its own. */
export function parseUpstream(text: string): UpstreamSetting {
  const found = /^(http|h2c|https|h2):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/.exec(text);
  const isTls = found?.[1] === "https" || found?.[1] === "h2";
  const port = Number(found?.[3] ?? (isTls ? 443 : 80));
  if (found === null || port < 1 || port > 65_535) {
    throw new Fault(`${text} is no upstream`, {
      code: "gateway/upstream",
      kind: "usage",
      hint: "write http://HOST:PORT, h2c://HOST:PORT (HTTP/2 without TLS) or https://HOST:PORT",
    });
  }
  const protocol = found[1] === "h2c" || found[1] === "h2" ? "h2c" : "http1";
  return { host: (found[2] ?? "").replaceAll(/[[\]]/g, ""), port, protocol, isTls };
}

// Headers between two connections: what belongs to one of them only is taken away, and who asked is written down.
import { headerOf, type ConnectionSource, type HeaderList } from "../inspect.ts";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
/** Never taken away because a client names them in Connection. */
const never = new Set(["host", "content-length", "content-type", "cookie", "authorization"]);

/** End-to-end headers in their order; Connection's words count as hop-by-hop too. */
export function endToEnd(headers: HeaderList): HeaderList {
  const named = connectionWords(headers);
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !(named.includes(lower) && !never.has(lower));
  });
}

function connectionWords(headers: HeaderList): readonly string[] {
  const words: string[] = [];
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "connection") continue;
    for (const word of value.toLowerCase().split(",")) words.push(word.trim());
  }
  return words;
}

const forwardedNames = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-real-ip",
]);

/** What a peer that is not listed says of others is left out; who it is itself is added. */
export function withForwarded(headers: HeaderList, source: ConnectionSource, isTrusted: boolean): HeaderList {
  const proto = source.isTls ? "https" : "http";
  if (!isTrusted) {
    const kept = headers.filter(([name]) => !forwardedNames.has(name.toLowerCase()));
    return [...kept, ["X-Forwarded-For", source.clientAddress], ["X-Forwarded-Proto", proto]];
  }
  const said = headers.filter(([name]) => name.toLowerCase() === "x-forwarded-for").map(([, value]) => value);
  const kept = headers.filter(([name]) => name.toLowerCase() !== "x-forwarded-for");
  const added: [string, string][] = [["X-Forwarded-For", [...said, source.clientAddress].join(", ")]];
  if (headerOf(kept, "x-forwarded-proto") === undefined) added.push(["X-Forwarded-Proto", proto]);
  return [...kept, ...added];
}

export function without(headers: HeaderList, lowerName: string): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== lowerName);
}

/**
 * The target in origin form, and the headers with the Host that an absolute target names (RFC 9112, 3.2.2: it goes before the Host that was sent).
 */
export function originForm(
  target: string,
  headers: HeaderList,
): { readonly target: string; readonly headers: HeaderList } {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (absolute === null) return { target, headers };
  const [, authority = "", rest = ""] = absolute;
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  return { target: path, headers: [["Host", authority], ...without(headers, "host")] };
}

// Redirects: at most a few, never from https to http, and a credential goes no further than the host that it was made for.
import { Fault } from "../../../base/fault.ts";
import { discard } from "./body.ts";
import type { Answer, Sending, Transport } from "./transport.ts";

/** `sending.headers` may hold "authorization": it is dropped at the first step to another host, for good. Throws Fault "registry/redirect". */
export async function follow(transport: Transport, sending: Sending): Promise<Answer> {
  let { url, headers = {}, host } = sending;
  for (let steps = 0; ; steps++) {
    const answer = await transport.send({ ...sending, url, headers, host });
    const location = answer.header("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === "") return answer;
    discard(answer);
    if (steps >= transport.limits.redirectsMax) throw refused(url, `more than ${transport.limits.redirectsMax} times`);
    const next = targetOf(location, url);
    if (next.origin !== url.origin) {
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
      host = "";
    }
    url = next;
  }
}

function targetOf(location: string, from: URL): URL {
  if (!URL.canParse(location, from)) throw refused(from, "to something that is no address");
  const next = new URL(location, from);
  if (next.protocol !== "https:" && next.protocol !== "http:") throw refused(from, `to an address of ${next.protocol}`);
  if (from.protocol === "https:" && next.protocol === "http:") throw refused(from, `from https to http (${next.host})`);
  // A user in an address would be sent as a credential.
  next.username = "";
  next.password = "";
  return next;
}

function refused(from: URL, how: string): Fault {
  return new Fault(`${from.host} redirects ${how}: not followed`, { code: "registry/redirect", kind: "forbidden" });
}

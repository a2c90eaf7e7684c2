// fetch for this machine's own server when it speaks TLS: the certificate must be the very one that run/cli.json names. Its names do
// not matter (it is reached on loopback), nor who signed it.
import { once } from "node:events";
import https from "node:https";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import tls from "node:tls";
import { Fault } from "../../base/fault.ts";

/** A fetch that sends nothing before the server has shown the certificate with this SHA-256 (lower-case hex of its DER form). */
export function pinnedFetch(certificateSha256: string): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const signal = init.signal ?? new AbortController().signal;
    const socket = await connect(url, certificateSha256, signal);
    const request = https.request(url, {
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      createConnection: () => socket,
      signal,
    });
    request.end(typeof init.body === "string" ? init.body : undefined);
    const [answer] = (await once(request, "response", { signal })) as [IncomingMessage];
    return responseOf(answer);
  };
}

async function connect(url: URL, certificateSha256: string, signal: AbortSignal): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port === "" ? 443 : url.port),
    // Checked below, by more than names: it must be that certificate.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, "secureConnect", { signal });
    const shown = socket.getPeerX509Certificate()?.raw ?? new Uint8Array();
    if (createHash("sha256").update(shown).digest("hex") === certificateSha256) return socket;
    throw new Fault(`the server at ${url.origin} does not show the certificate of this machine's server`, {
      code: "cli/other-certificate",
      kind: "unauthenticated",
      hint: "another program answers there: check the port, or restart the server",
    });
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of typeof value === "string" ? [value] : (value ?? [])) headers.append(name, one);
  }
  const status = answer.statusCode ?? 500;
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>) : null, {
    status,
    headers,
  });
}

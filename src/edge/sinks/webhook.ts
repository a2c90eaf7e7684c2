// One POST of JSON for each event. The certificate is always checked, redirects stay at the same place, and a secret never comes back in a message.
import http from "node:http";
import https from "node:https";
import { Fault, toFault } from "../../base/fault.ts";
import type { WebhookTarget } from "../../model/sink.ts";
import { falcoAlert } from "./formats/falco.ts";
import { fillTemplate } from "./formats/template.ts";
import { retryAfterMs } from "./retry-after.ts";
import { sinkLimits, type Outgoing, type Sent, type SinkConnection } from "./sink.ts";
import { readLent, readSecret, type SinkSurroundings } from "./surroundings.ts";

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Rejects with a Fault when a secret or the authorities are not there, or the address is one that may not be connected to. */
export async function openWebhook(target: WebhookTarget, surroundings: SinkSurroundings): Promise<SinkConnection> {
  const { url, addressSecrets } = await addressOf(target, surroundings);
  surroundings.guard.checkHost(url.hostname);
  if (url.username !== "" || url.password !== "")
    throw new Fault("the address holds a password", {
      code: "sinks/secret-in-address",
      kind: "usage",
      where: "spec.to.url",
      hint: "use secretHeaders with a variable or a file of the server",
    });
  const { headers, secrets } = await headersOf(target, surroundings);
  const { authorityFile, serverName } = target.tls;
  const shared = { keepAlive: true, maxSockets: 4, maxFreeSockets: 1, lookup: surroundings.guard.lookup };
  const agent =
    url.protocol === "https:"
      ? new https.Agent({
          ...shared,
          ...(authorityFile === "" ? {} : { ca: await readLent(authorityFile, surroundings) }),
          ...(serverName === "" ? {} : { servername: serverName }),
        })
      : new http.Agent(shared);
  const once = (to: URL, body: Buffer): Promise<Answer> =>
    request({ to, body, headers, agent, timeoutMs: target.timeoutSeconds * 1000 });
  return {
    batchMax: 1,
    async send(events: readonly Outgoing[]): Promise<Sent> {
      let bytes = 0;
      let detail = "";
      for (const event of events) {
        const body = bodyOf(target, event);
        try {
          detail = judge(await followed(url, (to) => once(to, body)), [...secrets, ...addressSecrets]);
        } catch (thrown) {
          throw faultOf(thrown, { url, secrets: [...secrets, ...addressSecrets] });
        }
        bytes += body.length;
      }
      return { detail, bytes, cut: 0 };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(agent.destroy()),
  };
}

/** The address; of one that is a secret, what must not be shown of it. */
async function addressOf({ url, secretUrl }: WebhookTarget, surroundings: SinkSurroundings) {
  if (secretUrl === undefined) return { url: new URL(url), addressSecrets: [] };
  const address = URL.parse(await readSecret(secretUrl, surroundings));
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new Fault("the secret that secretUrl names is no http or https address", {
      code: "sinks/not-there",
      kind: "usage",
      hint: "put the whole address into it: https://...",
    });
  const hidden = [address.href, `${address.pathname}${address.search}`].filter((text) => text.length > 1);
  return { url: address, addressSecrets: hidden };
}

/** The answer at the end of redirects. */
async function followed(url: URL, ask: (to: URL) => Promise<Answer>): Promise<Answer> {
  let to = url;
  for (let redirects = 0; redirects <= sinkLimits.redirectsMax; redirects += 1) {
    const answer = await ask(to);
    const next = redirectOf(to, answer);
    if (next === undefined) return answer;
    to = next;
  }
  throw refusedRedirect(`more than ${sinkLimits.redirectsMax} redirects`);
}

async function headersOf(target: WebhookTarget, surroundings: SinkSurroundings) {
  const headers = new Map<string, string>([
    ["content-type", "application/json"],
    ["user-agent", `garrison/${surroundings.version}`],
  ]);
  for (const [name, value] of Object.entries(target.headers)) headers.set(name.toLowerCase(), value);
  const secrets: string[] = [];
  for (const [name, { prefix, ...reference }] of Object.entries(target.secretHeaders)) {
    const secret = await readSecret(reference, surroundings);
    secrets.push(secret);
    headers.set(name.toLowerCase(), `${prefix}${secret}`);
  }
  // What frames the message is ours.
  for (const name of ["content-length", "transfer-encoding", "connection", "host", "expect"]) headers.delete(name);
  return { headers: Object.fromEntries(headers), secrets };
}

function bodyOf({ template }: WebhookTarget, event: Outgoing): Buffer {
  const body = Buffer.from(JSON.stringify(template === undefined ? falcoAlert(event) : fillTemplate(template, event)));
  if (body.length <= sinkLimits.bodyBytesMax) return body;
  throw new Fault(`the body has ${body.length} bytes, more than ${sinkLimits.bodyBytesMax}`, {
    code: "sinks/body-too-large",
    kind: "too-large",
    hint: "take fields out of the template",
  });
}

interface Post {
  readonly to: URL;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: http.Agent;
  readonly timeoutMs: number;
}

async function request({ to, body, headers, agent, timeoutMs }: Post): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const send = to.protocol === "https:" ? https.request : http.request;
  const signal = AbortSignal.timeout(timeoutMs);
  const sent = send(to, { method: "POST", headers: { ...headers, "content-length": body.length }, agent, signal });
  sent.on("error", (error) => reject(signal.aborted ? timedOut(timeoutMs) : error));
  sent.on("response", (response) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const end = (): void =>
      resolve({
        status: response.statusCode ?? 0,
        location: response.headers.location,
        retryAfter: response.headers["retry-after"],
        text: Buffer.concat(pieces).toString("utf8"),
      });
    response.on("data", (piece: Buffer) => {
      pieces.push(piece.subarray(0, sinkLimits.answerBytesMax - length));
      length += piece.length;
      // Enough to know what it says: who sends without end is not read without end.
      if (length < sinkLimits.answerBytesMax) return;
      end();
      response.destroy();
    });
    response.on("end", end);
    response.on("error", (error) => reject(signal.aborted ? timedOut(timeoutMs) : error));
    // A body that breaks off does not unsay the status.
    response.on("close", end);
  });
  sent.end(body);
  return await promise;
}

function timedOut(timeoutMs: number): Fault {
  return new Fault(`no answer within ${timeoutMs / 1000} s`, { code: "sinks/timeout", kind: "unavailable" });
}

function refusedRedirect(message: string): Fault {
  return new Fault(`the receiver redirects: ${message}`, {
    code: "sinks/redirect",
    kind: "usage",
    hint: "put the final address into the sink",
  });
}

/** Only those that keep method and body are followed, and only at the same scheme, host and port: a secret goes nowhere else. */
function redirectOf(from: URL, { status, location }: Answer): URL | undefined {
  if (status < 300 || status > 399 || status === 304) return undefined;
  const to = location === undefined ? null : URL.parse(location, from);
  if (to === null) throw refusedRedirect("without an address");
  if (to.origin !== from.origin) throw refusedRedirect(`to another place (${to.origin})`);
  if (status !== 307 && status !== 308) throw refusedRedirect(`with status ${status}, which would make a GET of it`);
  return to;
}

const busyStatuses: ReadonlySet<number> = new Set([408, 421, 425, 429]);
/** About this body; what 401, 403 or 404 say is about all of them, and somebody may mend it. */
const eventStatuses: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** What it said, when it took it. Secrets that it says back go before the text is cut: of half a secret nobody would know that it is one. */
function judge({ status, text, retryAfter }: Answer, secrets: readonly string[]): string {
  if (status >= 200 && status < 300) return `HTTP ${status}`;
  const isBusy = status >= 500 || busyStatuses.has(status);
  const waitMs = retryAfterMs(retryAfter, Date.now());
  const said = withoutSecrets(text, secrets)
    .slice(0, sinkLimits.answerShownMax)
    .replaceAll(/[^\x20-\x7e\u00a0-\ud7ff]/g, " ")
    .trim();
  throw new Fault(`HTTP ${status}${said === "" ? "" : `: ${said}`}`, {
    code: isBusy ? "sinks/receiver-busy" : eventStatuses.has(status) ? "sinks/event-refused" : "sinks/receiver-refused",
    kind: "unavailable",
    hint: isBusy ? "it is tried again" : "look at the address, the credential and the template",
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((all, secret) => all.replaceAll(secret, "***"), text);
}

function faultOf(thrown: unknown, { url, secrets }: { readonly url: URL; readonly secrets: readonly string[] }): Fault {
  const fault = toFault(thrown);
  const message = withoutSecrets(fault.message, secrets);
  if (thrown instanceof Fault)
    return new Fault(message, {
      code: fault.code,
      kind: fault.kind,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
    });
  return new Fault(`${url.host} cannot be reached: ${message}`, {
    code: "sinks/unreachable",
    kind: "unavailable",
    hint: "is it running, and does its certificate fit?",
  });
}

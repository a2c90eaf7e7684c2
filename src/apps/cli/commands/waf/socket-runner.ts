// Stages over a real socket through our own proxy: its HTTP side and inspector in this process, with the suite's back end behind it.
// Promises: one request at a time, each on a connection of its own; a request without an answer within `socketLimits.stageMsMax` is one without an answer.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { silentLogger } from "../../../../base/logger.ts";
import { answer } from "../../../../core/waf/ftw/backend.ts";
import type { TransactionPolicy, TransactionReport } from "../../../../core/waf/engine/engine.ts";
import type { EngineRunnerOptions, Observation, StageRunner } from "../../../../core/waf/ftw/run-stage.ts";
import type { StageInput } from "../../../../core/waf/ftw/test-file.ts";
import { readRequest } from "../../../../core/waf/http/read-request.ts";
import type { InspectedRequest } from "../../../gateway/engine-inspector.ts";
import type { Inspection, Inspector } from "../../../gateway/inspect.ts";
import { engineOf, type LoadedRules } from "./load-rules.ts";

export const socketLimits = { stageMsMax: 10_000, answerBytesMax: 16 * 1024 * 1024 } as const;

export interface SocketRunner {
  readonly stages: StageRunner;
  close(): Promise<void>;
}

/** The request that is under way. */
interface Current {
  input: StageInput;
  /** Takes the report of the request's transaction. */
  finished: ((report: TransactionReport | undefined) => void) | undefined;
}

/** Starts the proxy and the back end on free ports of the loopback. */
export async function startSocketRunner(
  loaded: LoadedRules,
  policy: TransactionPolicy,
  logLines: EngineRunnerOptions["logLines"],
): Promise<SocketRunner> {
  const current: Current = { input: {}, finished: undefined };
  const backend = createServer({ allowHalfOpen: true }, (socket) => serveBackend(socket, current));
  const upstreamPort = await listen(backend);
  const { createHttpSide } = await import("../../../gateway/http/create-http-side.ts");
  const { httpLimits } = await import("../../../gateway/limits.ts");
  const side = createHttpSide({
    inspector: await inspectorOf(loaded, policy, current),
    upstreamFor: () => ({
      key: "backend",
      protocol: "http1",
      isExclusive: true,
      connect: async () => {
        const socket = connect({ port: upstreamPort, host: "127.0.0.1" });
        await once(socket, "connect");
        return socket;
      },
    }),
    forwarded: "none",
    isTrustedProxy: () => false,
    doubleFraming: "drop-length",
    limits: httpLimits,
    nowMs: () => performance.now(),
    logger: silentLogger,
  });
  const door = createServer({ allowHalfOpen: true }, (socket) => {
    side.accept(socket, {
      door: "proxy",
      clientAddress: "127.0.0.1",
      clientPort: socket.remotePort ?? 0,
      serverAddress: "127.0.0.1",
      serverPort: 80,
      isTls: false,
    });
  });
  const port = await listen(door);
  return {
    stages: { run: (bytes, input) => send({ port, current, logLines }, bytes, input) },
    async close() {
      door.close();
      await side.close(0);
      backend.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The gateway's own inspector; its reports go to the request that is under way. */
async function inspectorOf(loaded: LoadedRules, policy: TransactionPolicy, current: Current): Promise<Inspector> {
  const { createEngineInspector } = await import("../../../gateway/engine-inspector.ts");
  const served = { engine: engineOf(loaded), digest: loaded.ruleSet.digest, policyFor: () => policy };
  const seen: InspectedRequest[] = [];
  const inner = createEngineInspector({
    current: () => served,
    proxies: { clientOf: () => undefined, isTrusted: () => false },
    nowMs: () => Date.now(),
    uniqueId: randomUUID,
    onTold: (request) => void seen.push(request),
    counts: { inspected: 0, unselected: 0, notInspected: {}, evaluationUs: 0 },
  });
  return {
    begin(source, head) {
      const inspection = inner.begin(source, head);
      const finish: Inspection["finish"] = (outcome) => {
        seen.length = 0;
        inspection.finish(outcome);
        current.finished?.(seen.at(-1)?.report);
        current.finished = undefined;
      };
      return new Proxy(inspection, { get: (target, name) => (name === "finish" ? finish : Reflect.get(target, name)) });
    },
  };
}

interface Sending {
  readonly port: number;
  readonly current: Current;
  readonly logLines: EngineRunnerOptions["logLines"];
}

async function send({ port, current, logLines }: Sending, bytes: string, input: StageInput): Promise<Observation> {
  const finished = new Promise<TransactionReport | undefined>((resolve) => (current.finished = resolve));
  current.input = input;
  const socket = connect({ port, host: "127.0.0.1" });
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), socketLimits.stageMsMax);
    socket.once("close", () => clearTimeout(timer));
  });
  socket.write(Buffer.from(bytes, "latin1"));
  const isHead = bytes.startsWith("HEAD ");
  const response = await Promise.race([readAnswer(socket, isHead), late]);
  const report = await Promise.race([finished, late]);
  socket.destroy();
  const logged = (report?.rules ?? []).filter(({ isLogged }) => isLogged);
  return {
    status: response?.status ?? 0,
    responseHeaders: response?.headers ?? [],
    responseBody: response?.body ?? "",
    ruleIds: logged.map(({ ruleId }) => ruleId),
    logLines: report === undefined ? [] : logLines(report, readRequest(bytes)),
    error: response === undefined ? "no answer came" : "",
  };
}

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** The first answer on the connection; undefined when it ended without one. */
function readAnswer(socket: Socket, isHead: boolean): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const look = (isEnded: boolean): void => {
      const found = answerIn(text, isHead, isEnded);
      if (found !== undefined) resolve(found);
      else if (isEnded || text.length > socketLimits.answerBytesMax) resolve(undefined);
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      look(false);
    });
    socket.on("end", () => look(true));
    socket.on("error", () => look(true));
    socket.on("close", () => look(true));
  });
}

function answerIn(text: string, isHead: boolean, isEnded: boolean): Answer | undefined {
  const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(text)?.[1] ?? 0);
  if (status === 0 || !text.includes("\r\n\r\n")) return undefined;
  if (status === 100) return answerIn(text.slice(text.indexOf("\r\n\r\n") + 4), isHead, isEnded);
  const { headers, body } = readRequest(text);
  const valueOf = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  const length = valueOf("content-length");
  const isChunked = (valueOf("transfer-encoding") ?? "").toLowerCase() === "chunked";
  const isWhole =
    isEnded ||
    isHead ||
    status === 204 ||
    status === 304 ||
    (isChunked ? /(^|\r\n)0\r\n\r\n$/.test(text) : length !== undefined && body.length >= Number(length));
  return isWhole ? { status, headers, body } : undefined;
}

/** Reads whole requests and answers them as the suite's back end does. */
function serveBackend(socket: Socket, current: Current): void {
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.end());
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    if (!isWholeRequest(text)) return;
    const { status, headers, body } = answer(readRequest(text), current.input.response);
    text = "";
    const fields = [...headers, ["Content-Length", String(body.length)] as const];
    const head = `HTTP/1.1 ${status} Reflected\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
    socket.write(Buffer.from(head + body, "latin1"));
  });
}

function isWholeRequest(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const { headers } = readRequest(text.slice(0, end + 4));
  const valueOf = (name: string): string => headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
  if (valueOf("transfer-encoding").toLowerCase() === "chunked") return text.endsWith("\r\n0\r\n\r\n");
  return text.length - end - 4 >= Number(valueOf("content-length"));
}

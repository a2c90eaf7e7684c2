// A small agents' door for tests of the uplink: real TLS with the real authority, a join secret, programmable answers, everything recorded.
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import {
  agentPaths,
  AgentReport,
  BlockHeader,
  blockHeaderName,
  type ControlMessage,
  type JoinToken,
} from "../../src/model/agent-protocol.ts";
import { openCertificateAuthority } from "../../src/edge/trust/certificate-authority.ts";
import { identityOf } from "../../src/edge/trust/agent-identity.ts";

export interface BlockAnswer {
  readonly status: number;
  readonly body?: object;
  readonly retryAfterSeconds?: number;
  /** Cut the connection instead of answering. */
  readonly cut?: boolean;
}

export interface FakeDoor {
  readonly url: URL;
  readonly token: JoinToken;
  readonly blocks: { readonly header: BlockHeader; readonly body: Buffer }[];
  readonly reports: AgentReport[];
  readonly joins: unknown[];
  readonly controlNumbers: number[];
  /** Bytes of TLS application data the door has read: nothing before the agent trusts it. */
  readonly connections: () => number;
  renewals: number;
  windowBytes: number;
  /** Called for each block before it is recorded; undefined for the normal 200. */
  answer: (header: BlockHeader) => BlockAnswer | undefined;
  push(message: ControlMessage): void;
  pushRaw(text: string): void;
  cutSessions(): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface FakeDoorOptions {
  readonly folder: string;
  readonly secret?: string;
}

/** Listens on an ephemeral port of 127.0.0.1; stop and start keep the port and the authority. */
export async function openFakeDoor(options: FakeDoorOptions): Promise<FakeDoor> {
  const authority = await openCertificateAuthority({ folder: options.folder, names: [], clock: { nowMs: Date.now } });
  const secret = options.secret ?? "s".repeat(40);
  const sessions = new Set<ServerHttp2Session>();
  const controls = new Set<ServerHttp2Stream>();
  let server: Http2SecureServer | undefined;
  let port = 0;
  let connections = 0;

  const door: FakeDoor = {
    url: new URL("https://127.0.0.1:1"),
    token: { secret, cluster: "test", caSha256: authority.caSha256 },
    blocks: [],
    reports: [],
    joins: [],
    controlNumbers: [],
    connections: () => connections,
    renewals: 0,
    windowBytes: 1024 * 1024,
    answer: () => undefined,
    push: (message) => door.pushRaw(`${JSON.stringify(message)}\n`),
    pushRaw: (text) => {
      for (const stream of controls) stream.write(text);
    },
    cutSessions: () => {
      for (const session of sessions) session.destroy();
    },
    stop: async () => {
      const stopped = new Promise<void>((resolve) => server?.close(() => resolve()));
      door.cutSessions();
      await stopped;
    },
    start: async () => {
      const identity = await authority.server();
      server = createSecureServer({
        key: identity.keyPem,
        cert: identity.chainPem,
        ca: authority.caPem,
        requestCert: true,
        rejectUnauthorized: false,
      });
      server.on("session", (session) => {
        sessions.add(session);
        session.on("close", () => sessions.delete(session));
        session.on("error", () => undefined);
      });
      server.on("secureConnection", () => (connections += 1));
      server.on("stream", (stream, headers) => {
        stream.on("error", () => undefined);
        handle(stream as ServerHttp2Stream, String(headers[":path"]), headers[blockHeaderName]).catch(
          (error: unknown) => {
            stream.destroy(error as Error); // the session was cut in mid-request
          },
        );
      });
      await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", () => resolve()));
      port = (server.address() as AddressInfo).port;
      Object.assign(door, { url: new URL(`https://127.0.0.1:${port}`) });
    },
  };

  async function handle(stream: ServerHttp2Stream, path: string, header: string | string[] | undefined): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const certificate = (stream.session?.socket as (Socket & TLSSocket) | undefined)?.getPeerX509Certificate();
    const caller = certificate === undefined ? undefined : identityOf(new X509Certificate(certificate.raw));
    if (path === agentPaths.join) {
      const request = JSON.parse(body.toString()) as { secret: string; node: string; csrPem: string };
      door.joins.push(request);
      if (request.secret !== secret) return answer(stream, 401, { code: "agents/token", detail: "unknown token" });
      return answer(stream, 200, await certificateReply(request.csrPem, request.node));
    }
    if (caller === undefined) return answer(stream, 401, { code: "agents/no-certificate", detail: "no certificate" });
    if (path === agentPaths.renew) {
      door.renewals += 1;
      return answer(
        stream,
        200,
        await certificateReply((JSON.parse(body.toString()) as { csrPem: string }).csrPem, caller.node),
      );
    }
    if (path === agentPaths.report) {
      door.reports.push(AgentReport.parse(JSON.parse(body.toString())));
      return answer(stream, 200, {});
    }
    if (path === agentPaths.blocks) return takeBlock(stream, BlockHeader.parse(JSON.parse(String(header))), body);
    door.controlNumbers.push(Number(new URL(path, door.url).searchParams.get("number")));
    stream.respond({ ":status": 200, "content-type": "application/x-ndjson" });
    stream.write('{"type":"ping"}\n');
    controls.add(stream);
    stream.on("close", () => controls.delete(stream));
  }

  function takeBlock(stream: ServerHttp2Stream, header: BlockHeader, body: Buffer): void {
    const programmed = door.answer(header);
    if (programmed?.cut === true) return stream.session?.destroy();
    if (programmed !== undefined && programmed.status !== 200) {
      return answer(
        stream,
        programmed.status,
        programmed.body ?? { code: "test/refused", detail: "refused" },
        programmed.retryAfterSeconds,
      );
    }
    if (createHash("sha256").update(body).digest("hex") !== header.sha256)
      return answer(stream, 400, { code: "test/hash" });
    const duplicate = door.blocks.some(
      (known) => known.header.boot === header.boot && known.header.sequence === header.sequence,
    );
    if (!duplicate) door.blocks.push({ header, body });
    answer(stream, 200, programmed?.body ?? { sequence: header.sequence, duplicate, windowBytes: door.windowBytes });
  }

  async function certificateReply(csrPem: string, node: string): Promise<object> {
    const issued = await authority.issue(csrPem, { cluster: "test", node });
    const { certificatePem, expiresAtMs } = issued;
    return {
      certificatePem,
      caPem: authority.caPem,
      cluster: "test",
      node,
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
  }

  await door.start();
  return door;
}

function answer(stream: ServerHttp2Stream, status: number, body: object, retryAfterSeconds?: number): void {
  if (stream.destroyed) return;
  stream.respond({
    ":status": status,
    "content-type": status === 200 ? "application/json" : "application/problem+json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  });
  stream.end(JSON.stringify(body));
}

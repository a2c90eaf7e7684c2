// For tests of transparent mode on the real kernel: a node with a client and an application in namespaces of their own, a gateway in this process.
import { once } from "node:events";
import { createServer, Socket, type Server } from "node:net";
import type { TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import { withNetns } from "../../../edge/dataplane/nftables/netlink/netns.ts";
import { openNamespace } from "../../../edge/transparent/namespace.ts";
import { aliveTable, transparentTable } from "../../../core/waf/transparent/limits.ts";
import { socket as rawSocket } from "../../../../test/support/netns/libc.ts";
import { mayMakeNamespaces, type NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import { probe, type Outcome } from "../../../../test/support/netns/probes.ts";
import { openStar, type Star } from "../../../../test/support/netns/star.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { createHttpSide } from "../http/create-http-side.ts";
import { scriptedInspector, denied, type Seen } from "../http/side.fixture.ts";
import { httpLimits } from "../limits.ts";
import { attach, type Attachment, type WantedPort } from "./attach.ts";
import { createTransparentDoor, type TransparentDoor } from "./door.ts";
import { doorLimits, type DoorLimits } from "./limits.ts";
import type { NotInspected } from "./not-inspected.ts";

export const app4 = "10.1.0.3";
export const app6 = "fd01::3";
export const client4 = "10.1.0.2";
export const client6 = "fd01::2";
export const node4 = "10.255.255.254";
const clock = { nowMs: () => Date.now() };

export interface Rig {
  readonly star: Star;
  readonly app: NetworkNamespace;
  readonly client: NetworkNamespace;
  readonly door: TransparentDoor;
  readonly seen: readonly Seen[];
  readonly notices: readonly NotInspected[];
  /** A gateway before ports of the application. Detached at the end. */
  attach(ports: readonly WantedPort[]): Attachment;
}

/** Two pods on a node; undefined (and the test skipped) where this cannot be. */
export function openWorld(context: TestContext): Star | undefined {
  const missing = "root in a kernel with network namespaces, nf_tables, tproxy and socket matches";
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return undefined;
  const star = openStar({
    pods: [
      { name: "client", addresses: [client4, client6] },
      { name: "app", addresses: [app4, app6] },
    ],
  });
  return star;
}

/** Requests whose target has "attack" in it are denied. */
export function openRig(context: TestContext, limits: Partial<DoorLimits> = {}): Rig | undefined {
  const star = openWorld(context);
  if (star === undefined) return undefined;
  const notices: NotInspected[] = [];
  const door = createTransparentDoor({
    limits: { ...doorLimits, ...limits },
    nowMs: clock.nowMs,
    logger: silentLogger,
    onNotInspected: (notice) => notices.push(notice),
  });
  const { inspector, seen } = scriptedInspector({
    requestHead: (head) => (head.target.includes("attack") ? denied : undefined),
  });
  const side = createHttpSide({
    inspector,
    upstreamFor: (source) => door.upstreamFor(source),
    forwarded: "none",
    isTrustedProxy: () => false,
    limits: httpLimits,
    nowMs: clock.nowMs,
    logger: silentLogger,
  });
  door.useSide(side);
  const attached = new Set<Attachment>();
  const detaching: Promise<boolean>[] = [];
  context.after(async () => {
    for (const one of attached) await one.detach(0);
    await Promise.all(detaching);
    door.close();
    await side.close(0);
    star.close();
  });
  const app = star.pod("app");
  return {
    star,
    app,
    client: star.pod("client"),
    door,
    seen,
    notices,
    attach: (ports) => {
      const made = attachPath(app.path, door, ports);
      const one: Attachment = {
        ...made,
        detach: (drainMs) => {
          attached.delete(one);
          const gone = made.detach(drainMs);
          detaching.push(gone);
          return gone;
        },
      };
      attached.add(one);
      return one;
    },
  };
}

export function attachPath(path: string, door: TransparentDoor, ports: readonly WantedPort[]): Attachment {
  const namespace = openNamespace(path);
  const open = (table: string) => openNftables({ netns: path, table, clock, logger: silentLogger });
  const [dataplane, aliveDataplane] = [open(transparentTable), open(aliveTable)];
  const made = attach({ namespace, dataplane, aliveDataplane, door, label: "netns app", logger: silentLogger }, ports);
  return {
    ...made,
    detach: async (drainMs) => {
      const isGone = await made.detach(drainMs);
      if (isGone) namespace.close();
      return isGone;
    },
  };
}

/** A server in a namespace, on IPv4 and IPv6; closed with its connections when the test is over. */
export function serveIn(
  context: TestContext,
  namespace: NetworkNamespace,
  port: number,
  server: Server | ((socket: Socket) => void),
): Server {
  const made = typeof server === "function" ? createServer({ allowHalfOpen: true }, server) : server;
  const open = new Set<Socket>();
  made.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => open.delete(socket));
  });
  // Without a host it listens within this call, so its socket belongs to the namespace.
  withNetns(namespace.path, () => made.listen(port));
  context.after(() => {
    for (const socket of open) socket.destroy();
    made.close();
  });
  return made;
}

/** A connection from inside a namespace. Rejects with the socket's error. */
export async function dial(from: NetworkNamespace, address: string, port: number, localPort?: number): Promise<Socket> {
  const STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
  const descriptor = from.inside(() => rawSocket(address.includes(":") ? 10 : 2, STREAM_NONBLOCK_CLOEXEC, 0));
  const options = { fd: descriptor, manualStart: true, allowHalfOpen: true };
  const socket = new Socket(options);
  socket.connect({ host: address, port, ...(localPort === undefined ? {} : { localPort }) });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
}

/** What comes of opening a connection; "timeout" when nothing did for a while. */
export function knock(from: NetworkNamespace, address: string, port: number): Promise<Outcome> {
  return probe({ from, to: address, port, protocol: "tcp" }, { timeoutMs: 700 });
}

/** Sends, and waits for all that comes until the other side ends (or resets: "<reset>"). */
export async function exchange(socket: Socket, text: string | Buffer): Promise<string> {
  let got = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    got += chunk;
  });
  const ended = new Promise<void>((resolve) => {
    socket.once("end", () => resolve());
    socket.once("close", () => resolve());
    socket.once("error", () => {
      got += "<reset>";
      resolve();
    });
  });
  socket.write(text);
  await ended;
  socket.destroy();
  return got;
}

/** Waits for the next bytes. */
export async function nextData(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer | string];
  return chunk.toString();
}

export const get = (target: string, more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: app\r\n${more}Connection: close\r\n\r\n`;

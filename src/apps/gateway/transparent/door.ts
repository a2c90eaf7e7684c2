// Connections that the kernel turned to us: what they speak is found out; HTTP goes to the HTTP side, the rest straight to the application, told as "not
// inspected". The application sees the client's address and port on every one of them.
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Logger } from "../../../base/logger.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import { sniff, sniffBytesMax, type Sniffed } from "../../../core/waf/transparent/sniff.ts";
import type { Namespace } from "../../../edge/transparent/namespace.ts";
import type { ConnectionSource } from "../inspect.ts";
import type { HttpSide, UpstreamTarget } from "../http/http-side.ts";
import type { DoorLimits } from "./limits.ts";
import { createNotInspected, type NotInspected } from "./not-inspected.ts";
import { splice } from "./splice.ts";
import { connectAsClient, type UpstreamAddress } from "./upstream.ts";

/** Where connections of one listening socket belong. */
export interface DoorPlace {
  readonly namespace: Namespace;
  /** For people: "netns shop", "pod shop/checkout-1". */
  readonly label: string;
  /** The port that clients dialled. */
  readonly port: number;
  /** Who it is, when that is known: policies are chosen by it. */
  readonly workload?: WafWorkload | undefined;
}

export interface DoorOptions {
  readonly limits: DoorLimits;
  /** Whether an address is one of the node's own. Absent: not known, so none is. */
  readonly isNodeAddress?: (address: string) => boolean;
  readonly nowMs: () => number;
  readonly logger: Logger;
  readonly onNotInspected: (notice: NotInspected) => void;
}

export interface DoorFigures {
  readonly connections: number;
  readonly open: number;
  readonly refused: number;
  readonly http: number;
  /** By reason: "TLS", "the server speaks first", ... */
  readonly passed: Readonly<Record<string, number>>;
  readonly upstreamFailures: number;
  /** Upstream connections with the client's address but another port. */
  readonly portsNotKept: number;
  /** Clients with link-local addresses, which cannot be spoken for. */
  readonly linkLocal: number;
}

export interface TransparentDoor {
  /** For the HTTP side that `useSide` is given. */
  upstreamFor(source: ConnectionSource): UpstreamTarget;
  useSide(side: Pick<HttpSide, "accept">): void;
  /** Takes a paused socket with `allowHalfOpen`. */
  serve(socket: Socket, place: DoorPlace): void;
  readonly figures: DoorFigures;
  openOf(namespace: Namespace): number;
  /** Ends all connections of a namespace at once. */
  cut(namespace: Namespace): void;
  close(): void;
}

interface Counts {
  connections: number;
  refused: number;
  http: number;
  upstreamFailures: number;
  portsNotKept: number;
  linkLocal: number;
  readonly passed: Record<string, number>;
}

interface State {
  readonly options: DoorOptions;
  readonly counts: Counts;
  readonly open: Map<Socket, Namespace>;
  readonly targets: WeakMap<ConnectionSource, UpstreamTarget>;
  readonly notInspected: ReturnType<typeof createNotInspected>;
  side: Pick<HttpSide, "accept"> | undefined;
}

export function createTransparentDoor(options: DoorOptions): TransparentDoor {
  const state: State = {
    options,
    counts: { connections: 0, refused: 0, http: 0, upstreamFailures: 0, portsNotKept: 0, linkLocal: 0, passed: {} },
    open: new Map(),
    targets: new WeakMap(),
    notInspected: createNotInspected(options),
    side: undefined,
  };
  return {
    upstreamFor: (source) => {
      const target = state.targets.get(source);
      if (target === undefined) throw new Error("a connection that did not come by this door");
      return target;
    },
    useSide: (side) => {
      state.side = side;
    },
    serve: (socket, place) => serve(state, socket, place),
    get figures() {
      return { ...state.counts, passed: { ...state.counts.passed }, open: state.open.size };
    },
    openOf: (namespace) => [...state.open.values()].filter((one) => one === namespace).length,
    cut: (namespace) => {
      for (const [socket, one] of state.open) if (one === namespace) socket.resetAndDestroy();
    },
    close: () => {
      for (const socket of state.open.keys()) socket.resetAndDestroy();
      state.notInspected.close();
    },
  };
}

function serve(state: State, socket: Socket, place: DoorPlace): void {
  const { counts, options } = state;
  counts.connections += 1;
  const address = addressOf(socket, place.port);
  if (address === "link-local") counts.linkLocal += 1;
  if (typeof address === "string" || state.open.size >= options.limits.connectionsMax) {
    counts.refused += 1;
    socket.on("error", () => undefined);
    socket.resetAndDestroy();
    return;
  }
  state.open.set(socket, place.namespace);
  socket.once("close", () => state.open.delete(socket));
  listen({ state, socket, place, address, chunks: [], early: undefined });
}

/** "link-local": node asks for the name of a link, which is of the workload's namespace, and throws when ours has none of that number. */
function addressOf(socket: Socket, serverPort: number): UpstreamAddress | "link-local" | "gone" {
  try {
    const { remoteAddress = "", remotePort = 0, localAddress = "" } = socket;
    if (remoteAddress === "" || localAddress === "") return "gone";
    if (remoteAddress.includes("%") || localAddress.includes("%")) return "link-local";
    return { clientAddress: remoteAddress, clientPort: remotePort, serverAddress: localAddress, serverPort };
  } catch {
    return "link-local";
  }
}

interface Turned {
  readonly state: State;
  readonly socket: Socket;
  readonly place: DoorPlace;
  readonly address: UpstreamAddress;
  /** What the client sent so far. */
  chunks: Buffer[];
  /** The connection to the application, when it was begun before the client's protocol was known. */
  early: Promise<Socket | undefined> | undefined;
}

type End = "client" | "server";

/** Waits until it is known what the client speaks, or the server has spoken. */
function listen(turned: Turned): void {
  const { socket, state } = turned;
  const { limits } = state.options;
  const watches: (() => void)[] = [];
  let isOver = false;
  let timer = setTimeout(() => void connectEarly(), limits.silentMs);

  function watch(one: Socket, on: { data: (chunk: Buffer) => void; end: () => void }): void {
    const events = { ...on, close: broken, error: broken };
    for (const [name, act] of Object.entries(events)) one.on(name, act);
    watches.push(() => {
      one.pause();
      for (const [name, act] of Object.entries(events)) one.off(name, act);
      // Whoever takes it over listens for errors before they can come; until then nobody needs to hear of one.
      one.on("error", ignore);
    });
    one.resume();
  }
  function end(): void {
    isOver = true;
    clearTimeout(timer);
    for (const stop of watches) stop();
  }
  function broken(): void {
    end();
    socket.resetAndDestroy();
    void turned.early?.then((upstream) => upstream?.resetAndDestroy());
  }
  function decide(found: Sniffed): void {
    if (found.kind === "undecided") return;
    end();
    if (found.kind === "http1" || found.kind === "h2c") inspect(turned, found.kind);
    else void pass(turned, found.because);
  }
  function onData(chunk: Buffer): void {
    if (turned.chunks.length === 0) {
      clearTimeout(timer);
      timer = setTimeout(() => decide(sniff(Buffer.concat(turned.chunks), true)), limits.sniffMsMax);
    }
    turned.chunks.push(chunk);
    decide(sniff(Buffer.concat(turned.chunks).subarray(0, sniffBytesMax)));
  }
  function onEnd(ended: End): void {
    if (turned.chunks.length > 0 && ended === "client") return decide(sniff(Buffer.concat(turned.chunks), true));
    end();
    if (turned.early !== undefined)
      return void pass(turned, ended === "client" ? "said nothing" : "the server ended it");
    // A probe that only connects: the application need not know.
    socket.end();
    socket.resume();
  }
  async function connectEarly(): Promise<void> {
    turned.early = connect(turned);
    const upstream = await turned.early;
    if (isOver) return;
    if (upstream === undefined) return broken();
    watch(upstream, {
      data: (chunk) => {
        end();
        upstream.unshift(chunk);
        void pass(turned, "the server speaks first");
      },
      end: () => onEnd("server"),
    });
  }
  watch(socket, { data: onData, end: () => onEnd("client") });
}

function ignore(): void {}

/** Undefined: the application did not take it, which was counted. */
async function connect(turned: Turned, signal?: AbortSignal): Promise<Socket | undefined> {
  const { state, place, address } = turned;
  // Who hands in a signal limits the time itself.
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), state.options.limits.connectMsMax);
  try {
    const made = await connectAsClient(place.namespace, address, signal ?? own.signal);
    if (!made.hasPort) state.counts.portsNotKept += 1;
    return made.socket;
  } catch (error) {
    state.counts.upstreamFailures += 1;
    state.options.logger.debug(
      { place: place.label, port: place.port, error },
      "the application did not take a connection",
    );
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function inspect(turned: Turned, kind: "http1" | "h2c"): void {
  const { state, socket, address } = turned;
  state.counts.http += 1;
  const source: ConnectionSource = {
    door: "transparent",
    clientAddress: address.clientAddress,
    clientPort: address.clientPort,
    serverAddress: address.serverAddress,
    serverPort: address.serverPort,
    isTls: false,
    workload: turned.place.workload,
    isFromNode: state.options.isNodeAddress?.(address.clientAddress) ?? false,
  };
  let { early } = turned;
  state.targets.set(source, {
    key: `${address.clientAddress} ${address.clientPort}`,
    protocol: kind === "h2c" ? "h2c" : "http1",
    isExclusive: true,
    connect: async (signal): Promise<Duplex> => {
      const begun = await early;
      early = undefined;
      const made = begun === undefined || begun.destroyed ? await connect(turned, signal) : begun;
      if (made === undefined) throw new Error("the application did not take the connection");
      // It was stopped when the watch ended; nothing comes before a request was sent.
      if (made === begun) made.resume();
      return made;
    },
  });
  // One that was made early and never asked for ends with its client.
  socket.once("close", () => void early?.then((upstream) => upstream?.destroy()));
  if (state.side === undefined) socket.destroy();
  else state.side.accept(socket, source, Buffer.concat(turned.chunks));
}

async function pass(turned: Turned, because: string): Promise<void> {
  const { state, socket, place } = turned;
  const upstream = await (turned.early ?? connect(turned));
  if (upstream === undefined || socket.destroyed) {
    upstream?.destroy();
    socket.resetAndDestroy();
    return;
  }
  state.counts.passed[because] = (state.counts.passed[because] ?? 0) + 1;
  state.notInspected.add({ ...place, because, clientAddress: turned.address.clientAddress });
  if (turned.chunks.length > 0) upstream.write(Buffer.concat(turned.chunks));
  splice(socket, upstream, { idleMsMax: state.options.limits.idleMsMax, onEnd: ignore });
  // The client ended before the application was there.
  if (socket.readableEnded) upstream.end();
}

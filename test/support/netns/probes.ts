// Real connections from inside namespaces, many at once: sockets are made in the namespace and then watched together by poll from here.
// A probe says what came of its first packet; nothing is retried beyond what the kernel does.
import { setTimeout as delay } from "node:timers/promises";
import { addressBytes } from "../../../src/edge/dataplane/nftables/address-bytes.ts";
import {
  bind,
  check,
  close,
  connect,
  errno,
  familyOf,
  getsockopt,
  poll,
  recv,
  send,
  setsockopt,
  socket,
  socketAddress,
} from "./libc.ts";
import type { NetworkNamespace } from "./namespace.ts";

export interface Probe {
  readonly from: NetworkNamespace;
  /** Address to bind to; the kernel chooses when it is absent. */
  readonly source?: string;
  readonly sourcePort?: number;
  readonly to: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** "refused": a reset or "port unreachable" came; "unreachable": any other refusal, also by the sender's own kernel. */
export type Outcome = "open" | "refused" | "timeout" | "unreachable";

export interface ProbeOptions {
  /** What a silent probe costs. */
  readonly timeoutMs: number;
  /** Probes that must be answered, by their index: a machine that is slow is waited for. */
  readonly mustAnswer?: (index: number) => boolean;
}

const openMax = 500;
const sliceMs = 5;
/** How long an answer that must come is waited for. */
const answerMsMax = 60_000;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const EINPROGRESS = 115;
const ECONNREFUSED = 111;
const ECONNRESET = 104;
const EAGAIN = 11;
const POLLIN = 1;
const POLLOUT = 4;
const question = new TextEncoder().encode("garrison probe");

/** All probes, at most 500 in flight; outcomes stand in the probes' order. A silent one costs `timeoutMs`. */
export async function probeAll(probes: readonly Probe[], options: ProbeOptions): Promise<readonly Outcome[]> {
  const { timeoutMs, mustAnswer = () => false } = options;
  const outcomes: Outcome[] = [];
  for (let at = 0; at < probes.length; at += openMax) {
    const some = probes.slice(at, at + openMax);
    outcomes.push(...(await probeSome(some, { timeoutMs, mustAnswer: (index) => mustAnswer(at + index) })));
  }
  return outcomes;
}

export async function probe(one: Probe, options: ProbeOptions): Promise<Outcome> {
  const [outcome] = await probeAll([one], options);
  return outcome ?? "timeout";
}

interface Flying {
  readonly index: number;
  readonly descriptor: number;
  readonly probe: Probe;
}

async function probeSome(
  probes: readonly Probe[],
  { timeoutMs, mustAnswer }: Required<ProbeOptions>,
): Promise<Outcome[]> {
  const outcomes = probes.map((): Outcome => "timeout");
  const opened: number[] = [];
  let flying: Flying[] = [];
  try {
    const byNamespace = Map.groupBy(probes.entries(), ([, probe]) => probe.from);
    for (const [namespace, group] of byNamespace) {
      namespace.inside(() => {
        for (const [index, probe] of group) {
          const descriptor = open(probe);
          opened.push(descriptor);
          const outcome = start(descriptor, probe);
          if (outcome === undefined) flying.push({ index, descriptor, probe });
          else outcomes[index] = outcome;
        }
      });
    }
    const startMs = performance.now();
    for (let isOver = false; flying.length > 0 && !isOver;) {
      const waitedMs = performance.now() - startMs;
      const isOwed = flying.some(({ index }) => mustAnswer(index));
      // Judged before the look: what came while this process stood still is seen all the same.
      isOver = waitedMs >= (isOwed ? answerMsMax : timeoutMs);
      flying = settle(flying, outcomes);
      // Others of this process (a proxy under test, a reader of packets) get their turn.
      if (flying.length > 0) await delay(1);
    }
  } finally {
    for (const descriptor of opened) close(descriptor);
  }
  return outcomes;
}

function open(probe: Probe): number {
  const kind = (probe.protocol === "tcp" ? 1 : 2) | SOCK_NONBLOCK_CLOEXEC;
  const descriptor = check(socket(familyOf(probe.to), kind, 0), "socket");
  if (probe.source === undefined && probe.sourcePort === undefined) return descriptor;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, new Int32Array([1]), 4);
  const any = familyOf(probe.to) === 2 ? "0.0.0.0" : "::";
  const address = addressOf(probe.source ?? any, probe.sourcePort ?? 0);
  check(bind(descriptor, address, address.length), `bind to ${probe.source ?? any}`);
  return descriptor;
}

function addressOf(address: string, port: number): Uint8Array {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new Error(`not an address: ${address}`);
  return socketAddress(bytes, port);
}

function outcomeOf(code: number): Outcome {
  return code === ECONNREFUSED || code === ECONNRESET ? "refused" : "unreachable";
}

/** Connects or sends; undefined when the answer is still to come. */
function start(descriptor: number, probe: Probe): Outcome | undefined {
  const address = addressOf(probe.to, probe.port);
  if (connect(descriptor, address, address.length) !== 0) {
    const code = errno();
    return code === EINPROGRESS ? undefined : outcomeOf(code);
  }
  if (probe.protocol === "tcp") return "open";
  return send(descriptor, question) < 0 ? outcomeOf(errno()) : undefined;
}

/** One look at all that are under way; those still without an answer come back. */
function settle(flying: readonly Flying[], outcomes: Outcome[]): Flying[] {
  const list = new Uint8Array(flying.length * 8);
  const view = new DataView(list.buffer);
  for (const [at, one] of flying.entries()) {
    view.setInt32(at * 8, one.descriptor, true);
    view.setInt16(at * 8 + 4, one.probe.protocol === "tcp" ? POLLOUT : POLLIN, true);
  }
  if (poll(list, flying.length, sliceMs) <= 0) return [...flying];
  const waiting: Flying[] = [];
  for (const [at, one] of flying.entries()) {
    const outcome = view.getInt16(at * 8 + 6, true) === 0 ? undefined : resultOf(one);
    if (outcome === undefined) waiting.push(one);
    else outcomes[one.index] = outcome;
  }
  return waiting;
}

function resultOf({ descriptor, probe }: Flying): Outcome | undefined {
  if (probe.protocol === "tcp") {
    const code = new Int32Array(1);
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, code, new Uint32Array([4]));
    return code[0] === 0 ? "open" : outcomeOf(code[0] ?? 0);
  }
  if (recv(descriptor, new Uint8Array(64)) >= 0) return "open";
  const failed = errno();
  return failed === EAGAIN ? undefined : outcomeOf(failed);
}

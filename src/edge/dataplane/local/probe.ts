// Connections tried from inside namespaces of this machine, all at once, to prove that policies bite. Nothing is sent but the first packet.
import { setTimeout as delay } from "node:timers/promises";
import { errnos, libc } from "../nftables/netlink/libc.ts";
import { withNetns } from "../nftables/netlink/netns.ts";
import { attempt, closeDescriptor, connectError, receiveError } from "./sockets.ts";

export const probeLimits = {
  /** In flight at one time; the others follow. */
  openMax: 256,
  sliceMs: 5,
} as const;

export interface Probe {
  /** File of the namespace that the packet begins in. */
  readonly netns: string;
  /** An address of that namespace; "" lets the kernel choose. */
  readonly source: string;
  readonly address: string;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

export interface ProbeResult {
  /** "refused": the other end's kernel answered that nobody listens, so the packet got there. "unreachable": somebody on the way said no. */
  readonly outcome: "open" | "refused" | "timeout" | "unreachable" | "failed";
  /** errno's number where there is one, or why it could not be tried; "" otherwise. */
  readonly because: string;
}

export interface ProbeOptions {
  readonly timeoutMs: number;
  /** Told before the first packet's answer can be known: which probe got which source port. */
  readonly onStarted?: (index: number, localPort: number) => void;
}

const ECONNREFUSED = 111;
const ECONNRESET = 104;
const POLLIN = 1;
const POLLOUT = 4;

interface Flying {
  readonly index: number;
  readonly descriptor: number;
  readonly probe: Probe;
}

/** Results stand in the probes' order. A silent one costs `timeoutMs`. Never rejects: what cannot be tried is "failed". */
export async function tryProbes(probes: readonly Probe[], options: ProbeOptions): Promise<readonly ProbeResult[]> {
  const results = probes.map((): ProbeResult => ({ outcome: "timeout", because: "" }));
  for (let at = 0; at < probes.length; at += probeLimits.openMax) {
    const some = probes.slice(at, at + probeLimits.openMax).map((probe, index) => ({ index: at + index, probe }));
    await trySome(some, options, results);
  }
  return results;
}

async function trySome(
  probes: readonly { readonly index: number; readonly probe: Probe }[],
  options: ProbeOptions,
  results: ProbeResult[],
): Promise<void> {
  const opened: number[] = [];
  let flying: Flying[] = [];
  try {
    for (const { index, probe } of probes) {
      try {
        const { descriptor, localPort, started } = withNetns(probe.netns, () => attempt(probe));
        opened.push(descriptor);
        if (started !== 0) results[index] = resultOf(started);
        else flying.push({ index, descriptor, probe });
        options.onStarted?.(index, localPort);
      } catch (error) {
        results[index] = { outcome: "failed", because: (error as Error).message.slice(0, 200) };
      }
    }
    const deadline = performance.now() + options.timeoutMs;
    for (let isOver = false; flying.length > 0 && !isOver;) {
      // Judged before the look: what came while this process stood still is seen all the same.
      isOver = performance.now() >= deadline;
      flying = settle(flying, results);
      if (flying.length > 0) await delay(probeLimits.sliceMs);
    }
  } finally {
    for (const descriptor of opened) closeDescriptor(descriptor);
  }
}

/** One look at all that are under way; those still without an answer come back. */
function settle(flying: readonly Flying[], results: ProbeResult[]): Flying[] {
  const list = new Uint8Array(flying.length * 8);
  const view = new DataView(list.buffer);
  for (const [at, { descriptor, probe }] of flying.entries()) {
    view.setInt32(at * 8, descriptor, true);
    view.setInt16(at * 8 + 4, probe.protocol === "tcp" ? POLLOUT : POLLIN, true);
  }
  if (libc().poll(list, flying.length, 0) <= 0) return [...flying];
  return flying.filter(({ index, descriptor, probe }, at) => {
    if (view.getInt16(at * 8 + 6, true) === 0) return true;
    const errno = probe.protocol === "tcp" ? connectError(descriptor) : receiveError(descriptor);
    if (errno === errnos.EAGAIN) return true;
    results[index] = resultOf(errno);
    return false;
  });
}

function resultOf(errno: number): ProbeResult {
  if (errno === 0) return { outcome: "open", because: "" };
  const isRefused = errno === ECONNREFUSED || errno === ECONNRESET;
  return { outcome: isRefused ? "refused" : "unreachable", because: `errno ${errno}` };
}

// Connections that are open now, judged by the policies of today and of tomorrow: how many would a change cut, and which.
import type { Judgement, PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyFlow } from "../../../core/policy/world.ts";
import { enforceLimits } from "./limits.ts";

export interface LiveJudgement {
  /** Connections with an end on this node that are allowed today. */
  readonly live: number;
  /** Of them those that the kernel would not let begin again: denied, or not to be told, which it keeps closed. */
  readonly cut: readonly TrackedConnection[];
  /** Of the cut those whose verdict is not known, and why the first of them is not. */
  readonly uncertain: number;
  readonly uncertainBecause: string;
  /** "10.1.0.1 -> 10.1.0.2:5432/tcp", the first few. */
  readonly examples: readonly string[];
}

type Said = Pick<Judgement, "verdict" | "because">;

/** Whose addresses count, and what is known of names. */
export interface LiveLook {
  /** Whether an address is of this node or its endpoints. */
  readonly isOurs: (address: string) => boolean;
  /** Names that a client had looked up to an address; absent: nobody looks. */
  readonly namesOf?: (client: string, address: string) => readonly string[];
}

/** By where it really goes: rules see packets after the translation of services' addresses. */
export function flowOf(connection: TrackedConnection): PolicyFlow {
  const { source, realDestination, protocol, sourcePort, realDestinationPort, destinationPort } = connection;
  const ends = {
    source: { endpoint: "", address: source },
    destination: { endpoint: "", address: realDestination },
    protocol,
  };
  // The tracker keeps type and code of ICMP where other protocols have their port.
  if (protocol === 1 || protocol === 58)
    return {
      ...ends,
      sourcePort: 0,
      destinationPort: 0,
      icmp: { type: destinationPort >> 8, code: destinationPort & 255 },
    };
  return { ...ends, sourcePort, destinationPort: realDestinationPort };
}

function* flowsOf(
  connections: readonly TrackedConnection[],
  { isOurs, namesOf }: LiveLook,
): Iterable<{ readonly connection: TrackedConnection; readonly flow: PolicyFlow }> {
  for (const connection of connections) {
    const { source, realDestination, isOver } = connection;
    if (isOver === true || (!isOurs(source) && !isOurs(realDestination))) continue;
    const flow = flowOf(connection);
    const domains = namesOf?.(source, realDestination) ?? [];
    yield { connection, flow: domains.length === 0 ? flow : { ...flow, domains } };
  }
}

/** The verdict of this node's kernel: it judges what its own ends send and receive, and nobody else's. */
function verdictHere(engine: PolicyEngine, flow: PolicyFlow, { isOurs }: LiveLook): Said {
  const said = engine.judge(flow);
  if (said.verdict === "allow") return said;
  const { egress, ingress } = engine.evaluate(flow);
  const here = [
    ...(isOurs(flow.source.address) ? [egress] : []),
    ...(isOurs(flow.destination.address) ? [ingress] : []),
  ];
  const of = (verdict: Said["verdict"]) => here.find((one) => one.verdict === verdict);
  return of("deny") ?? of("unknown") ?? { verdict: "allow", because: "" };
}

/** What packets cannot be asked is closed in the kernel: only what was not to be told for the same reason before stays as it is. */
function isClosed(before: Said | undefined, after: Said): boolean {
  if (after.verdict === "unknown") return before?.verdict !== "unknown" || before.because !== after.because;
  return after.verdict === "deny";
}

/** `before` undefined: nothing was enforced, so all that lives is allowed. */
export function judgeLive(
  connections: readonly TrackedConnection[],
  given: LiveLook & { readonly before: PolicyEngine | undefined; readonly after: PolicyEngine },
): LiveJudgement {
  const cut: TrackedConnection[] = [];
  let live = 0;
  let uncertain = 0;
  let uncertainBecause = "";
  for (const { connection, flow } of flowsOf(connections, given)) {
    const before = given.before === undefined ? undefined : verdictHere(given.before, flow, given);
    if (before?.verdict === "deny") continue;
    live += 1;
    const after = verdictHere(given.after, flow, given);
    if (!isClosed(before, after)) continue;
    cut.push(connection);
    if (after.verdict !== "unknown") continue;
    uncertain += 1;
    if (uncertainBecause === "") uncertainBecause = after.because;
  }
  return { live, cut, uncertain, uncertainBecause, examples: cut.slice(0, enforceLimits.examplesMax).map(wordsOf) };
}

/**
 * Connections that the policies in force would not let begin. One that hangs on a name nobody looked up lately is let be: the kernel may know what this
 * process, after a restart, does not.
 */
export function closedNow(
  connections: readonly TrackedConnection[],
  engine: PolicyEngine,
  look: LiveLook & { readonly closed: "denied" | "denied-or-unknown" },
): readonly TrackedConnection[] {
  const closed: TrackedConnection[] = [];
  for (const { connection, flow } of flowsOf(connections, look)) {
    const { verdict } = verdictHere(engine, flow, look);
    if (verdict === "allow" || (verdict === "unknown" && look.closed === "denied")) continue;
    const hangsOnNames =
      verdict === "unknown" && verdictHere(engine, { ...flow, domains: [] }, look).verdict !== "unknown";
    if (!hangsOnNames) closed.push(connection);
  }
  return closed;
}

const names: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp" };

export function protocolName(protocol: number): string {
  return names[protocol] ?? String(protocol);
}

function wordsOf({ source, realDestination, realDestinationPort, protocol }: TrackedConnection): string {
  return `${source} -> ${realDestination}:${realDestinationPort}/${protocolName(protocol)}`;
}

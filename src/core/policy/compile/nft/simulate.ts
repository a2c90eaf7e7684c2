// What a kernel would do with one packet by a ruleset: an interpreter of the few expressions that our compiler makes, for tests and previews.
// Pure, and as strict as the kernel: a packet that has no such field does not match, whatever the operator.
import { unreachable } from "../../../../base/assert.ts";
import { type Address, type AddressRange, compareAddresses, parseAddress } from "../../../../base/ip.ts";
import type {
  CtState,
  Field,
  KeyPart,
  NftChain,
  NftExpression,
  NftRule,
  NftRuleset,
  NftSet,
  NftVerdict,
} from "./ruleset.ts";

export interface Packet {
  /** The way it takes: sent by this node, for this node, or forwarded. */
  readonly way: "output" | "input" | "forward";
  /** "" when there is none. */
  readonly inInterface: string;
  readonly outInterface: string;
  /** Canonical text, both of one family. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Default "new". */
  readonly state?: CtState;
}

export interface Outcome {
  readonly verdict: "accept" | "drop";
  /** Base chain in which it was dropped; "" when it was not. */
  readonly droppedIn: string;
  /** The prefixes that were reported, in order. */
  readonly reports: readonly string[];
  /** Port of the proxy that it was turned to; 0 when it was not. */
  readonly redirectPort: number;
  readonly isUntracked: boolean;
}

export interface Simulator {
  run(packet: Packet): Outcome;
}

const jumpsMax = 16;

/** Reads the ruleset once; then each packet costs what it would cost a kernel. Throws on names that are not in the ruleset. */
export function createSimulator(ruleset: NftRuleset): Simulator {
  const machine: Machine = {
    chains: new Map(ruleset.chains.map((chain) => [chain.name, chain])),
    sets: new Map(ruleset.sets.map((set) => [set.name, readSet(set)])),
  };
  const bases = ruleset.chains
    .filter((chain) => chain.base !== undefined)
    .sort((a, b) => (a.base?.priority ?? 0) - (b.base?.priority ?? 0));
  return { run: (packet) => runPacket(machine, bases, packet) };
}

interface Machine {
  readonly chains: ReadonlyMap<string, NftChain>;
  readonly sets: ReadonlyMap<string, ReadSet>;
}

/** The packet on its way. */
interface Run {
  readonly packet: Packet;
  readonly family: 4 | 6;
  readonly reports: string[];
  mark: number;
  ctMark: number;
  isUntracked: boolean;
  redirectPort: number;
}

function runPacket(machine: Machine, bases: readonly NftChain[], packet: Packet): Outcome {
  const run: Run = {
    packet,
    family: packet.source.includes(":") ? 6 : 4,
    reports: [],
    mark: 0,
    ctMark: 0,
    isUntracked: packet.state === "untracked",
    redirectPort: 0,
  };
  const hooks = packet.way === "output" ? ["output", "postrouting"] : ["prerouting", packet.way];
  let droppedIn = "";
  outer: for (const hook of hooks) {
    for (const chain of bases) {
      const wanted = run.redirectPort > 0 && hook !== "prerouting" ? "input" : hook;
      if (chain.base?.hook !== wanted) continue;
      if (runBase(machine, chain, run) === "accept") continue;
      droppedIn = chain.name;
      break outer;
    }
  }
  return {
    verdict: droppedIn === "" ? "accept" : "drop",
    droppedIn,
    reports: run.reports,
    redirectPort: run.redirectPort,
    isUntracked: run.isUntracked,
  };
}

function runBase(machine: Machine, chain: NftChain, run: Run): "accept" | "drop" {
  const end = runChain(machine, chain, { run, depth: 0 });
  if (end === "accept" || end === "drop") return end;
  return chain.base?.policy ?? "accept";
}

/** "return": the chain had nothing (more) to say. */
function runChain(machine: Machine, chain: NftChain, at: { run: Run; depth: number }): "accept" | "drop" | "return" {
  if (at.depth > jumpsMax) throw new Error(`chain ${chain.name}: more than ${jumpsMax} jumps`);
  for (const rule of chain.rules) {
    const verdict = runRule(machine, rule, at.run);
    if (verdict === undefined || verdict.verdict === "continue") continue;
    if (verdict.verdict === "accept" || verdict.verdict === "drop" || verdict.verdict === "return")
      return verdict.verdict;
    if (!("chain" in verdict)) continue;
    const next = machine.chains.get(verdict.chain);
    if (next === undefined) throw new Error(`chain ${verdict.chain} is not in the ruleset`);
    const end = runChain(machine, next, { run: at.run, depth: at.depth + 1 });
    if (end !== "return" || verdict.verdict === "goto") return end;
  }
  return "return";
}

function runRule(machine: Machine, rule: NftRule, run: Run): NftVerdict | undefined {
  for (const expression of rule.expressions) {
    const step = runExpression(machine, expression, run);
    if (step === false) return undefined;
    if (step !== true) return step;
  }
  return undefined;
}

/** True: go on in the rule. False: it does not match. */
function runExpression(machine: Machine, expression: NftExpression, run: Run): boolean | NftVerdict {
  switch (expression.do) {
    case "compare":
      return compares(expression, run);
    case "range": {
      const value = valueOf(expression.field, run);
      if (typeof value !== "number") return false;
      return (value >= expression.low && value <= expression.high) === (expression.operator === "eq");
    }
    case "ct-state": {
      const state = run.isUntracked ? "untracked" : (run.packet.state ?? "new");
      return expression.states.includes(state) === (expression.operator === "eq");
    }
    case "lookup": {
      const found = find(machine, expression.set, expression.fields, run);
      return found === undefined ? false : found.isThere === (expression.operator === "eq");
    }
    case "vmap": {
      const found = find(machine, expression.map, expression.fields, run);
      return found?.data ?? false;
    }
    case "set-mark":
      setMark(expression, run);
      return true;
    case "log":
      run.reports.push(expression.prefix);
      return true;
    case "notrack":
      run.isUntracked = true;
      return true;
    case "redirect":
      run.redirectPort = expression.port;
      return { verdict: "accept" };
    case "to-port":
      run.redirectPort = expression.port;
      return { verdict: "accept" };
    case "reject":
      return { verdict: "drop" };
    case "verdict":
      return expression;
    case "counter":
    case "limit":
      return true;
    default:
      return unreachable(expression);
  }
}

function setMark(expression: Extract<NftExpression, { do: "set-mark" }>, run: Run): void {
  const next = (old: number) => ((old & ~expression.mask) | expression.value) >>> 0;
  if (expression.which === "meta") run.mark = next(run.mark);
  else run.ctMark = next(run.ctMark);
}

function compares(expression: Extract<NftExpression, { do: "compare" }>, run: Run): boolean {
  const raw = valueOf(expression.field, run);
  if (raw === undefined) return false;
  const { value, operator, mask } = expression;
  const isEqual = operator === "eq";
  if (typeof value === "string" && value.endsWith("*")) return String(raw).startsWith(value.slice(0, -1)) === isEqual;
  const masked = mask === undefined ? raw : (Number(raw) & mask) >>> 0;
  return (masked === value) === isEqual;
}

const redirectedBit = 0x20;
const confirmedBit = 8;

/** Undefined: the packet has no such field. */
function valueOf(field: Field, run: Run): string | number | undefined {
  const { packet, family } = run;
  switch (field) {
    case "ip saddr":
      return family === 4 ? packet.source : undefined;
    case "ip daddr":
      return family === 4 ? packet.destination : undefined;
    case "ip6 saddr":
      return family === 6 ? packet.source : undefined;
    case "ip6 daddr":
      return family === 6 ? packet.destination : undefined;
    case "th sport":
      return hasPorts(packet) ? packet.sourcePort : undefined;
    case "th dport":
      return hasPorts(packet) ? (run.redirectPort === 0 ? packet.destinationPort : run.redirectPort) : undefined;
    case "icmp type":
      return packet.protocol === 1 ? packet.icmp?.type : undefined;
    case "icmp code":
      return packet.protocol === 1 ? packet.icmp?.code : undefined;
    case "icmpv6 type":
      return packet.protocol === 58 ? packet.icmp?.type : undefined;
    case "icmpv6 code":
      return packet.protocol === 58 ? packet.icmp?.code : undefined;
    case "meta nfproto":
      return family === 4 ? 2 : 10;
    case "meta l4proto":
      return packet.protocol;
    case "meta iifname":
      return packet.inInterface;
    case "meta oifname":
      return packet.outInterface;
    case "meta mark":
      return run.mark;
    case "ct mark":
      return run.isUntracked ? undefined : run.ctMark;
    case "ct status":
      return run.isUntracked ? undefined : statusOf(run);
    case "fib daddr type":
      return packet.way === "input" ? 2 : 1;
    case "tcp flags":
      // SYN: what opens a connection.
      return packet.protocol === 6 && (packet.state ?? "new") === "new" ? 2 : undefined;
    case "ct state":
    case "ct direction":
    case "socket transparent":
    case "socket mark":
      return undefined;
    default:
      return unreachable(field);
  }
}

function statusOf({ packet, redirectPort }: Run): number {
  const isOld = packet.state === "established" || packet.state === "related";
  return (isOld ? confirmedBit : 0) | (redirectPort > 0 ? redirectedBit : 0);
}

function hasPorts({ protocol }: Packet): boolean {
  return protocol === 6 || protocol === 17 || protocol === 33 || protocol === 132 || protocol === 136;
}

interface Found {
  readonly isThere: boolean;
  readonly data?: NftVerdict;
}

function find(machine: Machine, name: string, fields: readonly Field[], run: Run): Found | undefined {
  const set = machine.sets.get(name);
  if (set === undefined) throw new Error(`set ${name} is not in the ruleset`);
  const values: (string | number)[] = [];
  for (const field of fields) {
    const value = valueOf(field, run);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return set(values);
}

type ReadSet = (values: readonly (string | number)[]) => Found;

const missing: Found = { isThere: false };

function readSet(set: NftSet): ReadSet {
  const exact = new Map<string, Found>();
  const wide: { readonly key: readonly KeyPart[]; readonly found: Found }[] = [];
  for (const { key, data } of set.elements) {
    const found = { isThere: true, ...(data === undefined ? {} : { data }) };
    if (key.some((part) => typeof part === "object")) wide.push({ key, found });
    else exact.set(key.map(String).join("|"), found);
  }
  if (wide.length === 0) return (values) => exact.get(values.join("|")) ?? missing;
  const ranges = wide.map(({ key, found }) => ({ parts: key.map(rangeOf), found }));
  return (values) => {
    const known = exact.get(values.join("|"));
    if (known !== undefined) return known;
    const points = values.map(pointOf);
    return (
      ranges.find(({ parts }) => parts.every((part, index) => part !== undefined && holds(part, points[index])))
        ?.found ?? missing
    );
  };
}

function rangeOf(part: KeyPart): AddressRange | undefined {
  const { low, high } = typeof part === "object" ? part : { low: part, high: part };
  const from = pointOf(low);
  const to = pointOf(high);
  return from === undefined || to === undefined ? undefined : { low: from, high: to };
}

/** Numbers and addresses in one space; names have no place in it. */
function pointOf(value: string | number): Address | undefined {
  return typeof value === "number" ? [0, 0, 0, value] : parseAddress(value);
}

function holds(range: AddressRange, point: Address | undefined): boolean {
  return point !== undefined && compareAddresses(point, range.low) >= 0 && compareAddresses(point, range.high) <= 0;
}

// Recorded flows from JSON lines: what the server and our examples write, or rows as `garrison flows -o jsonl` prints them.
// Rows of one key add up; a row that cannot be read is counted and said, the rest goes on.
import type { z } from "zod";
import { Flow } from "../../../../model/flow.ts";
import type { FlowEnd, RecordedFlow, World } from "../../../../core/policy/world.ts";
import { RecordedFlow as RecordedFlowShape } from "../../../server/contract/policy-shapes.ts";
import type { Context } from "../../context.ts";
import { usage } from "./ask-flow.ts";
import { readFiles } from "./input.ts";

/** Most keys of recorded flows; more is a question for the server. */
export const flowKeysMax = 2_000_000;
const badLinesSaidMax = 5;
const dayMs = 86_400_000;
const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, sctp: 132 };
const owners = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]);

const Row = Flow.partial().required({ time: true, protocol: true });

export interface ReadFlows {
  readonly flows: readonly RecordedFlow[];
  /** Lines that were no flow. */
  readonly bad: number;
}

/** All flows of the files, in order of appearance. Throws a Fault when there is none. */
export async function readFlows(context: Context, names: readonly string[], world: World): Promise<ReadFlows> {
  const book = flowBook(world);
  let bad = 0;
  for (const { file, text } of await readFiles(names)) {
    for (const [index, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      const because = book.addLine(line);
      if (because === "") continue;
      bad += 1;
      if (bad <= badLinesSaidMax) context.say(`${file}:${index + 1}: ${because}`);
    }
  }
  if (bad > badLinesSaidMax) context.say(`${bad - badLinesSaidMax} more lines are no flows`);
  const flows = book.flows();
  if (flows.length === 0)
    throw usage("there are no flows in the file", "JSON lines, for example of garrison flows --since 7d -o jsonl");
  return { flows, bad };
}

interface Counts {
  connections: number;
  bytes: number;
}

interface Kept {
  readonly flow: Omit<RecordedFlow, keyof Counts | "firstMs" | "lastMs" | "days" | "domains">;
  readonly names: Set<string>;
  /** Both ends may have told of the same connections: the one that saw more is believed. */
  readonly byReporter: Map<string, Counts>;
  readonly days: Set<number>;
  daysTold: number;
  firstMs: number;
  lastMs: number;
}

/** Adds lines up by key. */
export function flowBook(world: World) {
  const kept = new Map<string, Kept>();
  const endFinder = endsIn(world);
  const put = (key: string, make: () => Kept): Kept | undefined => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= flowKeysMax) return undefined;
    const made = make();
    kept.set(key, made);
    return made;
  };
  const keep = (read: Read): string => {
    const { flow } = read;
    const { source, destination, protocol, destinationPort, icmp, verdict } = flow;
    const key = JSON.stringify([source, destination, protocol, destinationPort, icmp, verdict]);
    const entry = put(key, () => ({ ...read.fresh, flow }));
    if (entry === undefined) return `more than ${flowKeysMax} keys of flows`;
    merge(entry, read);
    return "";
  };
  return {
    /** Why the line is no flow; "" when it is one. */
    addLine(line: string): string {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        return "not JSON";
      }
      const recorded = RecordedFlowShape.safeParse(value);
      const read = recorded.success ? ofRecorded(recorded.data, endFinder) : ofRow(value, endFinder);
      return typeof read === "string" ? read : keep(read);
    },
    add: (flow: z.infer<typeof RecordedFlowShape>): string => keep(ofRecorded(flow, endFinder)),
    flows: (): readonly RecordedFlow[] => [...kept.values()].map(recordedOf),
  };
}

interface Read {
  readonly flow: Kept["flow"];
  readonly names: readonly string[];
  readonly reporter: string;
  readonly counts: Counts;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly daysTold: number;
  readonly fresh: Omit<Kept, "flow">;
}

function readOf(parts: Omit<Read, "fresh">): Read {
  const { firstMs, lastMs } = parts;
  const fresh = {
    names: new Set<string>(),
    byReporter: new Map<string, Counts>(),
    days: new Set<number>(),
    daysTold: 0,
    firstMs,
    lastMs,
  };
  return { ...parts, fresh };
}

function ofRecorded(recorded: z.infer<typeof RecordedFlowShape>, endOf: EndFinder): Read {
  const { connections, bytes, firstMs, lastMs, days, domains, icmp, http, isForwarded, ...rest } = recorded;
  const flow = {
    ...rest,
    source: endOf.standIn(rest.source, rest.sourceWorkload),
    destination: endOf.standIn(rest.destination, rest.destinationWorkload),
    ...(icmp === undefined ? {} : { icmp }),
    ...(http === undefined ? {} : { http }),
    ...(isForwarded === undefined ? {} : { isForwarded }),
  };
  return readOf({
    flow,
    names: domains ?? [],
    reporter: "recorded",
    counts: { connections, bytes },
    firstMs,
    lastMs,
    daysTold: days,
  });
}

function ofRow(value: unknown, endOf: EndFinder): Read | string {
  const parsed = Row.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `not a flow: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`;
  }
  const row = parsed.data;
  const source = endOf.ofRow({
    namespace: row.sourceNamespace,
    pod: row.sourcePod,
    kind: row.sourceKind,
    workload: row.sourceWorkload,
    address: row.sourceAddress,
  });
  const destination = endOf.ofRow({
    namespace: row.destinationNamespace,
    pod: row.destinationPod,
    kind: row.destinationKind,
    workload: row.destinationWorkload,
    address: row.destinationAddress,
  });
  if (source === undefined || destination === undefined) return "not a flow: neither endpoint nor address of an end";
  const protocol = protocols[row.protocol];
  if (protocol === undefined) return `not a flow that policies know: protocol ${row.protocol}`;
  const startMs = Date.parse(row.time);
  const lastMs = startMs + (row.durationMs ?? 0);
  const counts = {
    connections: Math.max(1, (row.connectionsOpened ?? 0) + (row.connectionsFailed ?? 0)),
    bytes: (row.bytesSent ?? 0) + (row.bytesReceived ?? 0),
  };
  const flow: Kept["flow"] = {
    source: source.end,
    destination: destination.end,
    protocol,
    sourcePort: 0,
    destinationPort: row.destinationPort ?? 0,
    verdict: row.verdict === "allow" || row.verdict === "deny" ? row.verdict : "unknown",
    sourceWorkload: source.owner,
    destinationWorkload: destination.owner,
  };
  const names = row.destinationDomain === undefined || row.destinationDomain === "" ? [] : [row.destinationDomain];
  return readOf({ flow, names, reporter: row.reporter ?? "source", counts, firstMs: startMs, lastMs, daysTold: 0 });
}

function merge(entry: Kept, read: Read): void {
  const counts = entry.byReporter.get(read.reporter) ?? { connections: 0, bytes: 0 };
  counts.connections += read.counts.connections;
  counts.bytes += read.counts.bytes;
  entry.byReporter.set(read.reporter, counts);
  for (const name of read.names) entry.names.add(name);
  entry.firstMs = Math.min(entry.firstMs, read.firstMs);
  entry.lastMs = Math.max(entry.lastMs, read.lastMs);
  entry.daysTold = Math.max(entry.daysTold, read.daysTold);
  entry.days.add(Math.floor(read.firstMs / dayMs)).add(Math.floor(read.lastMs / dayMs));
}

function recordedOf({ flow, names, byReporter, days, daysTold, firstMs, lastMs }: Kept): RecordedFlow {
  const all = [...byReporter.values()];
  const connections = Math.max(...all.map((counts) => counts.connections));
  const bytes = Math.max(...all.map((counts) => counts.bytes));
  const recorded = { ...flow, connections, bytes, firstMs, lastMs, days: Math.max(daysTold, days.size) };
  // Names that were not seen are not known to be none: nobody may have looked.
  return names.size === 0 ? recorded : { ...recorded, domains: [...names].sort() };
}

interface RowEnd {
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly kind: string | undefined;
  readonly workload: string | undefined;
  readonly address: string | undefined;
}

interface EndFinder {
  ofRow(end: RowEnd): { readonly end: FlowEnd; readonly owner: string } | undefined;
  /** The end itself, or another pod of its owner when its endpoint is gone. */
  standIn(end: FlowEnd, owner: string): FlowEnd;
}

/** The recorded pod; when it is gone another of its owner; when that is not known either, the recorded name or address. */
function endsIn({ endpoints }: World): EndFinder {
  const ids = new Set(endpoints.map(({ id }) => id));
  const byOwner = new Map<string, string>();
  for (const { id, namespace, workload } of endpoints) {
    const owner = `${namespace}/${workload}`;
    const known = byOwner.get(owner);
    if (workload !== "" && (known === undefined || id < known)) byOwner.set(owner, id);
  }
  return {
    standIn(end, owner) {
      if (end.endpoint === "" || ids.has(end.endpoint)) return end;
      const other = byOwner.get(owner);
      return other === undefined ? end : { endpoint: other, address: "" };
    },
    ofRow({ namespace = "", pod = "", kind = "", workload = "", address = "" }) {
      const owner = workload === "" || namespace === "" || !owners.has(kind) ? "" : `${namespace}/${kind}/${workload}`;
      const id = pod === "" ? "" : `pod/${namespace}/${pod}`;
      const standIn = ids.has(id) ? id : byOwner.get(owner);
      if (standIn !== undefined) return { end: { endpoint: standIn, address: "" }, owner };
      const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
      const isSomebody = id !== "" || (plain !== "" && plain !== "::");
      return isSomebody ? { end: { endpoint: id, address: plain === "::" ? "" : plain }, owner } : undefined;
    },
  };
}

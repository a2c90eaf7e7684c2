// Transparent mode of a whole gateway: for each workload that is wanted its namespace, listeners and table; nothing for those that are not.
// Level-triggered: `set` says what should be, and may be called as often as anybody likes.
import path from "node:path";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PortFigures } from "../../../core/waf/transparent/compile-table.ts";
import { aliveTable, transparentLimits, transparentTable } from "../../../core/waf/transparent/limits.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import { openNamespace, type Namespace } from "../../../edge/transparent/namespace.ts";
import { attach, type Attachment, type WantedPort } from "./attach.ts";
import { createTransparentDoor, type DoorFigures, type TransparentDoor } from "./door.ts";
import { doorLimits, drainMsMax, type DoorLimits } from "./limits.ts";
import type { TransparentNotice } from "./notices.ts";
import { startWatchdog, takeDownRecords, type Watchdog } from "./watchdog.ts";

/** One workload's ports. */
export interface WantedWorkload {
  /** The same as long as it is the same workload, where `netns` may change; absent: `netns`. */
  readonly id?: string;
  /** A file that names its network namespace: /run/netns/NAME, /proc/PID/ns/net. */
  readonly netns: string;
  /** For people and events: "netns shop", "shop/checkout-1". */
  readonly label: string;
  readonly ports: readonly WantedPort[];
  /** Who it is, when that is known: policies are chosen by it. */
  readonly workload?: WafWorkload;
}

export interface TransparentOptions {
  /** Whether an address is one of the node's own: probes come from there. */
  readonly isNodeAddress?: (address: string) => boolean;
  /** Writes a table in the namespace of a file: openNftables of edge/dataplane. */
  readonly openDataplane: (given: { readonly netns: string; readonly table: string }) => Dataplane;
  /** Where the watchdog leaves word between two gateways; absent: there is no watchdog. */
  readonly folder?: string;
  readonly limits?: Partial<DoorLimits>;
  readonly onNotice: (notice: TransparentNotice) => void;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

export interface WorkloadStatus {
  readonly label: string;
  readonly netns: string;
  readonly ports: readonly (PortFigures & { readonly onDown: "open" | "closed" })[];
}

export interface TransparentMode {
  /** Its `upstreamFor` is for the HTTP side that `door.useSide` gets: that must be done before `set`. */
  readonly door: TransparentDoor;
  /** Makes it so; returns what could not be, in words. What fails for one workload does not touch the others. */
  set(wanted: readonly WantedWorkload[]): Promise<readonly string[]>;
  status(): readonly WorkloadStatus[];
  readonly figures: DoorFigures;
  /** Detaches everything; connections may go on for so long. */
  close(drainMs: number): Promise<void>;
}

interface Attached {
  readonly namespace: Namespace;
  readonly attachment: Attachment;
  wanted: WantedWorkload;
  isEnding: boolean;
}

interface State {
  readonly options: TransparentOptions;
  readonly door: TransparentDoor;
  readonly attached: Map<string, Attached>;
}

export function openTransparent(options: TransparentOptions): TransparentMode {
  const { onNotice, nowMs, logger, folder } = options;
  const door = createTransparentDoor({
    limits: { ...doorLimits, ...options.limits },
    ...(options.isNodeAddress === undefined ? {} : { isNodeAddress: options.isNodeAddress }),
    nowMs,
    logger,
    onNotInspected: (notice) => onNotice({ what: "not-inspected", ...notice }),
  });
  const state: State = { options, door, attached: new Map() };
  let watchdog: Watchdog | undefined;
  if (folder !== undefined) {
    for (const down of takeDownRecords(folder, logger)) onNotice({ what: "down", ...down });
    watchdog = startWatchdog(folder, logger);
  }
  const timer = setInterval(() => {
    for (const one of state.attached.values()) beat(one, options);
  }, transparentLimits.beatMs);
  return {
    door,
    set: async (wanted) => {
      const problems = await reconcile(state, wanted);
      watchdog?.watch(
        [...state.attached.values()]
          .filter(({ isEnding }) => !isEnding)
          .map(({ wanted: { label, ports } }) => ({ label, ports })),
      );
      return problems;
    },
    status: () => [...state.attached.values()].filter(({ isEnding }) => !isEnding).map(statusOf),
    get figures() {
      return door.figures;
    },
    close: async (drainMs) => {
      clearInterval(timer);
      await Promise.all([...state.attached.keys()].map((key) => end(state, key, drainMs)));
      door.close();
      await watchdog?.close();
    },
  };
}

/** Makes it so; what could not be, in words. */
async function reconcile(state: State, wanted: readonly WantedWorkload[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const attempt = async (label: string, act: () => void | Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      const fault = toFault(error);
      problems.push(`${label}: ${fault.message}${fault.hint === undefined ? "" : ` (${fault.hint})`}`);
    }
  };
  const keys = new Set(wanted.map(keyOf));
  for (const [key, one] of state.attached) {
    // Connections that are here go on; nobody waits for their end.
    if (!keys.has(key) && !one.isEnding) await attempt(one.wanted.label, () => void endLater(state, key));
  }
  for (const one of wanted) {
    const known = state.attached.get(keyOf(one));
    await attempt(one.label, () => {
      if (known === undefined) return begin(state, one);
      if (known.isEnding || JSON.stringify(known.wanted.ports) !== JSON.stringify(one.ports)) {
        known.attachment.update(one.ports);
      }
      Object.assign(known, { wanted: one, isEnding: false });
    });
  }
  return problems;
}

function begin({ options, door, attached }: State, wanted: WantedWorkload): void {
  const namespace = openNamespace(wanted.netns);
  const open = (table: string): Dataplane => options.openDataplane({ netns: namespace.path, table });
  const planes: Dataplane[] = [];
  try {
    const dataplane = open(transparentTable);
    planes.push(dataplane);
    const aliveDataplane = open(aliveTable);
    planes.push(aliveDataplane);
    const { label, ports } = wanted;
    const workload = (): WafWorkload | undefined => attached.get(keyOf(wanted))?.wanted.workload;
    const given = { namespace, label, workload, dataplane, aliveDataplane, door, logger: options.logger };
    const attachment = attach(given, ports);
    attached.set(keyOf(wanted), { namespace, attachment, wanted, isEnding: false });
    const { takenOver } = attachment;
    if (takenOver === undefined) return;
    options.onNotice({ what: "down", timeMs: options.nowMs(), how: "gone", label, ports, figures: takenOver });
  } catch (error) {
    for (const plane of planes) plane.close();
    namespace.close();
    throw error;
  }
}

async function end({ attached }: State, key: string, drainMs: number): Promise<void> {
  const one = attached.get(key);
  if (one === undefined) return;
  one.isEnding = true;
  if (!(await one.attachment.detach(drainMs)) || attached.get(key) !== one) return;
  attached.delete(key);
  one.namespace.close();
}

async function endLater(state: State, key: string): Promise<void> {
  try {
    await end(state, key, drainMsMax);
  } catch (error) {
    state.options.logger.error({ key, error }, "a workload was not detached");
  }
}

function statusOf({ attachment, wanted: { label, netns, ports } }: Attached): WorkloadStatus {
  const figures = attachment.figures();
  const none = { turned: 0, passedWhileDown: 0, droppedWhileDown: 0, refused: 0 };
  return {
    label,
    netns,
    ports: ports.map(({ port, onDown }) => ({ ...none, ...figures.find((one) => one.port === port), port, onDown })),
  };
}

function keyOf({ id, netns }: WantedWorkload): string {
  return id ?? netns;
}

function beat(
  { attachment, wanted }: Attached,
  options: Pick<TransparentOptions, "onNotice" | "nowMs" | "logger">,
): void {
  try {
    if (attachment.beat()) return;
    const { label, ports } = wanted;
    const figures = attachment.figures();
    options.onNotice({ what: "down", timeMs: options.nowMs(), how: "hung", label, ports, figures });
  } catch (error) {
    options.logger.warn({ label: wanted.label, error }, "the kernel was not told that the gateway lives");
  }
}

export interface TransparentFlags {
  readonly wanted: readonly WantedWorkload[];
  /** "policies" was among them: workloads of this machine that policies of the server ask for. */
  readonly byPolicy: boolean;
}

/** Values of `--transparent`. Throws the Fault "gateway/transparent". */
export function parseTransparentFlags(texts: readonly string[]): TransparentFlags {
  const wanted = texts.filter((text) => text !== "policies").map(parseTransparentFlag);
  const [twice] = wanted.filter(({ netns }, index) => wanted.findIndex((one) => one.netns === netns) !== index);
  if (twice === undefined) return { wanted, byPolicy: texts.includes("policies") };
  throw new Fault(`${twice.label} is named twice`, {
    code: "gateway/transparent",
    kind: "usage",
    hint: "one --transparent for each namespace: NETNS:PORT,PORT",
  });
}

/**
 * "NETNS:PORT[,PORT]" with NETNS a name under /run/netns or a file, and ports of fail mode open; ":closed" at the end makes it closed.
 * Throws the Fault "gateway/transparent".
 */
export function parseTransparentFlag(text: string): WantedWorkload {
  const found = /^(?<netns>.+?):(?<ports>\d{1,5}(?:,\d{1,5})*)(?::(?<mode>open|closed))?$/.exec(text)?.groups;
  const { netns = "", ports = "", mode } = found ?? {};
  const numbers = ports.split(",").map(Number);
  const isBad = numbers.some((port) => port < 1 || port > 65_535) || new Set(numbers).size !== numbers.length;
  if (found === undefined || isBad || (!netns.startsWith("/") && !/^[A-Za-z0-9_.-]{1,64}$/.test(netns))) {
    throw new Fault(`${text.slice(0, 200)} is no NETNS:PORT[,PORT][:open|closed]`, {
      code: "gateway/transparent",
      kind: "usage",
      hint: "NETNS is a name that `ip netns` shows, or a file as /proc/PID/ns/net.",
    });
  }
  return {
    netns: netns.startsWith("/") ? netns : path.join("/run/netns", netns),
    label: netns.startsWith("/") ? netns : `netns ${netns}`,
    ports: numbers.map((port) => ({ port, onDown: mode === "closed" ? "closed" : "open" })),
  };
}

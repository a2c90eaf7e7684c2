// Transparent mode of one workload: listening sockets in its namespace, the table that turns connections to them, the routing that brings answers back,
// and a sign of life for the kernel. Promises: nothing of it is left after `detach`; who finds a dead gateway's table takes it over, and a living one's is not touched.
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import {
  compileAliveTable,
  compileTransparentTable,
  figuresOf,
  type PortFigures,
  type TurnedPort,
} from "../../../core/waf/transparent/compile-table.ts";
import { liveSet, ownMark, routeTable, rulePriority, transparentLimits } from "../../../core/waf/transparent/limits.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { Namespace } from "../../../edge/transparent/namespace.ts";
import { addMarkRoute, removeMarkRoute } from "../../../edge/transparent/routes.ts";
import { isSettingsText, restore, type SettingsText, switchOn } from "../../../edge/transparent/settings.ts";
import { backlogMax, openListener } from "../../../edge/transparent/sockets.ts";
import type { TransparentDoor } from "./door.ts";
import { lingerMs, repairMsMin } from "./limits.ts";

const TCP = 6;
const families = [4, 6] as const;

export interface WantedPort {
  readonly port: number;
  readonly onDown: "open" | "closed";
}

export interface AttachOptions {
  readonly namespace: Namespace;
  readonly label: string;
  /** Asked for each connection. */
  readonly workload?: () => WafWorkload | undefined;
  /** Of the namespace, for the table of transparent mode and for the one that the kernel removes with us. Closed by `detach`. */
  readonly dataplane: Dataplane;
  readonly aliveDataplane: Dataplane;
  readonly door: TransparentDoor;
  readonly logger: Logger;
}

export interface Attachment {
  readonly label: string;
  /** What was counted since an earlier gateway went without detaching; undefined: there was none. */
  readonly takenOver: readonly PortFigures[] | undefined;
  /**
   * Makes the ports these; of those that stay nothing changes. One that is detaching stays after all. Throws Faults "transparent/*" and "dataplane/*":
   * then all is as it was.
   */
  update(ports: readonly WantedPort[]): void;
  figures(): readonly PortFigures[];
  /** Says to the kernel that we live. False: it had not heard of us for too long, and new connections went the way of a gateway that is down. */
  beat(): boolean;
  /**
   * New connections go straight to the application; those that are here may go on for so long. Then nothing of us is left in the namespace: true. False: `update`
   * came in between. Asked again, the shorter time holds.
   */
  detach(drainMs: number): Promise<boolean>;
}

interface Listening {
  readonly port: number;
  readonly listenPort4: number | undefined;
  readonly listenPort6: number | undefined;
  readonly servers: readonly Server[];
}

/** Attaches; connections are turned when it returns. Throws Faults "transparent/*" and "dataplane/*", and leaves nothing then. */
export function attach(options: AttachOptions, ports: readonly WantedPort[]): Attachment {
  const { namespace, dataplane, aliveDataplane, door, label } = options;
  const { before, takenOver } = hold(options);
  const book = openPorts(options, before);
  function beat(): boolean {
    const isLate = dataplane.listElements(liveSet).length === 0;
    dataplane.addElements([{ set: liveSet, elements: [{ key: [TCP], timeoutMs: transparentLimits.liveMs }] }]);
    return !isLate;
  }
  try {
    for (const family of families) addMarkRoute(namespace, markRoute(family));
    book.update(ports);
    aliveDataplane.apply(compileAliveTable({ isTurning: true }));
    beat();
  } catch (error) {
    book.close();
    undo(options, before);
    throw error;
  }
  const stopWatching = repairs(options, () => {
    book.writeAgain();
    beat();
  });
  let ending: Ending | undefined;
  async function drain(own: { readonly until: number }): Promise<boolean> {
    const goesOn = (): boolean => ending === own && door.openOf(namespace) > 0 && performance.now() < own.until;
    await delay(lingerMs);
    while (goesOn()) await delay(20);
    if (ending !== own) return false;
    book.close();
    door.cut(namespace);
    // Resets are on their way: they need the table once more.
    await delay(20);
    stopWatching();
    const [failure] = undo(options, before);
    dataplane.close();
    aliveDataplane.close();
    if (failure !== undefined) throw failure;
    return true;
  }
  return {
    label,
    takenOver,
    update: (next) => {
      book.update(next);
      if (ending === undefined) return;
      ending = undefined;
      aliveDataplane.apply(compileAliveTable({ isTurning: true }));
    },
    figures: () => figuresOf(dataplane.counters()),
    beat,
    detach: (drainMs) => {
      const until = performance.now() + drainMs;
      if (ending !== undefined) {
        ending.until = Math.min(ending.until, until);
        return ending.gone;
      }
      book.switchOff();
      // Still ours until all is gone: who came now would take the table that is taken away at the end.
      aliveDataplane.apply(compileAliveTable({ isTurning: false }));
      const own: Ending = { until, gone: Promise.resolve(false) };
      ending = own;
      own.gone = drain(own);
      return own.gone;
    },
  };
}

/**
 * Takes the lock of the namespace first: nothing is changed where another gateway lives. Then the namespace's settings, and what an earlier gateway left.
 * Throws the Fault "transparent/held".
 */
function hold(options: AttachOptions): ReturnType<typeof takeOver> {
  const { aliveDataplane } = options;
  const lock = compileAliveTable({ isTurning: false });
  try {
    aliveDataplane.apply(lock);
  } catch (cause) {
    // The kernel takes it away with its owner: who is there lives.
    if (!aliveDataplane.readBack(lock, { elements: false }).isThere) throw cause;
    throw new Fault("another gateway is before this workload", {
      code: "transparent/held",
      kind: "conflict",
      hint: "Stop that one first, and wait until its connections have ended; nothing was changed.",
      cause,
    });
  }
  try {
    return takeOver(options);
  } catch (error) {
    aliveDataplane.remove();
    throw error;
  }
}

/** Takes away what we made, the lock last. Each step is tried, whatever became of the others; returns what failed, which is logged. */
function undo({ namespace, dataplane, aliveDataplane, label, logger }: AttachOptions, before: SettingsText): unknown[] {
  const failures: unknown[] = [];
  const steps = [
    () => dataplane.remove(),
    ...families.map((family) => () => removeMarkRoute(namespace, markRoute(family))),
    () => restore(namespace, before),
    () => aliveDataplane.remove(),
  ];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      logger.error({ label, error: toFault(error).message }, "a part of transparent mode was not taken away");
      failures.push(error);
    }
  }
  return failures;
}

/** Writes the table again when somebody else changed it, at most once in `repairMsMin`. Returns how to stop. */
function repairs({ dataplane, label, logger }: AttachOptions, writeAgain: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  const repair = (): void => {
    timer = undefined;
    lastMs = performance.now();
    try {
      writeAgain();
    } catch (error) {
      logger.error({ label, error: toFault(error).message }, "a table that somebody changed was not repaired");
    }
  };
  const stop = dataplane.watch(() => {
    timer ??= setTimeout(repair, Math.max(0, lastMs + repairMsMin - performance.now()));
    timer.unref();
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

interface Ending {
  until: number;
  gone: Promise<boolean>;
}

interface PortBook {
  update(ports: readonly WantedPort[]): void;
  /** Nothing is turned any more; what was on its way is still taken. */
  switchOff(): void;
  /** The table as it should be. */
  writeAgain(): void;
  close(): void;
}

/** The listening sockets and the table, which go together. */
function openPorts(options: AttachOptions, before: SettingsText): PortBook {
  const { dataplane } = options;
  const open = new Map<number, Listening>();
  let wanted: readonly WantedPort[] = [];
  let isTurning = false;

  function apply(next: readonly WantedPort[], isOn: boolean): void {
    const turned = next.flatMap(({ port, onDown }): TurnedPort[] => {
      const listening = open.get(port);
      if (listening === undefined) return [];
      const { listenPort4, listenPort6 } = listening;
      return [{ port, onDown, listenPort4, listenPort6 }];
    });
    dataplane.apply(compileTransparentTable({ ports: turned, isOn, digest: digestOf(before, turned, isOn) }));
  }
  function closeUnwanted(): void {
    const kept = new Set(wanted.map(({ port }) => port));
    for (const [port, { servers }] of open) {
      if (kept.has(port)) continue;
      for (const server of servers) server.close();
      open.delete(port);
    }
  }
  function update(next: readonly WantedPort[]): void {
    checkPorts(next);
    try {
      for (const { port } of next) if (!open.has(port)) open.set(port, listen(options, port));
      apply(next, true);
    } catch (error) {
      closeUnwanted();
      throw error;
    }
    wanted = next;
    isTurning = true;
    // What was on its way to a port that is no longer turned is still taken.
    setTimeout(closeUnwanted, lingerMs).unref();
  }
  return {
    update,
    switchOff: () => {
      isTurning = false;
      apply(wanted, false);
    },
    writeAgain: () => apply(wanted, isTurning),
    close: () => {
      wanted = [];
      closeUnwanted();
    },
  };
}

function markRoute(family: 4 | 6) {
  return { family, mark: ownMark, table: routeTable, priority: rulePriority };
}

function checkPorts(ports: readonly WantedPort[]): void {
  const numbers = new Set(ports.map(({ port }) => port));
  const isBad = ports.some(({ port }) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (!isBad && numbers.size === ports.length && ports.length <= transparentLimits.portsMax) return;
  throw new Fault("ports of transparent mode: each once, from 1 to 65535, at most 64", {
    code: "transparent/ports",
    kind: "usage",
  });
}

/** The namespace's settings as they were before the first of us: an earlier gateway that did not detach left word in its table. */
function takeOver({ namespace, dataplane }: AttachOptions): {
  readonly before: SettingsText;
  readonly takenOver: readonly PortFigures[] | undefined;
} {
  const found = dataplane.readBack(compileTransparentTable({ ports: [], isOn: false, digest: "" }), {
    elements: false,
  });
  const said = /^waf-([01-]{3})-/.exec(found.digest)?.[1];
  const now = switchOn(namespace);
  return {
    before: said !== undefined && isSettingsText(said) ? said : now,
    takenOver: found.isThere ? figuresOf(dataplane.counters()) : undefined,
  };
}

/** Of all that the table depends on, and what a successor needs to know. */
function digestOf(before: SettingsText, ports: readonly TurnedPort[], isOn: boolean): string {
  const list = ports.map(({ port, onDown, listenPort4 = 0, listenPort6 = 0 }) => [
    port,
    onDown,
    listenPort4,
    listenPort6,
  ]);
  let hash = 0;
  for (const letter of JSON.stringify([isOn, list])) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return `waf-${before}-${hash.toString(16)}`;
}

function listen({ namespace, label, door, logger, workload }: AttachOptions, port: number): Listening {
  const servers: Server[] = [];
  const listenPorts: Partial<Record<4 | 6, number>> = {};
  for (const family of families) {
    const socket = tryListener(namespace, family);
    if (socket === undefined) continue;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on("connection", (client) => door.serve(client, { namespace, label, port, workload: workload?.() }));
    server.on("error", (error) => logger.error({ label, port, error }, "a transparent listener failed"));
    server.listen({ fd: socket.descriptor, backlog: backlogMax });
    servers.push(server);
    listenPorts[family] = socket.port;
  }
  return { port, servers, listenPort4: listenPorts[4], listenPort6: listenPorts[6] };
}

/** Undefined: a namespace without IPv6. */
function tryListener(namespace: Namespace, family: 4 | 6): ReturnType<typeof openListener> | undefined {
  try {
    return openListener(namespace, family);
  } catch (error) {
    if (family === 6 && error instanceof Fault && /EAFNOSUPPORT|EADDRNOTAVAIL/.test(error.message)) return undefined;
    throw error;
  }
}

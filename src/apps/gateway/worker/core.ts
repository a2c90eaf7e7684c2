// What one worker is: a rule set in force, the doors that serve sockets, and the events that come out. Runs in a thread of its own or in the main one.
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { Logger } from "../../../base/logger.ts";
import { toFault } from "../../../base/fault.ts";
import {
  createEngineInspector,
  type InspectedRequest,
  type InspectorCounts,
  type ServedRules,
} from "../engine-inspector.ts";
import { recordOf, type EventRecord } from "../events/record.ts";
import { createHttpSide } from "../http/create-http-side.ts";
import type { HttpSide, HttpSideOptions } from "../http/http-side.ts";
import type { ConnectionSource, Inspector } from "../inspect.ts";
import { loadRules, type LoadOrder } from "../rules/load-rules.ts";
import { createTrustedProxies } from "../trusted-proxies.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { upstreamTarget } from "./dial.ts";
import { createDoors, type Doors } from "./doors.ts";
import type { ListeningDoor, LoadResult, WorkerFigures, WorkerSettings } from "./messages.ts";

export interface WorkerCore {
  readonly inspector: Inspector;
  /** Compiles beside what is in force and swaps; what is under way ends on the old one. */
  load(order: LoadOrder, errorsMax: number): LoadResult;
  accept(door: ListeningDoor, socket: Socket, source: ConnectionSource): void;
  /** What stands behind the doors from now on. */
  setWorkload(workload: WafWorkload | undefined): void;
  /** Another HTTP side over the same rules: transparent mode brings its own upstreams. */
  openSide(options: Pick<HttpSideOptions, "upstreamFor" | "forwarded">): HttpSide;
  figures(): WorkerFigures;
  close(drainMs: number): Promise<void>;
}

export interface CoreParts {
  readonly settings: WorkerSettings;
  /** False: it has no room, the record is dropped and counted. */
  readonly onRecord: (record: EventRecord) => boolean;
  readonly logger: Logger;
}

export function createWorkerCore({ settings, onRecord, logger }: CoreParts): WorkerCore {
  let served: ServedRules | undefined;
  let eventsDropped = 0;
  let workload = settings.workload;
  const proxies = createTrustedProxies(settings.trustedProxies);
  const counts: InspectorCounts = { inspected: 0, unselected: 0, notInspected: {}, evaluationUs: 0 };
  const inspector = createEngineInspector({
    current: () => served,
    proxies,
    nowMs: Date.now,
    uniqueId: randomUUID,
    counts,
    onTold: (request: InspectedRequest) => {
      const record = recordOf(request);
      if (record !== undefined && !onRecord(record)) eventsDropped += 1;
    },
  });
  const sides: HttpSide[] = [];
  const openSide = (given: Pick<HttpSideOptions, "upstreamFor" | "forwarded">): HttpSide => {
    const side = createHttpSide({
      ...given,
      inspector,
      isTrustedProxy: proxies.isTrusted,
      doubleFraming: settings.doubleFraming,
      onBodyTooLarge: settings.onBodyTooLarge,
      limits: settings.limits,
      nowMs: () => performance.now(),
      logger,
    });
    sides.push(side);
    return side;
  };
  const { upstream } = settings;
  const target = upstream === undefined ? undefined : upstreamTarget(upstream);
  const proxy = target === undefined ? undefined : openSide({ upstreamFor: () => target, forwarded: "set" });
  const doors: Doors = createDoors({
    inspector,
    proxies,
    limits: settings.limits,
    onBodyTooLarge: settings.onBodyTooLarge,
    logger,
  });
  return {
    inspector,
    load(order, errorsMax) {
      const tried = tryLoad(order, errorsMax);
      if ("served" in tried) served = tried.served;
      // Soon, not now: the answer goes first, and who has the old rule set may let go of it.
      setTimeout(collectGarbage, 200).unref();
      return "served" in tried ? tried.result : tried;
    },
    setWorkload(given) {
      workload = given;
    },
    accept(door, socket, given) {
      // Nothing passes unseen: before the first rule set there is no door.
      if (served === undefined) return void socket.destroy();
      const source = { ...given, workload };
      if (door === "proxy" && proxy !== undefined) proxy.accept(socket, source);
      else if (door === "proxy") socket.destroy();
      else doors.accept(door, socket, source);
    },
    openSide,
    figures: () => figuresOf({ sides, counts, served, doors, eventsDropped }),
    async close(drainMs) {
      await Promise.all([...sides.map((side) => side.close(drainMs)), doors.close(drainMs)]);
    },
  };
}

type Tried = LoadResult | { readonly served: ServedRules; readonly result: LoadResult };

function tryLoad(order: LoadOrder, errorsMax: number): Tried {
  const { number } = order;
  const sinceMs = performance.now();
  try {
    const loaded = loadRules(order);
    const errors = loaded.problems.filter(
      // A team's policy does not keep a gateway from starting.
      ({ severity, position }) => severity === "error" && !(number === 1 && /^Waf(Policy|Floor)\//.test(position.file)),
    );
    const [first] = errors;
    if (first !== undefined && errors.length > errorsMax) {
      const { file, line } = first.position;
      return {
        number,
        isLoaded: false,
        because: `${errors.length} refused directives, the first in ${file} line ${line}: ${first.message}`,
      };
    }
    const { served, problems, policyProblems, rules, source, nextChangeMs } = loaded;
    const about = {
      digest: served.digest,
      problems,
      policyProblems,
      rules,
      source,
      nextChangeMs,
      package: loaded.package,
      tables: served.engine.tables,
    };
    return { served, result: { number, isLoaded: true, ...about, loadMs: performance.now() - sinceMs } };
  } catch (error) {
    return { number, isLoaded: false, because: toFault(error).message };
  }
}

interface FigureSources {
  readonly sides: readonly HttpSide[];
  readonly counts: InspectorCounts;
  readonly served: ServedRules | undefined;
  readonly doors: Doors;
  readonly eventsDropped: number;
}

function figuresOf({ sides, counts, served, doors, eventsDropped }: FigureSources): WorkerFigures {
  const engine = served?.engine.figures;
  return {
    http: sumOfSides(sides),
    inspector: { ...counts, notInspected: { ...counts.notInspected } },
    doors: doors.requests(),
    engine: {
      transactions: engine?.transactions ?? 0,
      memoEntries: engine?.memoEntries ?? 0,
      memoHits: engine?.memoHits ?? 0,
      budgetExceeded: engine?.budgetExceeded ?? 0,
    },
    eventsDropped,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

function sumOfSides(sides: readonly HttpSide[]): WorkerFigures["http"] {
  const all = sides.map(({ figures }) => figures);
  const sum = (pick: (figures: WorkerFigures["http"]) => number): number =>
    all.reduce((total, one) => total + pick(one), 0);
  const upstreamFailures: Record<string, number> = {};
  for (const figures of all) {
    for (const [cause, count] of Object.entries(figures.upstreamFailures)) {
      upstreamFailures[cause] = (upstreamFailures[cause] ?? 0) + count;
    }
  }
  return {
    connections: sum((one) => one.connections),
    connectionsOpen: sum((one) => one.connectionsOpen),
    connectionsRefused: sum((one) => one.connectionsRefused),
    requests: sum((one) => one.requests),
    malformed: sum((one) => one.malformed),
    blocked: sum((one) => one.blocked),
    upstreamFailures,
    timeouts: sum((one) => one.timeouts),
    tunnels: sum((one) => one.tunnels),
    errors: sum((one) => one.errors),
    heldBytes: sum((one) => one.heldBytes),
  };
}

// The agent's guard with this machine's own means: kernel programs, cgroups, /proc, the pipeline's processes, the break-glass file.
import { statSync } from "node:fs";
import { join } from "node:path";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { AddressBook } from "../../../core/directory/address-book.ts";
import { podOf } from "../../../core/directory/refine-subject.ts";
import type { Guard } from "../../../core/runtime-policy/guard-port.ts";
import type { RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import type { KnownRule } from "../../../core/runtime-policy/rule-book.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { readCgroupFile } from "../../../edge/proc/cgroup-file.ts";
import type { GuardOptions } from "../../../edge/sensor/guard/load-guard.ts";
import { findFile } from "../../../edge/sensor/guard/find-file.ts";
import { freeze, isFrozen, release } from "../../../edge/sensor/guard/freeze.ts";
import { cgroupMount } from "../../../edge/sensor/proc.ts";
import type { Subject } from "../../../model/identity.ts";
import type { AgentConfig } from "../config.ts";
import { enforceFolder, readBreakGlass } from "../enforce/break-glass.ts";
import type { Outbox } from "../outbox.ts";
import type { Pipeline } from "../pipeline.ts";
import { openPins } from "./open-pins.ts";
import { createGuardSide, type GuardSide } from "./guard-side.ts";
import { isCaretaker } from "./caretaker.ts";
import { holdRow } from "./hold-row.ts";
import { createHolds, type Hold, keptInFile } from "./holds.ts";
import { guardedRow } from "./guarded-row.ts";
import type { GuardedProcess, NodePlaces } from "./living.ts";
import type { PinMeans } from "./pins.ts";

export interface OpenGuardSide {
  readonly config: AgentConfig;
  readonly pipeline: () => Pick<Pipeline, "living" | "known" | "take">;
  readonly outbox: Pick<Outbox, "push">;
  readonly book: AddressBook;
  readonly nowMs: () => number;
  readonly logger: Pick<Logger, "warn">;
  /** false: the sensor sees a node that is not this machine. */
  readonly isThisMachine: boolean;
}

type Open = (options: GuardOptions) => Promise<Guard>;

/** A platform without koffi's native part has no guard, and says so on each policy. */
async function importGuard(): Promise<Open> {
  try {
    return (await import("../../../edge/sensor/guard/open-guard.ts")).openGuard;
  } catch (error) {
    return async () => {
      throw error;
    };
  }
}

export async function openGuardSide(needs: OpenGuardSide): Promise<GuardSide> {
  const { config, isThisMachine, book, nowMs } = needs;
  const mount = isThisMachine ? cgroupMount("/proc") : undefined;
  const folder = config.guard.cgroup === "" ? mount : config.guard.cgroup;
  const open = await importGuard();
  const refusal = whyNot(config, isThisMachine);
  const paths = createCgroupPaths();
  const places = placesOf(mount);
  let guard: Guard | undefined;
  const opened = async (): Promise<Guard> => {
    if (refusal !== "") throw new Fault(refusal, { code: "guard/never", kind: "forbidden" });
    guard ??= await open({ cgroupPath: folder, agentPid: process.pid });
    return guard;
  };
  const isolate = (path: string): Disposable => {
    if (guard !== undefined) return guard.isolate(path);
    throw new Fault("the kernel's guard is not open", { code: "guard/not-open", kind: "unavailable" });
  };
  const pins = await openPins(config, {
    openGuard: () => open({ cgroupPath: folder, agentPid: 0 }),
    say: (line) => needs.logger.warn({ what: line }, "pinned runtime policies"),
  });
  // Nothing is stopped here whatever policies say: not by an earlier run either.
  if (isThisMachine && refusal !== "") freeAll(pins, needs.logger);
  const kept = keptInFile(join(enforceFolder(config.data), "frozen.json"));
  const placeOf = ({ cgroupId, pid }: Placed): string => `${mount}${paths.of(cgroupId, pid)}`;
  return createGuardSide({
    openGuard: opened,
    holds:
      refusal === ""
        ? createHolds({ freeze, isFrozen, release, kept, isolate, tell: (hold) => tellHold(needs, hold, placeOf) })
        : undefined,
    pins: refusal === "" ? pins : undefined,
    cgroupMount: mount ?? "",
    subjectOf: (event) => {
      const { subject } = needs.pipeline().known(event.process);
      return selectable(subject, book, paths.of(event.cgroupId, event.process.pid));
    },
    processes: function* (): Generator<GuardedProcess> {
      for (const { record, subject } of needs.pipeline().living()) {
        const { pid, name, cgroupId } = record;
        const mountNamespace = inodeOf(`/proc/${pid}/ns/mnt`);
        // Gone meanwhile: nothing of it is left to be guarded.
        if (mountNamespace === 0) continue;
        const cgroup = paths.of(cgroupId, pid);
        yield {
          pid,
          name,
          cgroupId,
          mountNamespace,
          isCaretaker: mountNamespace === places.hostMountNamespace && isCaretaker(`/proc/${pid}/exe`),
          containerId: subject.containerId,
          subject: selectable(subject, book, cgroup),
        };
      }
    },
    places,
    find: (pid, path, use) => findFile(`/proc/${pid}/root`, path, use),
    drillFolder: refusal === "" && folder !== undefined ? folder : "",
    stopped: () => {
      const glass = readBreakGlass(enforceFolder(config.data));
      return glass === undefined ? "" : `break-glass since ${new Date(glass.sinceMs).toISOString()}: ${glass.because}`;
    },
    tell: (event, known, count) => tell(needs, { event, known, count }),
    nowMs,
  });
}

/** As an event of whatever workload lives in the cgroup. */
function tellHold(needs: OpenGuardSide, hold: Hold, pathOf: (process: Placed) => string): void {
  for (const { record, subject } of needs.pipeline().living()) {
    if (pathOf(record) !== hold.cgroupPath) continue;
    const row = holdRow(hold, { subject, fidelity: "kernel", timeMs: needs.nowMs() });
    needs.outbox.push("security_events", row);
    return;
  }
}

interface Placed {
  readonly pid: number;
  readonly cgroupId: number;
}

function tell(
  needs: OpenGuardSide,
  {
    event,
    known,
    count,
  }: { readonly event: GuardedEvent; readonly known: KnownRule | undefined; readonly count: number },
): void {
  // The table learns of a process that nothing else has told of yet.
  needs.pipeline().take([event]);
  const { record, subject, ancestors } = needs.pipeline().known(event.process);
  const doer = {
    subject,
    ancestors,
    processId: record?.id ?? "",
    process: record?.name ?? event.comm,
    executable: record?.executable ?? "",
    fidelity: "kernel",
  } as const;
  needs.outbox.push("security_events", guardedRow(event, known, doer, count));
}

function freeAll(pins: PinMeans, logger: Pick<Logger, "warn">): void {
  try {
    const links = pins.removeEarlier(0);
    if (links > 0)
      pins.say(`${links} pinned links of an earlier run of this agent were removed: nothing is stopped here`);
  } catch (error) {
    logger.warn({ error: toFault(error).message }, "pinned links of an earlier run of this agent cannot be removed");
  }
}

function whyNot(config: AgentConfig, isThisMachine: boolean): string {
  if (!isThisMachine) return "this node is simulated: nothing is stopped on it";
  if (config.guard.enforce === "never") return "this agent was started with guard.enforce: never";
  return config.sensor.fidelity === "polled"
    ? "this agent was told to load no kernel programs (sensor.fidelity: polled)"
    : "";
}

function selectable(subject: Subject, book: AddressBook, cgroup: string): RuntimeSubject {
  const { namespace, workload, container, image } = subject;
  const labels = podOf(book, { subject, podUid: "", timeMs: Date.now() })?.labels ?? {};
  return { namespace, workload, container, image, labels, cgroup };
}

function placesOf(mount: string | undefined): NodePlaces {
  return {
    rootCgroupId: mount === undefined ? 0 : inodeOf(mount),
    hostMountNamespace: inodeOf("/proc/1/ns/mnt") || inodeOf("/proc/self/ns/mnt"),
    agentCgroupId: mount === undefined ? 0 : inodeOf(`${mount}${pathIn(readCgroupText(process.pid))}`),
  };
}

const cgroupPathsMax = 16_384;

/** Paths of v2 cgroups by id, each read once. */
function createCgroupPaths() {
  const known = new Map<number, string>();
  return {
    of(id: number, pid: number): string {
      let path = known.get(id);
      if (path === undefined) {
        if (known.size >= cgroupPathsMax) known.clear();
        path = pathIn(readCgroupText(pid));
        known.set(id, path);
      }
      return path;
    },
  };
}

function readCgroupText(pid: number): string {
  const reading = readCgroupFile("/proc", pid);
  return "text" in reading ? reading.text : "";
}

function pathIn(text: string): string {
  return /^0::(.*)$/m.exec(text)?.[1] ?? "";
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    // Gone, or not to be looked at: 0 stands for "not known".
    return 0;
  }
}

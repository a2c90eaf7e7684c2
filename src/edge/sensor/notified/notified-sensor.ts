// The rung between the kernel's programs and polling: the kernel notifies (process connector, fanotify, audit), the rest is looked up in /proc, if it is still
// there. Connections come from polling. After a loss polling also tells of the processes that were missed.
import { uptime } from "node:os";
import type { Sensor, SensorEvent } from "../../../core/sense/sensor.ts";
import type { Capability } from "../../../model/node.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { createPollingSensor, pollingLimits } from "../polling-sensor.ts";
import { cgroupMount, createCgroupIds, procLimits } from "../proc.ts";
import { auditedExecs, parseAuditRecord } from "./audit-records.ts";
import { createFileEye, type FileEye } from "./file-eye.ts";
import { netlinkProtocols, type Notifier, type NotifierLibrary, openNotifierLibrary } from "./libc.ts";
import { createProcessBook, type ProcessBook } from "./process-book.ts";
import { type At, createProcessEye } from "./process-eye.ts";
import { holeCounter, listenMessage, parseNotice } from "./proc-notices.ts";

export interface NotifiedSensorOptions {
  /** Why the kernel's programs are not used; shown as it is. */
  readonly because: string;
  readonly procPath?: string;
  readonly pollIntervalMs?: number;
  readonly excludedPid?: number;
  /** Where opens are told: the machine's and each container's. Their direct children only. */
  readonly folders?: readonly string[];
  /** Room for process notices that wait, in bytes. */
  readonly receiveBytes?: number;
}

export const notifiedLimits = {
  receiveBytes: 8 * 1024 * 1024,
  auditReceiveBytes: 1024 * 1024,
  /** Datagrams of one turn of the loop, so that other work goes on. */
  datagramsPerTurnMax: 4096,
  waitMs: 200,
  /** For so long after a loss what polling sees and nobody told is told. */
  healMs: 10_000,
} as const;

const rootHome = "/root";
/** Folders in which an open is worth telling; few files are in them. */
export const defaultFolders = [
  "/etc",
  "/etc/ssh",
  rootHome,
  `${rootHome}/.ssh`,
  "/var/run/secrets/kubernetes.io/serviceaccount",
] as const;

interface Notifiers {
  readonly processes: Notifier;
  readonly files: FileEye | undefined;
  readonly filesBecause: string;
  readonly audit: Notifier | undefined;
  readonly auditBecause: string;
  readonly descriptors: readonly number[];
  readonly closeAll: () => void;
}

/** Throws Fault "sensor/notify" where the process connector is refused; without fanotify or audit it goes on and says so. */
export function createNotifiedSensor(options: NotifiedSensorOptions): Sensor {
  const procPath = options.procPath ?? "/proc";
  const counts: Record<string, number> = {};
  const drops: Record<string, number> = {};
  const count = (what: string, howMany = 1): void => {
    drops[what] = (drops[what] ?? 0) + howMany;
  };
  const book = createProcessBook(procLimits.processesMax, () => count("processes"));
  const library = openNotifierLibrary();
  const notifiers = openNotifiers(library, { options, procPath, book, count });
  const polled = createPollingSensor({
    because: "",
    procPath,
    intervalMs: options.pollIntervalMs ?? pollingLimits.intervalMs,
    ...(options.excludedPid === undefined ? {} : { excludedPid: options.excludedPid }),
  });
  const reader = new Reader({ notifiers, procPath, book, count });
  const closing = new AbortController();
  let cpuMs = 0;
  let running: Promise<void> = Promise.resolve();

  function tell(events: readonly SensorEvent[], onBatch: (events: readonly SensorEvent[]) => void): void {
    for (const event of events) counts[event.type] = (counts[event.type] ?? 0) + 1;
    if (events.length > 0) onBatch(events);
  }

  function timed(work: () => void): void {
    const before = process.threadCpuUsage();
    work();
    const used = process.threadCpuUsage(before);
    cpuMs += (used.user + used.system) / 1000;
  }

  async function follow(onBatch: (events: readonly SensorEvent[]) => void): Promise<void> {
    while (!closing.signal.aborted) {
      await library.wait(notifiers.descriptors, notifiedLimits.waitMs);
      if (!closing.signal.aborted) timed(() => tell(reader.drain(), onBatch));
    }
  }

  return {
    fidelity: "notified",
    fidelityBecause: options.because,
    capabilities: capabilitiesOf(notifiers, options.pollIntervalMs ?? pollingLimits.intervalMs),
    start: async (onBatch) => {
      notifiers.processes.send(listenMessage(process.pid, true));
      // What the connector told before a look belongs before what the look sees.
      await polled.start((events) => tell([...reader.drain(), ...reader.admitPolled(events)], onBatch));
      running = follow(onBatch);
    },
    watchFirstBytes: () => undefined,
    stats: () => ({
      eventsByType: { ...counts },
      dropsByType: { ...drops, ...polled.stats().dropsByType },
      cpuMs: cpuMs + polled.stats().cpuMs,
    }),
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort();
      await polled.close();
      // The descriptors are waited for in another thread: they stay open until it is back.
      await running;
      notifiers.closeAll();
    },
  };
}

/** The machine's clocks against each other: the connector tells monotonic time, /proc counts from boot with the time that the machine slept. */
function bootClock(): (atNs: bigint) => At {
  const [nowMs, monotonicNs] = [Date.now(), process.hrtime.bigint()];
  const aheadMs = uptime() * 1000 - Number(monotonicNs / 1_000_000n);
  // The uptime is coarse: only a machine that slept is further ahead.
  const sleptMs = aheadMs > 2000 ? aheadMs : 0;
  return (atNs) => ({
    timeMs: nowMs - Math.max(0, Number((monotonicNs - atNs) / 1_000_000n)),
    startMs: Math.floor((Number(atNs / 1_000_000n) + sleptMs) / 10) * 10,
  });
}

interface ReaderParts {
  readonly notifiers: Notifiers;
  readonly procPath: string;
  readonly book: ProcessBook;
  readonly count: (what: string, howMany?: number) => void;
}

class Reader {
  readonly #parts: ReaderParts;
  readonly #audited = auditedExecs();
  readonly #holes = holeCounter();
  readonly #eventOf: ReturnType<typeof createProcessEye>;
  #healsUntilMs = 0;
  /** 1 when an overflow was counted whose hole is not seen yet. */
  #uncounted = 0;

  constructor(parts: ReaderParts) {
    const { procPath, book, count, notifiers } = parts;
    this.#parts = parts;
    this.#eventOf = createProcessEye({
      procPath,
      book,
      cgroupIds: createCgroupIds(cgroupMount(procPath)),
      audited: (pid) => this.#audited.take(pid),
      openedForExec: (pid) => notifiers.files?.openedForExec(pid) ?? "",
      count,
    });
  }

  drain(): SensorEvent[] {
    const { files } = this.#parts.notifiers;
    // The file that is opened to be run, and what audit says of it, before the exec that they belong to.
    files?.drain();
    this.#drainAudit();
    const events: SensorEvent[] = [];
    this.#drainProcesses(events);
    return [...events, ...(files?.told(Date.now()) ?? [])];
  }

  /** Of polling's events those that this rung does not tell itself, and after a loss those that it missed. */
  admitPolled(events: readonly SensorEvent[]): SensorEvent[] {
    const { book } = this.#parts;
    return events.filter((event) => {
      if (event.type === "running") {
        remember(book, event);
        return true;
      }
      if (event.type !== "exec" && event.type !== "exit") return true;
      if (Date.now() > this.#healsUntilMs) return false;
      const known = book.get(event.process.pid);
      const isKnown = known?.process.startMs === event.process.startMs;
      // An exit that was told has left the book.
      if (event.type === "exit") return isKnown && book.take(event.process.pid) !== undefined;
      // A fork that was told says nothing of the exec after it, which shows by the name.
      if (isKnown && known?.comm === event.comm) return false;
      remember(book, event);
      return true;
    });
  }

  #drainAudit(): void {
    const { audit } = this.#parts.notifiers;
    for (let read = 0; read < notifiedLimits.datagramsPerTurnMax; read += 1) {
      const datagram = audit?.receive();
      if (datagram === undefined) return;
      if (datagram === "lost") this.#parts.count("audit-records");
      else {
        const record = parseAuditRecord(datagram);
        if (record !== undefined) this.#audited.add(record);
      }
    }
  }

  #drainProcesses(events: SensorEvent[]): void {
    const { processes, files } = this.#parts.notifiers;
    const clock = bootClock();
    for (let read = 0; read < notifiedLimits.datagramsPerTurnMax; read += 1) {
      const datagram = processes.receive();
      if (datagram === undefined) return;
      if (datagram === "lost") {
        this.#overflowed();
        continue;
      }
      const numbered = parseNotice(datagram);
      if (numbered === undefined) continue;
      this.#lost(this.#holes(numbered));
      if (numbered.notice === undefined) continue;
      const event = this.#eventOf(numbered.notice, clock(numbered.atNs));
      events.push(event);
      if (event.type === "exec") files?.watchRootOf(event.process.pid);
    }
  }

  /** How many were lost the holes in the numbers say, but only when something more is told: until then it is one at least. */
  #overflowed(): void {
    if (this.#uncounted === 0) this.#parts.count("process-notices");
    this.#uncounted = 1;
    this.#healsUntilMs = Date.now() + notifiedLimits.healMs;
  }

  #lost(howMany: number): void {
    if (howMany === 0) return;
    this.#parts.count("process-notices", howMany - this.#uncounted);
    this.#uncounted = 0;
    this.#healsUntilMs = Date.now() + notifiedLimits.healMs;
  }
}

function remember(book: ProcessBook, event: Extract<SensorEvent, { readonly type: "exec" | "running" }>): void {
  const { process, parent, comm, cgroupId, uid, gid, capabilities } = event;
  book.put({ process, parent, comm, cgroupId, uid, gid, capabilities });
}

interface OpenParts {
  readonly options: NotifiedSensorOptions;
  readonly procPath: string;
  readonly book: ProcessBook;
  readonly count: (what: string) => void;
}

function openNotifiers(library: NotifierLibrary, { options, procPath, book, count }: OpenParts): Notifiers {
  const processes = library.openNetlink(
    netlinkProtocols.CONNECTOR,
    options.receiveBytes ?? notifiedLimits.receiveBytes,
  );
  const fanotify = orFault(() => library.openFanotify());
  const audit = orFault(() => library.openNetlink(netlinkProtocols.AUDIT, notifiedLimits.auditReceiveBytes));
  const folders = options.folders ?? defaultFolders;
  const notifier = fanotify instanceof Fault ? undefined : fanotify;
  const files =
    notifier === undefined
      ? undefined
      : createFileEye({ notifier, procPath, folders, book, count, ownPid: process.pid });
  const watched = files?.watchMachine() ?? 0;
  const auditNotifier = audit instanceof Fault ? undefined : audit;
  const open = [processes, notifier, auditNotifier].filter((each) => each !== undefined);
  return {
    processes,
    files,
    filesBecause: fanotify instanceof Fault ? fanotify.message : `opens in ${watched} of ${folders.length} folders`,
    audit: auditNotifier,
    auditBecause: audit instanceof Fault ? audit.message : "records are read where somebody makes them; nothing is set",
    descriptors: open.map(({ descriptor }) => descriptor),
    closeAll: () => {
      for (const each of open) each.close();
    },
  };
}

function orFault<T>(open: () => T): T | Fault {
  try {
    return open();
  } catch (error) {
    return toFault(error);
  }
}

function capabilitiesOf(
  { files, filesBecause, audit, auditBecause }: Notifiers,
  pollMs: number,
): readonly Capability[] {
  const racy =
    "notified: path and arguments are looked up in /proc, where a process that lives for less than a millisecond or so is gone";
  return [
    { name: "exec", available: true, because: racy },
    { name: "fork", available: true, because: "notified: user and cgroup are the parent's until the first exec" },
    { name: "exit", available: true, because: "notified: with exit code and signal" },
    { name: "files", available: files !== undefined, because: `${filesBecause}; without how they were opened` },
    { name: "calls", available: true, because: "notified: changes of the user id and ptrace only" },
    { name: "audit", available: audit !== undefined, because: auditBecause },
    {
      name: "tcp",
      available: true,
      because: `polled: what lives shorter than ${pollMs} ms is missed; without bytes and failures`,
    },
    { name: "packets", available: false, because: "no packets are seen: no UDP, DNS, HTTP or TLS" },
    { name: "cgroups", available: false, because: "cgroups are not seen to come and go" },
    { name: "environment", available: false, because: "environments are read by the kernel's programs alone" },
  ];
}

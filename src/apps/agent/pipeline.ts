// Sensor events to rows: attributed, redacted, aggregated. Runs in the agent's main thread; nothing in it waits.
import type { Detection, DetectSubject } from "../../core/detect/contract.ts";
import type { AddressBook } from "../../core/directory/address-book.ts";
import { createFlowAggregator } from "../../core/flow/aggregate.ts";
import type { FlowAggregator } from "../../core/flow/flow-aggregator.ts";
import { createDomainNames } from "../../core/flow/domain-names.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import { createLateIdentities } from "../../core/process/late-identity.ts";
import { createProcessTable, type CgroupReading, type ProcessTable } from "../../core/process/process-table.ts";
import { createDnsExchanges, type DnsExchange } from "../../core/protocol/dns-exchange.ts";
import type { FileDeedEvent } from "../../core/sense/deed-events.ts";
import type {
  DnsPacketEvent,
  ExecEvent,
  ExitEvent,
  FirstBytesEvent,
  ForkEvent,
  ProcessKey,
  SensorEvent,
} from "../../core/sense/sensor.ts";
import type { Fidelity, Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import { agentLimits } from "./config.ts";
import type { DetectSide } from "./detect/detect-side.ts";
import { createDetectSubjects, type DetectSubjectOf } from "./detect/detect-subject.ts";
import { securityRowOf } from "./detect/security-row.ts";
import type { SensorLookup } from "./dns/dns-side.ts";
import { createFileRows } from "./file-rows.ts";
import { createHttpExchanges, type HttpExchange } from "./http-exchanges.ts";
import type { Outbox } from "./outbox.ts";
import { isComplete, sendLate, type LateRow } from "./late-rows.ts";
import { flowDirectory } from "./peers.ts";
import { processRowOf } from "./process-rows.ts";
import { dnsRowOf, httpRowOf, type RowDoer } from "./protocol-rows.ts";
import { createSubjects, type SubjectCell } from "./subjects.ts";
import type { ContainerProcess, KnownProcess } from "./used-files.ts";
import type { Sight, VisibilityBook } from "./visibility.ts";

export interface PipelineOptions {
  readonly machine: { readonly bootId: string; readonly bootTimeMs: number };
  readonly fidelity: Fidelity;
  readonly windowMs: number;
  readonly rowsPerWindowMax: number;
  readonly visibility: VisibilityBook;
  readonly containers: ContainerDirectory | undefined;
  readonly containersBecause: string;
  /** Who is who in the cluster; absent: nobody tells, and every end that is no process of this machine is external. */
  readonly book?: AddressBook;
  readonly readCgroup: (pid: number) => CgroupReading;
  readonly outbox: Pick<Outbox, "push">;
  /** Says which policies decided about a flow, in place; absent: nobody enforces here. */
  readonly completeFlow?: (row: Row<"flows">) => void;
  /** True: a DNS proxy of this node tells this look-up, so the sensor's row is not sent. */
  readonly isTwin?: (lookup: SensorLookup) => boolean;
  /** Rules over the events, once their processes are known; absent: nobody judges. */
  readonly detect?: Pick<DetectSide, "take" | "tick">;
}

export interface Pipeline {
  take(events: readonly SensorEvent[]): void;
  /** Windows, timeouts, late identities. Call a few times a second. */
  tick(nowMs: number): void;
  /** A rule fired: becomes a row, which waits for its workload's name as others do. */
  detected(detection: Detection): void;
  /** The book has news: rows that waited for it go on. */
  identitiesCame(): void;
  /** Everything that is still held back, for shutdown. */
  drain(nowMs: number): void;
  /** v2 cgroups whose first bytes are asked for; 0 stands for all. */
  watchedCgroups(): ReadonlySet<number>;
  /** Live processes of containers whose image is known. */
  containerProcesses(): Iterable<ContainerProcess>;
  /** Live processes of all containers. */
  confinedProcesses(): Iterable<ContainerProcess>;
  living(): Iterable<ContainerProcess>;
  known(process: ProcessKey): KnownProcess;
  /** Deeds on files that became no row for a limit, since the last call. */
  takeFilesOmitted(): number;
  subjectOf(process: ProcessKey): Subject;
  readonly flows: FlowAggregator;
  readonly counters: Readonly<Record<"redactions" | "identitiesUnknown" | "protocolLimits", number>>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  return new AgentPipeline(options);
}

class AgentPipeline implements Pipeline {
  readonly flows: FlowAggregator;
  readonly #options: PipelineOptions;
  readonly #table: ProcessTable;
  readonly #subjects;
  readonly #detectSubject: DetectSubjectOf;
  readonly #names = createDomainNames();
  readonly #dns = createDnsExchanges();
  readonly #http = createHttpExchanges();
  readonly #files;
  readonly #late = createLateIdentities<LateRow>();
  readonly #cgroups = new Map<number, Set<SubjectCell>>();
  #cgroupReads = 0;
  #nowMs = 0;
  #redactions = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#table = createProcessTable(options.machine);
    this.#detectSubject = createDetectSubjects(options.containers);
    this.#files = createFileRows(options.fidelity);
    this.#subjects = createSubjects({
      table: this.#table,
      fidelity: options.fidelity,
      containers: options.containers,
      containersBecause: options.containersBecause,
      book: options.book,
      nowMs: () => this.#nowMs,
      onSettled: () => this.#settleLate(),
    });
    this.flows = createFlowAggregator({
      windowMs: options.windowMs,
      rowsPerWindowMax: options.rowsPerWindowMax,
      ...(options.book === undefined ? {} : { directory: flowDirectory(options.book) }),
      domainOf: (reporter, address) => this.#names.nameOf(askerOf(reporter.subject), address, this.#nowMs),
    });
  }

  get counters() {
    return {
      redactions: this.#redactions,
      identitiesUnknown: this.#subjects.unknown,
      protocolLimits: this.#http.pushedOut + this.#dns.stats().pushedOut,
    };
  }

  take(events: readonly SensorEvent[]): void {
    this.#cgroupReads = 0;
    for (const event of events) this.#takeOne(event);
    this.#options.detect?.take(events, this.#detectSubjectOf);
  }

  detected(detection: Detection): void {
    const { process, cgroupId } = detection;
    const record = this.#table.find(process);
    // Whom the table has forgotten is who it was when the rule was asked.
    const gone = { subject: detection.subject, isPending: false, containerId: "" };
    const cell = record === undefined ? gone : this.#cellOf({ process, cgroupId });
    const { fidelity, visibility } = this.#options;
    const { subject } = cell;
    const context = { processId: record?.id ?? "", subject, sight: visibility.sightOf(subject), fidelity };
    this.#send({ table: "security_events", row: securityRowOf(detection, context), cell }, this.#nowMs);
  }

  readonly #detectSubjectOf = (process: ProcessKey, cgroupId: number): DetectSubject => {
    return this.#detectSubject(this.#cellOf({ process, cgroupId }), this.#table.find(process));
  };

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const row of this.flows.flush(nowMs)) this.#pushFlow(row);
    for (const row of this.#files.flush(nowMs)) this.#options.outbox.push("file_events", row);
    for (const exchange of this.#dns.expire(nowMs)) this.#tellDns(exchange);
    for (const exchange of this.#http.expire(nowMs)) this.#tellHttp(exchange);
    this.#sendLate(this.#late.expire(nowMs));
    this.#options.detect?.tick(nowMs);
    this.#table.expire(nowMs);
  }

  identitiesCame(): void {
    this.#settleLate();
  }

  drain(nowMs: number): void {
    this.tick(nowMs);
    for (const row of this.flows.drain()) this.#pushFlow(row);
    for (const row of this.#files.flush(nowMs, "last")) this.#options.outbox.push("file_events", row);
    this.#sendLate(this.#late.drain());
  }

  #pushFlow(row: Row<"flows">): void {
    this.#options.completeFlow?.(row);
    this.#options.outbox.push("flows", row);
  }

  watchedCgroups(): ReadonlySet<number> {
    const { visibility } = this.#options;
    const watched = new Set<number>();
    if (visibility.isBlind) return watched;
    const isAsked = ({ http, tls }: Sight): boolean => http || tls;
    for (const [cgroupId, cells] of this.#cgroups)
      if ([...cells].some(({ subject }) => isAsked(visibility.sightOf(subject)))) watched.add(cgroupId);
    return watched;
  }

  takeFilesOmitted(): number {
    return this.#files.takeOmitted();
  }

  *containerProcesses(): Generator<ContainerProcess> {
    for (const each of this.confinedProcesses()) if (each.subject.image !== "") yield each;
  }

  *confinedProcesses(): Generator<ContainerProcess> {
    for (const each of this.living()) if (each.subject.containerId !== "") yield each;
  }

  *living(): Generator<ContainerProcess> {
    for (const record of this.#table.living()) yield { record, subject: this.subjectOf(record) };
  }

  known(process: ProcessKey): KnownProcess {
    const record = this.#table.find(process);
    return { record, subject: this.subjectOf(process), ancestors: this.#table.ancestors(process) };
  }

  subjectOf(process: ProcessKey): Subject {
    return this.#subjects.cellOf(process).subject;
  }

  readonly #reporterOf = (event: { readonly process: ProcessKey; readonly comm: string } & SensorEvent) => {
    this.#know(event);
    return this.#subjects.reporterOf(event.process, event.comm);
  };

  #takeOne(event: SensorEvent): void {
    if (event.timeMs > this.#nowMs) this.#nowMs = event.timeMs;
    switch (event.type) {
      case "udp":
        this.flows.udp(event, this.#reporterOf);
        return;
      case "tcp-open":
      case "tcp-failed":
      case "tcp-close":
      case "tcp-sample":
        this.flows.tcp(event, this.#reporterOf);
        return;
      case "exec":
      case "running":
      case "fork":
      case "exit":
        this.#takeProcess(event);
        return;
      case "dns":
        this.#takeDns(event);
        return;
      case "first-bytes":
        this.#takeFirstBytes(event);
        return;
      case "cgroup-made":
      case "cgroup-removed":
        this.#table.observe(event);
        if (event.type === "cgroup-removed") this.#cgroups.delete(event.cgroupId);
        return;
      case "file":
        this.#takeFile(event);
        return;
      case "call":
      case "guarded":
        this.#know(event);
        return;
    }
  }

  /** The process table learns of the event, and reads the process's cgroup file when it has to and may. */
  #know(event: SensorEvent): void {
    this.#table.observe(event);
    if (event.process.pid === 0) {
      // Nobody's file to read: the sensor says why it does not know the process. One key stands for all of them, so it is said each time.
      if (event.isProcessHidden === true) this.#table.cgroupRefused(event.process);
      else this.#table.cgroupGone(event.process);
      return;
    }
    if (event.type === "exit" || this.#cgroupReads >= agentLimits.cgroupReadsPerBatchMax) return;
    if (!this.#table.needsCgroup(event.process)) return;
    this.#cgroupReads += 1;
    const reading = this.#options.readCgroup(event.process.pid);
    if ("text" in reading) this.#table.cgroupRead(event.process, reading.text);
    else if (reading.unread === "refused") this.#table.cgroupRefused(event.process);
    else this.#table.cgroupGone(event.process);
    this.#subjects.forget(event.process);
  }

  #cellOf(event: { readonly process: ProcessKey; readonly cgroupId: number }): SubjectCell {
    const cell = this.#subjects.cellOf(event.process);
    if (event.cgroupId !== 0) this.#remember(event.cgroupId, cell);
    return cell;
  }

  /** On hybrid machines all workloads may share one v2 cgroup, so a cgroup has many. What is pushed out comes back with its next event. */
  #remember(cgroupId: number, cell: SubjectCell): void {
    let cells = this.#cgroups.get(cgroupId);
    if (cells?.has(cell) === true) return;
    if (cells === undefined) {
      if (this.#cgroups.size >= agentLimits.cgroupsMax) this.#cgroups.clear();
      cells = new Set();
      this.#cgroups.set(cgroupId, cells);
    }
    for (const oldest of cells) {
      if (cells.size < agentLimits.subjectsPerCgroupMax) break;
      cells.delete(oldest);
    }
    cells.add(cell);
  }

  #takeProcess(event: ExecEvent | ForkEvent | ExitEvent): void {
    // Two threads that end at the same moment may both be told as the last one: a process ends once.
    if (event.type === "exit" && this.#table.find(event.process)?.exitTimeMs !== undefined) return;
    this.#know(event);
    if (event.type !== "fork") this.#subjects.forget(event.process);
    const cell = this.#cellOf(event);
    const { fidelity, visibility } = this.#options;
    const sight = visibility.sightOf(cell.subject);
    const row = processRowOf(event, { table: this.#table, subject: cell.subject, sight, fidelity });
    this.#redactions += row.redacted.length;
    this.#send({ table: "process_events", row, cell }, event.timeMs);
  }

  #takeDns(event: DnsPacketEvent): void {
    this.#know(event);
    const exchange = this.#dns.observe(event);
    if (exchange !== undefined) this.#tellDns(exchange);
  }

  #tellDns(exchange: DnsExchange): void {
    const cell = this.#cellOf(exchange);
    const { question, answers, ttlSeconds, timeMs } = exchange;
    this.#names.learn(askerOf(cell.subject), question, answers, { ttlSeconds, nowMs: timeMs });
    const row = dnsRowOf(exchange, this.#doer(exchange, cell));
    const { clientAddress, clientPort } = exchange;
    if (this.#options.isTwin?.({ row, clientAddress, clientPort }) === true) return;
    this.#send({ table: "dns_events", row, cell }, timeMs);
  }

  #takeFirstBytes(event: FirstBytesEvent): void {
    this.#know(event);
    const cell = this.#cellOf(event);
    // The kernel selects by v2 cgroup; on hybrid machines several workloads share one, so it is asked again here.
    const sight = this.#options.visibility.sightOf(cell.subject);
    if (!sight.http && !sight.tls) return;
    const reading = this.#http.read(event, sight);
    if (reading.tls !== undefined) this.flows.tls(event, reading.tls.view, reading.tls.serverName);
    if (reading.exchange !== undefined) this.#tellHttp(reading.exchange);
  }

  #tellHttp(exchange: HttpExchange): void {
    const { event } = exchange;
    const cell = this.#cellOf(event);
    this.#redactions += exchange.redactions;
    const { row, peer } = httpRowOf(exchange, this.flows, this.#doer(event, cell));
    this.#send({ table: "http_events", row, cell, peer }, event.timeMs);
  }

  #takeFile(event: FileDeedEvent): void {
    this.#know(event);
    this.#files.take(event, { cell: this.#cellOf(event), record: this.#table.find(event.process) });
  }

  #doer(event: { readonly process: ProcessKey; readonly comm: string }, cell: SubjectCell): RowDoer {
    const columns = this.#processColumns(event.process, event.comm);
    return { columns, subject: cell.subject, fidelity: this.#options.fidelity };
  }

  #processColumns(process: ProcessKey, comm: string): { processId: string; pid: number; process: string } {
    const record = this.#table.find(process);
    return { processId: record?.id ?? "", pid: process.pid, process: record?.name ?? comm };
  }

  #send(late: LateRow, nowMs: number): void {
    if (this.#isComplete(late)) this.#sendLate([late]);
    else this.#sendLate(this.#late.hold(late, nowMs));
  }

  #settleLate(): void {
    this.#sendLate(this.#late.settle((late) => this.#isComplete(late)));
  }

  #isComplete(late: LateRow): boolean {
    return isComplete(late, this.#options.book);
  }

  #sendLate(rows: readonly LateRow[]): void {
    for (const late of rows) sendLate(late, this.#options.book, this.#options.outbox);
  }
}

/** Who a resolved name is remembered for: the container or the host's workload that asked. */
function askerOf(subject: Subject): string {
  return subject.containerId || `${subject.namespace}/${subject.workload}`;
}

// Drift as a row of security_events, made from the row that drifted: redacted already, with the workload that it names.
import type { BaselineTable, ItemOf } from "../../../core/baseline/row-items.ts";
import { driftOverflowRule, driftWords } from "../../../core/baseline/drift-words.ts";
import type { BaselineMode } from "../../../model/baseline.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";

/** What is kept of a row until its drift is told, and told again. */
export interface DriftSample {
  readonly baseline: { readonly name: string; readonly generation: number; readonly mode: BaselineMode };
  readonly item: ItemOf;
  readonly timeMs: number;
  readonly subject: Subject;
  readonly process: { readonly id: string; readonly pid: number; readonly name: string; readonly executable: string };
  readonly ancestors: readonly string[];
  /** "exec: /usr/bin/nc -l 9 (parent sh)". */
  readonly deed: string;
  readonly fidelity: Row<"security_events">["fidelity"];
}

const argumentsShown = 200;

export function driftRow(sample: DriftSample, count: number, nowMs: number): Row<"security_events"> {
  const { baseline, item, subject, deed, timeMs } = sample;
  const words = driftWords(item.kind, subject.workload, baseline.mode);
  const times = count === 1 ? "" : ` (${count} times within the hour)`;
  return {
    ...shared(sample, nowMs),
    severity: words.severity,
    rule: words.rule,
    title: words.title,
    message: `${words.title}: ${item.item}${times}`,
    evidence: [
      `${iso(timeMs)} ${deed}`,
      `${iso(timeMs)} baseline: ${baseline.name} version ${baseline.generation} (${baseline.mode}) holds no such item`,
    ],
    outputFields: [...fieldsOf(sample), `drift.kind=${item.kind}`, `drift.item=${item.item}`],
    count,
  };
}

/** A workload drifts in more ways than are told one by one. */
export function overflowRow(sample: DriftSample, count: number, nowMs: number): Row<"security_events"> {
  const { subject, deed, timeMs } = sample;
  const title = `${subject.workload} drifts in more ways than are told one by one`;
  return {
    ...shared(sample, nowMs),
    severity: "high",
    rule: driftOverflowRule,
    title,
    message: `${title}: ${count} more within the hour; its baseline may be too young, or it is not itself any more`,
    evidence: [`${iso(timeMs)} the newest of them: ${deed}`],
    outputFields: fieldsOf(sample),
    count,
  };
}

function fieldsOf({ baseline }: DriftSample): string[] {
  return [`baseline.name=${baseline.name}`, `baseline.version=${baseline.generation}`];
}

function shared({ baseline, subject, process, ancestors, fidelity }: DriftSample, nowMs: number) {
  return {
    time: nowMs,
    source: "garrison",
    tags: ["drift", `baseline:${baseline.name}`],
    techniques: [],
    action: "detected" as const,
    policy: baseline.name,
    receipt: "",
    ancestors: [...ancestors],
    processId: process.id,
    pid: process.pid,
    process: process.name,
    executable: process.executable,
    ...subject,
    fidelity,
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Whose a row is: of flows the reporter. */
export function subjectOfRow(table: BaselineTable, row: Row<BaselineTable>): Subject {
  if (table !== "flows") {
    const {
      namespace,
      workload,
      workloadKind,
      service,
      pod,
      container,
      containerId,
      image,
      imageDigest,
      identityReason,
    } = row as Row<"process_events">;
    return {
      namespace,
      workload,
      workloadKind,
      service,
      pod,
      container,
      containerId,
      image,
      imageDigest,
      identityReason,
    };
  }
  const flow = row as Row<"flows">;
  const { container, containerId, image } = flow;
  const ofContainer = { container, containerId, image };
  return flow.reporter === "source"
    ? {
        ...ofContainer,
        namespace: flow.sourceNamespace,
        workload: flow.sourceWorkload,
        workloadKind: flow.sourceKind,
        service: flow.sourceService,
        pod: flow.sourcePod,
        imageDigest: flow.sourceImageDigest,
        identityReason: flow.sourceReason,
      }
    : {
        ...ofContainer,
        namespace: flow.destinationNamespace,
        workload: flow.destinationWorkload,
        workloadKind: flow.destinationKind,
        service: flow.destinationService,
        pod: flow.destinationPod,
        imageDigest: flow.destinationImageDigest,
        identityReason: flow.destinationReason,
      };
}

export function processOfRow(table: BaselineTable, row: Row<BaselineTable>): DriftSample["process"] {
  if (table === "process_events") {
    const { processId, pid, name, executable } = row as Row<"process_events">;
    return { id: processId, pid, name, executable };
  }
  if (table === "flows") {
    const { pid, process, executable } = row as Row<"flows">;
    return { id: "", pid, name: process, executable };
  }
  const { processId, pid, process, ...rest } = row as Row<"file_events">;
  return { id: processId, pid, name: process, executable: "executable" in rest ? rest.executable : "" };
}

export function deedOfRow(table: BaselineTable, row: Row<BaselineTable>): string {
  switch (table) {
    case "process_events": {
      const { action, executable, arguments: words, ancestors } = row as Row<"process_events">;
      const line = [executable, ...words.slice(1)].join(" ").slice(0, argumentsShown);
      return `${action}: ${line} (parent ${ancestors[0] ?? "unknown"})`;
    }
    case "file_events": {
      const { action, path, targetPath, process } = row as Row<"file_events">;
      return `file ${action}: ${path}${targetPath === "" ? "" : ` -> ${targetPath}`} by ${process}`;
    }
    case "flows": {
      const flow = row as Row<"flows">;
      const place = (address: string, port: number): string => `${address} port ${port}/${flow.protocol}`;
      return flow.reporter === "source"
        ? `connect: ${flow.process} to ${place(flow.destinationAddress, flow.destinationPort)}`
        : `accept: ${flow.process} at port ${flow.destinationPort}/${flow.protocol} from ${flow.sourceAddress}`;
    }
    case "dns_events": {
      const { question, questionType, process } = row as Row<"dns_events">;
      return `dns: ${process} asked for ${questionType} ${question}`;
    }
  }
}

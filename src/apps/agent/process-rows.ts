// Process events as rows: arguments redacted and bounded before anything else sees them.
import { redactArguments } from "../../core/redact/redact.ts";
import type { ProcessRecord, ProcessTable } from "../../core/process/process-table.ts";
import type { ExecEvent, ExitEvent, ForkEvent } from "../../core/sense/sensor.ts";
import type { Fidelity, Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import { agentLimits } from "./config.ts";
import type { Sight } from "./visibility.ts";

export interface ProcessRowContext {
  readonly table: ProcessTable;
  readonly subject: Subject;
  readonly sight: Sight;
  readonly fidelity: Fidelity;
}

/** The row of an exec, fork, exit or of a process that ran before the agent. The event was observed by the table already. */
export function processRowOf(
  event: ExecEvent | ForkEvent | ExitEvent,
  context: ProcessRowContext,
): Row<"process_events"> {
  const { table, subject, sight, fidelity } = context;
  const record = table.find(event.process);
  const isExec = event.type === "exec" || event.type === "running";
  const kept = isExec ? argumentsOf(event, sight) : { arguments: [], redacted: [] };
  const startTime = record?.startTimeMs ?? event.timeMs;
  return {
    time: event.timeMs,
    action: event.type,
    processId: record?.id ?? "",
    parentProcessId: record?.parentId ?? "",
    pid: event.process.pid,
    parentPid: record?.parent.pid ?? 0,
    uid: record?.uid ?? 0,
    gid: record?.gid ?? 0,
    capabilities: record?.capabilities ?? 0,
    name: event.comm,
    executable: record?.executable ?? "",
    arguments: kept.arguments,
    argumentsCut: isExec && (event.argumentsCut || event.arguments.length > agentLimits.argumentsMax),
    redacted: kept.redacted,
    workingDirectory: record?.workingDirectory ?? "",
    ancestors: table.ancestors(event.process),
    ...factColumns(record),
    startTime,
    exitCode: event.type === "exit" ? event.exitCode : 0,
    signal: event.type === "exit" ? event.signal : 0,
    durationMs: event.type === "exit" ? Math.max(0, event.timeMs - startTime) : 0,
    ...subject,
    fidelity,
  };
}

const noLogin = 4_294_967_295;

/** What the kernel said at the last exec; a fork has its parent's until its own. */
function factColumns(record: ProcessRecord | undefined) {
  const facts = record?.facts;
  return {
    fileless: facts?.isFileless ?? false,
    upper: facts?.isUpper ?? false,
    script: facts?.script ?? "",
    loginUid: facts?.loginUid ?? noLogin,
    terminal: facts?.terminal ?? 0,
    session: facts?.session ?? 0,
    mountNamespace: facts?.mountNamespace ?? 0,
    innerPid: facts?.innerPid ?? 0,
    seccompMode: facts?.seccompMode ?? 0,
  };
}

function argumentsOf(event: ExecEvent, sight: Sight): { arguments: string[]; redacted: string[] } {
  if (!sight.arguments) return { arguments: [`‹${event.arguments.length} arguments not kept›`], redacted: [] };
  const words = event.arguments.slice(0, agentLimits.argumentsMax);
  const redaction = sight.redact ? redactArguments(words) : { arguments: words, redacted: [] };
  const kept = [...redaction.arguments];
  const redacted = new Set<string>(redaction.redacted);
  if (sight.redact && event.argumentsCut && words.length === event.arguments.length && hideCutWord(kept)) {
    redacted.add("over-limit");
  }
  const cut = (word: string) =>
    word.length > agentLimits.argumentLengthMax ? `${word.slice(0, agentLimits.argumentLengthMax)}…` : word;
  return { arguments: kept.map(cut), redacted: [...redacted] };
}

/**
 * The kernel's cut goes through the middle of a word, and half a secret (https://user:secr) has lost the mark by which it is known: what
 * follows the last white space is not kept. False when there was nothing to hide.
 */
function hideCutWord(words: string[]): boolean {
  const last = words.at(-1) ?? "";
  if (last === "" || last.endsWith("›")) return false;
  let from = last.length;
  while (from > 0 && !/\s/.test(last[from - 1] ?? "")) from -= 1;
  words[words.length - 1] = `${last.slice(0, from)}‹redacted:over-limit›`;
  return from < last.length;
}

// Events that come as values by field name ({"evt.type": "openat", "fd.name": "/etc/shadow"}): what Falco writes, and what people write to try a rule.
// Judged by every rule in turn: no index, no book of processes.
import { blankEvent, nobody, unknownSubject } from "../blank-event.ts";
import type { CompiledRules, Detection } from "../contract.ts";
import { createCompiler } from "../engine/closures.ts";
import type { ReadTerm } from "../engine/compile-check.ts";
import { ruleSetOf } from "../engine/program.ts";
import { startRule, withSource } from "../engine/running-rules.ts";
import { transformed } from "../engine/transform.ts";
import type { DetectEvent, Value } from "../event.ts";
import { printTerm } from "../falco/print-condition.ts";
import { defaultDetectLimits } from "../limits.ts";
import { parseInstantMs } from "../../../base/instant.ts";
import { detectionOf } from "../output/detection.ts";
import { createRoom } from "../stateful/state.ts";

export interface FlatJudge {
  /** All detections of one event, in the order of the rules. */
  take(flat: Readonly<Record<string, unknown>>): void;
  /** Absences fall due. */
  end(nowMs: number): void;
}

/** Disabled rules take no part. Not limited in rate: a person asks. */
export function createFlatJudge(rules: CompiledRules, onDetection: (detection: Detection) => void): FlatJudge {
  const { programs, interner } = ruleSetOf(rules);
  const limits = defaultDetectLimits;
  const room = createRoom(limits, readFlat);
  const compiler = createCompiler(readFlat);
  const running = programs
    .filter(({ summary }) => summary.isEnabled)
    .map((program) =>
      startRule(program, room, (firing) =>
        onDetection(detectionOf(program, firing, { limits, suppressedBefore: 0, readTerm: readFlat })),
      ),
    );
  const entries = running.flatMap(({ program, entries: own }) =>
    own.map(({ node, hit }) => ({
      predicate: compiler.compile(withSource(interner, node, program.summary.source === "k8s_audit")),
      hit,
    })),
  );
  let number = 0;
  return {
    take(flat) {
      number += 1;
      const event = flatEvent(flat, number);
      for (const { predicate, hit } of entries) if (predicate(event)) hit(event);
    },
    end(nowMs) {
      for (const { memory } of running) memory?.expire(nowMs);
    },
  };
}

/** By the field's name as rules write it; "evt.arg.flags" and "evt.arg[flags]" are the same. */
export const readFlat: ReadTerm = ({ field, argument, transformers }) => {
  const name = printTerm({ field: field.name, argument, transformers: [] });
  const dotted = argument === undefined ? name : `${field.name}.${argument}`;
  return transformed((event) => flatValue(event.flat?.[name] ?? event.flat?.[dotted]), transformers);
};

function flatValue(value: unknown): Value {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value === "<NA>" ? undefined : value;
  if (!Array.isArray(value)) return undefined;
  return value.filter((one): one is string | number => typeof one === "string" || typeof one === "number");
}

const noMachine = { hostname: "", bootMs: 0, userName: () => undefined, groupName: () => undefined };

/** Enough of an event to group by and to tell. */
function flatEvent(flat: Readonly<Record<string, unknown>>, number: number): DetectEvent {
  const text = (name: string): string =>
    typeof flat[name] === "string" || typeof flat[name] === "number" ? String(flat[name]) : "";
  const event = blankEvent(noMachine, undefined);
  const pid = Number(text("proc.pid")) || 0;
  const containerId = text("container.id");
  const isContainer = containerId !== "" && containerId !== "host";
  event.number = number;
  event.type = text("evt.type");
  event.source = Object.keys(flat).some((name) => name.startsWith("ka.") || name.startsWith("jevt."))
    ? "k8s_audit"
    : "syscall";
  event.flat = { ...derived(flat, event.source), "evt.num": number, ...flat };
  if (event.source === "k8s_audit") event.flat = { ...event.flat, "evt.type": "k8s_audit" };
  event.timeMs = timeOf(flat) ?? number;
  event.process = {
    ...nobody(),
    key: { pid, startMs: 0 },
    serial: pid,
    comm: text("proc.name"),
    executable: text("proc.exepath"),
  };
  event.subject = {
    ...unknownSubject,
    isContainer,
    subject: {
      ...unknownSubject.subject,
      container: text("container.name"),
      containerId: isContainer ? containerId : "",
      namespace: text("k8s.ns.name"),
      pod: text("k8s.pod.name"),
      image: text("container.image.repository"),
    },
  };
  return event;
}

/** What an event need not say: a system call is told at its end, and a command line stands for all arguments. */
function derived(flat: Readonly<Record<string, unknown>>, source: string): Readonly<Record<string, unknown>> {
  return {
    ...(source === "syscall" ? { "evt.dir": "<" } : {}),
    ...(flat["proc.cmdline"] === undefined ? {} : { "proc.exeline": flat["proc.cmdline"] }),
  };
}

/** Whether an event as it was written gives a field, whatever its argument. */
export function isFlatField(flat: Readonly<Record<string, unknown>>, field: string): boolean {
  const given = Object.keys({ ...derived(flat, "syscall"), "evt.num": 0, ...flat });
  return given.some((name) => name === field || name.startsWith(`${field}.`) || name.startsWith(`${field}[`));
}

/** Nanoseconds, RFC 3339, or Falco's own "time". */
function timeOf(flat: Readonly<Record<string, unknown>>): number | undefined {
  const raw = flat["evt.rawtime"] ?? flat["evt.time"];
  if (typeof raw === "number") return raw / 1_000_000;
  const text = typeof raw === "string" ? raw : flat["evt.time.iso8601"];
  return typeof text === "string" ? parseInstantMs(text) : undefined;
}

// A security event as Falco writes its alerts with json_output, so that whatever reads those reads ours: uuid, output, priority, rule, source, tags, time,
// hostname, output_fields. Field names of the well-known kinds are Falco's; what it has no name for begins with "garrison.".
import type { SecurityEvent } from "../../../model/security-event.ts";
import type { Outgoing } from "../sink.ts";

export const falcoPriorities = {
  critical: "Critical",
  high: "Error",
  medium: "Warning",
  low: "Notice",
  info: "Informational",
} as const satisfies Record<SecurityEvent["severity"], string>;

export interface FalcoAlert {
  readonly uuid: string;
  readonly output: string;
  readonly priority: string;
  readonly rule: string;
  /** Which kind of event the rule looks at. */
  readonly source: "syscall" | "k8s_audit";
  readonly tags: readonly string[];
  /** RFC 3339 with nine digits after the second, as Falco's. */
  readonly time: string;
  readonly hostname: string;
  readonly output_fields: Readonly<Record<string, string | number | null>>;
}

export function falcoAlert({ event, uuid }: Outgoing): FalcoAlert {
  const priority = falcoPriorities[event.severity];
  const time = nanoseconds(event.time);
  const fields = outputFieldsOf(event);
  return {
    uuid,
    output: `${time.slice(11, -1)}: ${priority} ${event.message === "" ? event.title : event.message}`,
    priority,
    rule: event.rule,
    source: isAudit(event) ? "k8s_audit" : "syscall",
    tags: [...new Set([...event.tags, ...event.techniques])],
    time,
    hostname: event.node,
    output_fields: fields,
  };
}

/** "2026-11-26T10:00:00.123Z" -> "2026-11-26T10:00:00.123000000Z". */
function nanoseconds(time: string): string {
  const [, seconds = time, fraction = ""] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, "0")}Z`;
}

function isAudit({ outputFields, tags }: SecurityEvent): boolean {
  return tags.includes("k8s_audit") || outputFields.some((field) => /^(ka|jevt)\./.test(field));
}

/** Written as numbers by Falco. */
const numbers: ReadonlySet<string> = new Set([
  "evt.time",
  "evt.num",
  "evt.rawres",
  "proc.pid",
  "proc.ppid",
  "proc.vpid",
  "proc.sid",
  "proc.tty",
  "proc.loginshellid",
  "thread.tid",
  "user.uid",
  "user.loginuid",
  "group.gid",
  "fd.num",
  "fd.sport",
  "fd.lport",
  "fd.rport",
  "fd.cport",
]);

function outputFieldsOf(event: SecurityEvent): FalcoAlert["output_fields"] {
  const fields = new Map<string, string | number | null>();
  const own: readonly (readonly [string, string | number])[] = [
    ["evt.time", Date.parse(event.time) * 1_000_000],
    ["container.id", event.containerId.slice(0, 12)],
    ["container.name", event.container],
    ["container.image.repository", event.image],
    ["container.image.digest", event.imageDigest],
    ["k8s.ns.name", event.namespace],
    ["k8s.pod.name", event.pod],
    ["proc.name", event.process],
    ["proc.exepath", event.executable],
    ["proc.pid", event.pid],
    ["proc.aname", event.ancestors.join(" <- ")],
    ["garrison.cluster", event.cluster],
    ["garrison.workload", event.workload],
    ["garrison.action", event.action],
    ["garrison.policy", event.policy],
    ["garrison.receipt", event.receipt],
    ["garrison.count", event.count],
    ["garrison.evidence", event.evidence.join("\n")],
  ];
  for (const [name, value] of own) if (value !== "" && value !== 0) fields.set(name, value);
  for (const field of event.outputFields) {
    const at = field.indexOf("=");
    if (at > 0) fields.set(field.slice(0, at), falcoValue(field.slice(0, at), field.slice(at + 1)));
  }
  // What is made from entries has no accessor "__proto__": a rule's field may have any name.
  return Object.fromEntries(fields);
}

/** Falco has null where a field has no value. */
function falcoValue(name: string, text: string): string | number | null {
  if (text === "<NA>" || text === "") return null;
  return numbers.has(name) && /^-?\d{1,19}$/.test(text) ? Number(text) : text;
}

// Falco alerts as its JSON output writes them (`json_output: true`; falco.org/docs/concepts/outputs) -> security_events.
import { parseInstantMs } from "../../base/instant.ts";
import type { severities } from "../../model/security-event.ts";
import { isBrokenLine } from "./batch.ts";
import { at, countAt, isObject, textAt, textsAt } from "./json.ts";
import { foreignLimits } from "./limits.ts";
import { redactForeign } from "./redact-foreign.ts";
import { finishRow, type Mapped } from "./row.ts";

const severityByPriority: Readonly<Record<string, (typeof severities)[number]>> = {
  emergency: "critical",
  alert: "critical",
  critical: "critical",
  error: "high",
  warning: "medium",
  notice: "low",
  informational: "info",
  info: "info",
  debug: "info",
};

/** One alert. */
export function mapFalco(item: unknown): Mapped {
  if (isBrokenLine(item)) return { because: item.brokenLine };
  if (!isObject(item)) return { because: "it is not an object" };
  const rule = textAt(item, "rule");
  if (rule === "") return { because: "it has no rule: not a Falco alert" };
  const severity = severityByPriority[textAt(item, "priority").toLowerCase()];
  if (severity === undefined) return { because: "its priority is not one of Falco's" };
  const fields = at(item, "output_fields");
  const time = parseInstantMs(textAt(item, "time")) ?? nanosecondsToMs(at(fields, "evt.time"));
  if (time === undefined) return { because: "its time cannot be read" };
  const field = (name: string) => known(textAt(fields, name));
  const tags = textsAt(item, "tags");
  const containerId = field("container.id");
  const pod = field("k8s.pod.name");
  const isContainer = containerId !== "" && containerId !== "host";
  const container = field("container.name");
  const row = finishRow("security_events", textAt(item, "hostname"), {
    time,
    severity,
    source: "falco",
    rule,
    title: rule,
    message: textAt(item, "output"),
    tags,
    techniques: tags.filter((tag) => /^T\d{4}(\.\d{3})?$/.test(tag)),
    evidence: evidenceOf(fields),
    count: 1,
    pid: countAt(fields, "proc.pid"),
    process: field("proc.name"),
    executable: field("proc.exepath"),
    namespace: field("k8s.ns.name") || (isContainer ? "" : "host"),
    workload: pod || container || (isContainer ? containerId : "host"),
    workloadKind: pod === "" ? (isContainer ? "Container" : "Host") : "Pod",
    pod,
    container,
    containerId: isContainer ? containerId : "",
    image: imageOf(field("container.image.repository"), field("container.image.tag")),
    imageDigest: field("container.image.digest"),
  });
  return { rows: [row] };
}

/** Falco writes "<NA>" or null for what it does not know. */
function known(text: string): string {
  return text === "<NA>" || text === "null" ? "" : text;
}

function imageOf(repository: string, tag: string): string {
  return tag === "" ? repository : `${repository}:${tag}`;
}

/** `evt.time` counts nanoseconds since the epoch. */
function nanosecondsToMs(value: unknown): number | undefined {
  return typeof value === "number" && value > 1e15 ? Math.floor(value / 1e6) : undefined;
}

/** "name=value" per output field. */
function evidenceOf(fields: unknown): string[] {
  if (!isObject(fields)) return [];
  const names = Object.keys(fields)
    .filter((name) => name !== "evt.time")
    .slice(0, foreignLimits.entriesMax);
  return names
    .map((name) => `${name}=${redactForeign(known(textAt(fields, name)))}`)
    .filter((entry) => !entry.endsWith("="));
}

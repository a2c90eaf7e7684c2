// Events of a file for `garrison detect test`: JSON lines (or one JSON list) of sensor events, flat values, or Kubernetes audit events.
import { readFileSync } from "node:fs";
import type { DetectSubject } from "../../../../core/detect/contract.ts";
import { unknownSubject } from "../../../../core/detect/blank-event.ts";
import type { SensorEvent } from "../../../../core/sense/sensor.ts";
import { inputFacts, readInputTextSync } from "../../input-file.ts";
import { usage } from "./load-rules.ts";

export const eventFileLimits = { fileBytesMax: 256 * 1024 * 1024, depthMax: 100 } as const;

type Json = Readonly<Record<string, unknown>>;

export type GivenEvent =
  | { readonly kind: "sensor"; readonly event: SensorEvent; readonly subject: DetectSubject }
  | { readonly kind: "audit"; readonly event: Json }
  | { readonly kind: "flat"; readonly event: Json };

/** "-" is standard input. Faults name the line. */
export function readEvents(name: string): readonly GivenEvent[] {
  const text = readText(name);
  return valuesOf(text, name)
    .map(({ value, line }) => givenOf(value, `${name}:${line}`))
    .flat();
}

function readText(name: string): string {
  if (name === "-") return readFileSync(0, "utf8");
  const hint = "name a file of JSON lines, or - for standard input";
  if (inputFacts(name, { hint }).size > eventFileLimits.fileBytesMax)
    throw usage(`${name} has more than ${eventFileLimits.fileBytesMax} bytes`, "split it");
  return readInputTextSync(name, { hint });
}

function valuesOf(text: string, name: string): readonly { readonly value: unknown; readonly line: number }[] {
  if (text.trimStart().startsWith("[")) {
    const value = parsed(text, `${name}:1`);
    return Array.isArray(value) ? value.map((one: unknown, index) => ({ value: one, line: index + 1 })) : [];
  }
  const found: { value: unknown; line: number }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    found.push({ value: parsed(line, `${name}:${index + 1}`), line: index + 1 });
  }
  return found;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usage(`${where} is no JSON`, "an event is one JSON object on a line");
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function givenOf(value: unknown, where: string): readonly GivenEvent[] {
  if (!isJson(value)) throw usage(`${where} is no JSON object`, "an event is one JSON object on a line");
  if (value["kind"] === "EventList" && Array.isArray(value["items"]))
    return value["items"].flatMap((one: unknown) => givenOf(one, where));
  if (typeof value["auditID"] === "string") return [{ kind: "audit", event: value }];
  if (typeof value["type"] === "string" && isJson(value["process"])) return [sensorOf(value)];
  const fields = value["output_fields"];
  if (isJson(fields))
    return [
      {
        kind: "flat",
        event: typeof value["time"] === "string" ? { "evt.time.iso8601": value["time"], ...fields } : fields,
      },
    ];
  if (Object.keys(value).some((key) => key.includes("."))) return [{ kind: "flat", event: value }];
  throw usage(
    `${where} is none of the known events`,
    'write a sensor event ({"type": "exec", ...}), fields ({"evt.type": "execve", ...}) or an audit event',
  );
}

/** What a sensor event has anyhow need not be written. */
const defaults: Json = {
  timeMs: 0,
  comm: "",
  cgroupId: 0,
  parent: { pid: 0, startMs: 0 },
  uid: 0,
  gid: 0,
  capabilities: 0,
  path: "",
  arguments: [],
  argumentsCut: false,
  workingDirectory: "",
  way: "syscall",
  requestedPath: "",
  targetPath: "",
  flags: 0,
  mode: 0,
  device: 0,
  inode: 0,
  error: 0,
  isUpper: false,
  count: 1,
  text: "",
  result: 0,
  localAddress: "",
  localPort: 0,
  remoteAddress: "",
  remotePort: 0,
  direction: "outbound",
  bytes: 0,
  packets: 1,
  socketId: 0,
  exitCode: 0,
  signal: 0,
};

function sensorOf(value: Json): GivenEvent {
  const { subject, ...rest } = value;
  const event = { ...defaults, ...rest };
  const call = event as { call?: unknown };
  call.call ??= "";
  const payload = (event as { payload?: unknown }).payload;
  if (typeof payload === "string") (event as { payload?: unknown }).payload = Buffer.from(payload, "base64");
  return { kind: "sensor", event: event as unknown as SensorEvent, subject: subjectOf(isJson(subject) ? subject : {}) };
}

function subjectOf(given: Json): DetectSubject {
  const { isPrivileged, podLabels, mounts, ...columns } = given;
  const subject = { ...unknownSubject.subject, ...(columns as Partial<DetectSubject["subject"]>) };
  return {
    ...unknownSubject,
    subject,
    isContainer: subject.containerId !== "",
    ...(typeof isPrivileged === "boolean" ? { isPrivileged } : {}),
    ...(isJson(podLabels) ? { podLabels: podLabels as Readonly<Record<string, string>> } : {}),
    ...(Array.isArray(mounts) ? { mounts: mounts as NonNullable<DetectSubject["mounts"]> } : {}),
  };
}

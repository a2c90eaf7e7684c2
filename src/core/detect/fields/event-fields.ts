// evt.* and syscall.*: the event itself, its arguments, flags and result.
import { formatInstant } from "../../../base/instant.ts";
import { argumentOf, argumentsText } from "./arguments.ts";
import { resultText } from "./errno.ts";
import { plain, type Field } from "./field.ts";
import { openFlags } from "./flags.ts";
import type { DetectEvent } from "../event.ts";

const eventText = { type: "text", scope: "event", group: "event" } as const;
const shapeFlag = { type: "boolean", scope: "shape", group: "event" } as const;
const eventNumber = { type: "number", scope: "event", group: "event" } as const;

const openTypes: ReadonlySet<string> = new Set(["open", "openat", "openat2", "creat", "open_by_handle_at"]);

/** Also what the index of judgements goes by. */
export function isOpen(type: string): boolean {
  return openTypes.has(type);
}

function accessOf(event: DetectEvent): number {
  return isOpen(event.type) ? event.flags & openFlags.O_ACCMODE : -1;
}

export function isOpenRead(event: DetectEvent): boolean {
  const access = accessOf(event);
  return access === 0 || access === openFlags.O_RDWR;
}

export function isOpenWrite(event: DetectEvent): boolean {
  const access = accessOf(event);
  return access === openFlags.O_WRONLY || access === openFlags.O_RDWR;
}

function isOpenCreate(event: DetectEvent): boolean {
  return isOpen(event.type) && (event.flags & (openFlags.O_CREAT | openFlags.O_TMPFILE)) !== 0;
}

const argumentField = (name: string, description: string): Field => ({
  name,
  ...eventText,
  many: "any",
  argument: "key!",
  description,
  read: (argument) => (event) => argumentOf(event, argument ?? ""),
});

export const eventFields: readonly Field[] = [
  plain(
    "evt.type",
    { ...eventText, scope: "shape", description: "name of the system call or event" },
    (event) => event.type,
  ),
  plain(
    "syscall.type",
    { ...eventText, scope: "shape", description: "the same, of system calls" },
    (event) => event.type,
  ),
  plain("evt.num", { ...eventNumber, description: "number of the event, from 1" }, (event) => event.number),
  plain("evt.dir", { ...eventText, scope: "shape", description: '"<": all events here are ends of calls' }, () => "<"),
  plain("evt.time", { ...eventText, description: "time of day, UTC" }, (event) =>
    formatInstant(event.timeMs).slice(11, -1),
  ),
  plain("evt.time.s", { ...eventText, description: "time of day in seconds, UTC" }, (event) =>
    formatInstant(event.timeMs).slice(11, 19),
  ),
  plain("evt.time.iso8601", { ...eventText, description: "RFC 3339" }, (event) => formatInstant(event.timeMs)),
  plain("evt.datetime", { ...eventText, description: "date and time, UTC" }, (event) =>
    formatInstant(event.timeMs).replace("T", " ").slice(0, -1),
  ),
  plain("evt.datetime.s", { ...eventText, description: "date and time in seconds, UTC" }, (event) =>
    formatInstant(event.timeMs).replace("T", " ").slice(0, 19),
  ),
  plain("evt.rawtime", { ...eventNumber, description: "nanoseconds since 1970" }, (event) => event.timeMs * 1_000_000),
  plain("evt.rawtime.s", { ...eventNumber, description: "seconds since 1970" }, (event) =>
    Math.floor(event.timeMs / 1000),
  ),
  plain("evt.rawtime.ns", { ...eventNumber, description: "nanoseconds of that second" }, (event) =>
    Math.round((event.timeMs % 1000) * 1_000_000),
  ),
  plain("evt.count", { ...eventNumber, description: "events that this one stands for" }, (event) => event.count),
  plain("evt.category", { ...eventText, scope: "shape", description: "file, net, process or other" }, categoryOf),
  plain("evt.source", { ...eventText, scope: "shape", description: "syscall or k8s_audit" }, (event) => event.source),
  plain("evt.is_async", { ...shapeFlag, description: "never here" }, () => false),
  plain("evt.res", { ...eventText, description: "SUCCESS, or the name of the error" }, (event) =>
    resultText(event.result),
  ),
  plain(
    "evt.rawres",
    { ...eventNumber, description: "what the call returned; below 0 an errno" },
    (event) => event.result,
  ),
  plain("evt.failed", { ...shapeFlag, description: "the call failed" }, (event) => event.result < 0),
  plain("evt.args", { ...eventText, description: "all arguments by name" }, argumentsText),
  plain("evt.info", { ...eventText, description: "all arguments by name" }, argumentsText),
  plain("evt.is_open_read", { ...shapeFlag, description: "opened for reading" }, isOpenRead),
  plain("evt.is_open_write", { ...shapeFlag, description: "opened for writing" }, isOpenWrite),
  plain(
    "evt.is_open_create",
    { ...shapeFlag, scope: "event", description: "the file is made when it is not there" },
    isOpenCreate,
  ),
  plain(
    "evt.is_open_exec",
    { ...shapeFlag, scope: "event", description: "made with a mode that lets it be executed" },
    (event) => isOpenCreate(event) && (event.mode & 0o111) !== 0,
  ),
  plain(
    "evt.is_io",
    { ...shapeFlag, description: "reads or writes" },
    (event) => event.type === "sendto" || event.type === "recvfrom",
  ),
  plain("evt.is_wait", { ...shapeFlag, description: "waits" }, () => false),
  argumentField("evt.arg", "one argument of the call by name"),
  argumentField("evt.rawarg", "the same; numbers as they are"),
  {
    ...plain(
      "evt.buffer",
      { ...eventText, group: "buffer", description: "bytes that were read or written" },
      () => undefined,
    ),
  },
  { ...plain("evt.buflen", { ...eventNumber, group: "buffer", description: "how many" }, () => undefined) },
  plain("evt.asynctype", { ...eventText, group: "buffer", description: "not here" }, () => undefined),
  plain(
    "evt.latency",
    { ...eventNumber, group: "buffer", description: "nanoseconds from the call's begin to its end" },
    () => undefined,
  ),
  plain("evt.cpu", { ...eventNumber, group: "buffer", description: "number of the processor" }, () => undefined),
  plain(
    "garrison.host_path",
    {
      ...eventText,
      scope: "plain-path",
      group: "host-folders",
      description: "where a file lies on the host, when a container reached it through a mount of a host's folder",
    },
    ({ raw }) => (raw?.type === "file" ? raw.hostPath : undefined),
  ),
  plain("evt.pluginname", { ...eventText, group: "buffer", description: "not here" }, () => undefined),
  plain("evt.plugininfo", { ...eventText, group: "buffer", description: "not here" }, () => undefined),
];

function categoryOf({ descriptorKind, type }: DetectEvent): string {
  if (descriptorKind === "file" || descriptorKind === "directory") return "file";
  if (descriptorKind === "ipv4" || descriptorKind === "ipv6" || descriptorKind === "unix") return "net";
  return /^(execve|execveat|clone|fork|procexit|setns|unshare|set.?uid|set.?gid)/.test(type) ? "process" : "other";
}

// proc.* and thread.*: the executed program, its arguments and its ancestors as they were when they made their children.
import type { DetectEvent, ReadValue, Value } from "../event.ts";
import { ancestorOf, commandLineOf, type ProcessFacts } from "../process/facts.ts";
import type { ExecFacts } from "../../sense/sensor.ts";
import { environmentFields } from "./environment-fields.ts";
import { leaderFields } from "./leader-fields.ts";
import { plain, type Field, type FieldGroup, type FieldType } from "./field.ts";
import { capabilitiesText } from "./flags.ts";

const nsPerMs = 1_000_000;
type Read = (process: ProcessFacts) => Value;

const some = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

function ofProcess(
  name: string,
  type: FieldType,
  [group, description]: readonly [FieldGroup, string],
  read: Read,
): Field {
  return plain(name, { type, scope: "process", group, description }, (event) => read(event.process));
}

const text = (name: string, description: string, read: Read): Field =>
  ofProcess(name, "text", ["process", description], (process) => (process.isKnown ? read(process) : undefined));

const fact = (
  name: string,
  type: FieldType,
  description: string,
  read: (facts: ExecFacts, process: ProcessFacts) => Value,
): Field =>
  ofProcess(name, type, ["exec-facts", description], (process) =>
    process.facts === undefined ? undefined : read(process.facts, process),
  );

const ofParent = (name: string, description: string, read: Read): Field =>
  ofProcess(name, "text", ["ancestry", description], ({ parent }) =>
    parent?.isKnown === true ? read(parent) : undefined,
  );

/** `proc.aname[2]` is the second ancestor's; `proc.aname` those of all ancestors. */
function ofAncestors(
  name: string,
  { type, read }: { readonly type: FieldType; readonly read: Read },
  description: string,
): Field {
  return {
    name,
    type,
    many: "any",
    scope: "process",
    group: "ancestry",
    argument: "index",
    description,
    read: (argument): ReadValue => {
      if (argument === undefined) return ({ process }) => allAncestors(process, read);
      const distance = Number(argument);
      return ({ process }) => {
        const found = ancestorOf(process, distance);
        return found === undefined ? undefined : read(found);
      };
    },
  };
}

/** The process itself counts, as in Falco: `proc.aname in (x)` walks from the parent on; undefined when there is none. */
function allAncestors(process: ProcessFacts, read: Read): Value {
  const values: (string | number)[] = [];
  for (let each = process.parent; each !== undefined && values.length < 32; each = each.parent) {
    const value = read(each);
    if (typeof value === "string" || typeof value === "number") values.push(value);
  }
  return values.length === 0 ? undefined : values;
}

const nameOf: Read = ({ comm }) => some(comm);

/** Nearly every rule on programs asks for them, and asks often: the last ones are joined once. */
const lastArguments: { words: readonly string[]; text: string } = { words: [], text: "" };

const argumentsOf: Read = ({ arguments: words }) => {
  if (words !== lastArguments.words) {
    lastArguments.words = words;
    lastArguments.text = words.slice(1).join(" ");
  }
  return lastArguments.text;
};

export const processFields: readonly Field[] = [
  { ...ofProcess("proc.name", "text", ["process", "short name, at most 15 bytes"], nameOf), scope: "name" },
  text("proc.exe", "first argument", (process) => process.arguments[0]),
  text("proc.exepath", "path of the program, resolved", (process) => some(process.executable)),
  text("proc.cmdline", "short name and arguments", commandLineOf),
  text("proc.exeline", "all arguments, the first too", (process) => process.arguments.join(" ")),
  text("proc.args", "arguments without the first", argumentsOf),
  text("proc.cwd", "working directory when it was executed", (process) => some(process.workingDirectory)),
  {
    ...text("garrison.argument", "one argument by its number, 0 the program as it was called", () => undefined),
    argument: "index!",
    read: (argument) => {
      const index = Number(argument);
      return ({ process }) => process.arguments[index];
    },
  },
  ofProcess("proc.cmdnargs", "number", ["process", "number of arguments without the first"], (process) =>
    process.isKnown ? Math.max(0, process.arguments.length - 1) : undefined,
  ),
  ofProcess("proc.cmdlenargs", "number", ["process", "characters of all arguments without the first"], (process) =>
    process.isKnown ? process.arguments.slice(1).reduce((sum, one) => sum + one.length, 0) : undefined,
  ),
  ofProcess("proc.pid", "number", ["event", "process id"], ({ key }) => (key.pid === 0 ? undefined : key.pid)),
  ofProcess("proc.ppid", "number", ["process", "parent's process id"], ({ parentPid, isKnown }) =>
    isKnown ? parentPid : undefined,
  ),
  ofProcess("thread.tid", "number", ["event", "the process's id"], ({ key }) => (key.pid === 0 ? undefined : key.pid)),
  ofProcess("thread.ismain", "boolean", ["event", "true: events tell of processes"], () => true),
  ofParent("proc.pname", "parent's short name", nameOf),
  ofParent("proc.pexe", "parent's first argument", (parent) => parent.arguments[0]),
  ofParent("proc.pexepath", "path of the parent's program", (parent) => some(parent.executable)),
  ofParent("proc.pcmdline", "parent's short name and arguments", commandLineOf),
  ofAncestors("proc.aname", { type: "text", read: nameOf }, "short name of an ancestor, 1 the parent"),
  ofAncestors("proc.aexe", { type: "text", read: (process) => process.arguments[0] }, "first argument of an ancestor"),
  ofAncestors(
    "proc.aexepath",
    { type: "text", read: (process) => some(process.executable) },
    "path of an ancestor's program",
  ),
  ofAncestors("proc.acmdline", { type: "text", read: commandLineOf }, "short name and arguments of an ancestor"),
  ofAncestors("proc.aargs", { type: "text", read: argumentsOf }, "arguments of an ancestor"),
  ofAncestors("proc.apid", { type: "number", read: ({ key }) => key.pid }, "process id of an ancestor"),
  fact("proc.vpid", "number", "process id in its own namespace", ({ innerPid }) => innerPid),
  fact("thread.vtid", "number", "the same", ({ innerPid }) => innerPid),
  fact("proc.vpgid", "number", "process group", ({ processGroup }) => processGroup),
  fact("proc.pgid", "number", "process group", ({ processGroup }) => processGroup),
  fact("proc.sid", "number", "session", ({ session }) => session),
  ...leaderFields,
  fact(
    "proc.is_vpgid_leader",
    "boolean",
    "leads its process group",
    ({ processGroup, innerPid }, { key }) => processGroup === key.pid || processGroup === innerPid,
  ),
  fact(
    "proc.is_pgid_leader",
    "boolean",
    "leads its process group",
    ({ processGroup, innerPid }, { key }) => processGroup === key.pid || processGroup === innerPid,
  ),
  fact(
    "proc.is_sid_leader",
    "boolean",
    "leads its session",
    ({ session, innerPid }, { key }) => session === key.pid || session === innerPid,
  ),
  fact("proc.tty", "number", "device of the controlling terminal, 0: none", ({ terminal }) => terminal),
  fact(
    "proc.is_exe_upper_layer",
    "boolean",
    "the program is not of the image: it was written since",
    ({ isUpper }) => isUpper,
  ),
  fact(
    "proc.is_exe_from_memfd",
    "boolean",
    "the program has no name in any file system",
    ({ isFileless }) => isFileless,
  ),
  plain(
    "garrison.exec_in_host",
    {
      type: "boolean",
      scope: "process",
      group: "exec-facts",
      description: "the program was executed in the node's own mount namespace, whatever container the process is in",
    },
    ({ process: { facts }, machine: { mountNamespace = 0 } }) =>
      facts === undefined || facts.mountNamespace === 0 || mountNamespace === 0
        ? undefined
        : facts.mountNamespace === mountNamespace,
  ),
  fact(
    "garrison.script",
    "text",
    "the script that the program was started for by its first line (#!), against its working directory",
    ({ script }, { workingDirectory }) => some(absolutePath(script, workingDirectory)),
  ),
  fact("proc.exe_ino", "number", "inode of the program's file", ({ inode }) => inode),
  fact("proc.exe_ino.mtime", "number", "the file's content changed: nanoseconds since 1970", ({ fileModifiedMs }) =>
    fileModifiedMs === 0 ? undefined : fileModifiedMs * nsPerMs,
  ),
  fact("proc.exe_ino.ctime", "number", "the file's inode changed: nanoseconds since 1970", ({ fileChangedMs }) =>
    fileChangedMs === 0 ? undefined : fileChangedMs * nsPerMs,
  ),
  fact(
    "proc.exe_ino.ctime_duration_proc_start",
    "number",
    "nanoseconds from then to the execution",
    ({ fileChangedMs }, { execMs }) => (fileChangedMs === 0 ? undefined : (execMs - fileChangedMs) * nsPerMs),
  ),
  fact("thread.cap_permitted", "text", "permitted capabilities by name", ({ capabilitiesPermitted }) =>
    capabilitiesText(capabilitiesPermitted),
  ),
  fact("thread.cap_inheritable", "text", "inheritable capabilities by name", ({ capabilitiesInheritable }) =>
    capabilitiesText(capabilitiesInheritable),
  ),
  text("thread.cap_effective", "effective capabilities by name", ({ capabilities }) => capabilitiesText(capabilities)),
  plain(
    "proc.duration",
    { type: "number", scope: "event", group: "process", description: "nanoseconds since it was executed" },
    durationOf(({ process }) => process),
  ),
  plain(
    "proc.ppid.duration",
    { type: "number", scope: "event", group: "ancestry", description: "the same, of the parent" },
    durationOf(({ process }) => process.parent),
  ),
  ofProcess("proc.pid.ts", "number", ["process", "execution: nanoseconds since 1970"], ({ isKnown, execMs }) =>
    isKnown ? execMs * nsPerMs : undefined,
  ),
  ofProcess("proc.ppid.ts", "number", ["ancestry", "the same, of the parent"], ({ parent }) =>
    parent?.isKnown === true ? parent.execMs * nsPerMs : undefined,
  ),
  ...environmentFields,
  ...(["proc.is_exe_writable", "proc.is_exe_lower_layer"] as const).map((name) => ({
    ...ofProcess(name, "boolean", ["untold", "not told by any sensor"], () => undefined),
  })),
  ...(
    [
      "proc.fdopencount",
      "proc.nchilds",
      "proc.nthreads",
      "proc.vmsize",
      "proc.vmrss",
      "proc.loginshellid",
      "proc.fdlimit",
      "proc.fdusage",
      "proc.pvpid",
      "thread.cpu",
    ] as const
  ).map((name) => ofProcess(name, "number", ["untold", "not told by any sensor"], () => undefined)),
];

function durationOf(of: (event: DetectEvent) => ProcessFacts | undefined): ReadValue {
  return (event) => {
    const process = of(event);
    return process?.isKnown === true ? Math.max(0, event.timeMs - process.execMs) * nsPerMs : undefined;
  };
}

/** "./x" in "/tmp" is "/tmp/x"; links are not followed. "" stays "". */
function absolutePath(path: string, folder: string): string {
  if (path === "") return "";
  const kept: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return `/${kept.join("/")}`;
}

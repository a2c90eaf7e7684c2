// evt.arg.NAME: arguments of each event under the names of Falco's event table. An argument with two spellings (number and word) has both.
import type { DetectEvent, Value } from "../event.ts";
import {
  bpfCommandText,
  cloneFlagsText,
  domainText,
  modeText,
  mountFlagsText,
  openFlagsText,
  ptraceText,
} from "./flags.ts";
import { resultText } from "./errno.ts";

type Argument = (event: DetectEvent) => Value;
type Arguments = Readonly<Record<string, Argument>>;

const raw = (event: DetectEvent, index: number): number | undefined =>
  event.raw?.type === "call" ? event.raw.arguments[index] : undefined;
const textOfCall: Argument = (event) => (event.raw?.type === "call" ? event.raw.text : undefined);
const some = (text: string): string | undefined => (text === "" ? undefined : text);

const requested: Argument = (event) => some(event.requestedPath) ?? some(event.path);
const resolved: Argument = (event) => both(event.path, event.requestedPath);
const target: Argument = (event) => some(event.targetPath);
const result: Argument = (event) => resultText(event.result);
const descriptor: Argument = (event) => event.descriptorNumber;

/** A path as it is and as it was asked for: a rule may mean either. */
function both(path: string, asked: string): Value {
  if (asked === "" || asked === path) return some(path);
  return path === "" ? asked : [path, asked];
}

const openArguments: Arguments = {
  fd: descriptor,
  name: requested,
  flags: (event) => openFlagsText(event.flags),
  mode: (event) => `0${event.mode.toString(8)}`,
  dev: (event) => (event.raw?.type === "file" ? event.raw.device : undefined),
  ino: (event) => (event.raw?.type === "file" ? event.raw.inode : undefined),
};
const pathArguments: Arguments = { res: result, path: resolved, name: resolved, filename: resolved };
const modeArguments: Arguments = { ...pathArguments, fd: descriptor, mode: (event) => modeText(event.mode) };
const moveArguments: Arguments = { res: result, oldpath: resolved, newpath: target };
const idArguments: Arguments = {
  res: result,
  uid: userOf(0),
  gid: (event) => raw(event, 0),
  ruid: userOf(0),
  euid: userOf(1),
  suid: userOf(2),
};
const socketArguments: Arguments = {
  res: result,
  fd: descriptor,
  tuple: (event) => tupleText(event),
  addr: (event) => tupleText(event),
};

/** A user's name where the machine knows it, and its number. */
function userOf(index: number): Argument {
  return (event) => {
    const uid = raw(event, index);
    if (uid === undefined) return undefined;
    const name = event.machine.userName(uid);
    return name === undefined ? String(uid) : [name, String(uid)];
  };
}

const namespaceArguments: Arguments = {
  res: result,
  fd: descriptor,
  nstype: (event) => cloneFlagsText(raw(event, 1) ?? 0),
  flags: (event) => cloneFlagsText(raw(event, 0) ?? 0),
};

const byType: Readonly<Record<string, Arguments>> = {
  ...Object.fromEntries(["open", "openat", "openat2", "creat"].map((type) => [type, openArguments])),
  ...Object.fromEntries(["unlink", "unlinkat", "rmdir"].map((type) => [type, pathArguments])),
  ...Object.fromEntries(
    ["mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "fchmodat2"].map((type) => [type, modeArguments]),
  ),
  ...Object.fromEntries(
    ["chown", "lchown", "fchown", "fchownat"].map((type) => [type, { ...pathArguments, pathname: resolved }]),
  ),
  ...Object.fromEntries(["rename", "renameat", "renameat2", "link", "linkat"].map((type) => [type, moveArguments])),
  ...Object.fromEntries(["symlink", "symlinkat"].map((type) => [type, { res: result, target, linkpath: resolved }])),
  ...Object.fromEntries(
    ["setuid", "setreuid", "setresuid", "setfsuid", "setgid", "setregid", "setresgid"].map((type) => [
      type,
      idArguments,
    ]),
  ),
  ...Object.fromEntries(
    ["connect", "accept", "accept4", "listen", "bind", "sendto", "recvfrom", "sendmsg", "recvmsg"].map((type) => [
      type,
      socketArguments,
    ]),
  ),
  ...Object.fromEntries(
    ["dup", "dup2", "dup3"].map((type) => [
      type,
      { res: (event: DetectEvent) => event.result, oldfd: (event: DetectEvent) => raw(event, 0) },
    ]),
  ),
  ...Object.fromEntries(
    ["execve", "execveat"].map((type) => [
      type,
      {
        res: result,
        filename: (event: DetectEvent) => both(event.process.executable, event.process.facts?.script ?? ""),
        exe: (event: DetectEvent) => event.process.arguments[0],
        args: (event: DetectEvent) => event.process.arguments.slice(1).join(" "),
        cwd: (event: DetectEvent) => some(event.process.workingDirectory),
        comm: (event: DetectEvent) => some(event.process.comm),
        pathname: (event: DetectEvent) => some(event.process.executable),
      },
    ]),
  ),
  mount: { res: result, dev: target, dir: resolved, type: textOfCall, flags: (event) => mountFlagsText(event.flags) },
  umount: { ...pathArguments, flags: (event) => String(event.flags) },
  umount2: { ...pathArguments, flags: (event) => String(event.flags) },
  socket: {
    fd: descriptor,
    domain: (event) => domainText(raw(event, 0) ?? 0),
    type: (event) => raw(event, 1),
    proto: (event) => raw(event, 2),
  },
  setns: namespaceArguments,
  unshare: namespaceArguments,
  clone: namespaceArguments,
  ptrace: {
    res: result,
    request: (event) => ptraceText(raw(event, 0) ?? -1),
    pid: (event) => raw(event, 1),
    data: textOfCall,
  },
  bpf: {
    fd: descriptor,
    res: (event) => event.result,
    cmd: (event) => {
      const command = raw(event, 0);
      return command === undefined ? undefined : [bpfCommandText(command), String(command)];
    },
  },
  memfd_create: { fd: descriptor, name: textOfCall, flags: (event) => raw(event, 1) },
  finit_module: { res: result, fd: descriptor, uargs: textOfCall },
  init_module: { res: result, uargs: textOfCall },
  userfaultfd: { res: (event) => event.result, flags: (event) => raw(event, 0) },
  kill: { res: result, pid: (event) => raw(event, 0), sig: (event) => raw(event, 1) },
  prctl: { res: (event) => event.result, option: (event) => raw(event, 0) },
  procexit: {
    status: (event) => (event.raw?.type === "exit" ? event.raw.exitCode : undefined),
    sig: (event) => (event.raw?.type === "exit" ? event.raw.signal : undefined),
  },
};

/** Names that any event has; an unknown one is a slip of the rule's writer. */
export const argumentNames: ReadonlySet<string> = new Set(Object.values(byType).flatMap((known) => Object.keys(known)));

/** Undefined: this event has no such argument. */
export function argumentOf(event: DetectEvent, name: string): Value {
  const known = byType[event.type];
  // The name is a rule's word: what every object has by itself is no argument.
  return known !== undefined && Object.hasOwn(known, name) ? known[name]?.(event) : undefined;
}

/** "res=SUCCESS path=/tmp/x": all that are known, in the table's order. */
export function argumentsText(event: DetectEvent): string {
  const known = byType[event.type] ?? {};
  return Object.entries(known)
    .map(([name, read]) => [name, read(event)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value[0] : value}`)
    .join(" ");
}

/** "10.0.0.5:4242->10.0.0.9:443", the client first. */
export function tupleText({ tuple, role }: DetectEvent): string | undefined {
  if (tuple === undefined) return undefined;
  const local = `${tuple.localAddress}:${tuple.localPort}`;
  const remote = `${tuple.remoteAddress}:${tuple.remotePort}`;
  if (tuple.remoteAddress === "") return local;
  return role === "server" ? `${remote}->${local}` : `${local}->${remote}`;
}

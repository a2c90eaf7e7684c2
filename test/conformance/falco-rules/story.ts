// Values by field name -> what the sensor would have told: ancestors, the program, then the deed. So that each case also goes through the adapter and the book.
import type { DetectMachine, DetectSubject } from "../../../src/core/detect/contract.ts";
import { unknownSubject } from "../../../src/core/detect/blank-event.ts";
import type { CallEvent, DescriptorFacts, FileDeed, WatchedCall } from "../../../src/core/sense/deed-events.ts";
import type {
  ExecEvent,
  ProcessKey,
  SensorEvent,
  SensorEventBase,
  SocketTuple,
} from "../../../src/core/sense/sensor.ts";
import { dnsAnswer } from "./dns-answer.ts";

export type Flat = Readonly<Record<string, string | number | boolean>>;

export interface Story {
  readonly events: readonly SensorEvent[];
  readonly subject: DetectSubject;
  readonly machine: DetectMachine;
}

const timeMs = 1_795_000_000_000;
const cgroupId = 42;
const userIds: Readonly<Record<string, number>> = { root: 0, nobody: 65_534 };

/** `from`: number of the first process. Facts that no sensor has are left out: such a story cannot make its rule fire. */
export function storyOf(flat: Flat, from = 1000): Story {
  const text = (name: string, otherwise = ""): string => (name in flat ? String(flat[name]) : otherwise);
  const ancestors = ancestorsOf(flat, text, from);
  const own = keyOf(from, ancestors.length);
  const exec = execOf(flat, text, own);
  const base: SensorEventBase = { timeMs: timeMs + 100, process: own, comm: exec.comm, cgroupId };
  const deed = deedOf(flat, text, base);
  return {
    events: [...dnsOf(text, base), ...ancestors, exec, ...(deed === undefined ? [] : [deed])],
    subject: subjectOf(flat, text),
    machine: {
      hostname: "node-1",
      bootMs: 0,
      userName: (uid) =>
        uid === uidOf(flat, text) && "user.name" in flat ? text("user.name") : uid === 0 ? "root" : undefined,
      groupName: () => undefined,
    },
  };
}

type Text = (name: string, otherwise?: string) => string;

function keyOf(from: number, index: number): ProcessKey {
  return { pid: from + index, startMs: 5000 + index };
}

/** From the farthest to the parent. An ancestor without a number stands in the fifth place. */
function ancestorsOf(flat: Flat, text: Text, from: number): readonly ExecEvent[] {
  const farthest = Math.max(
    1,
    ...Object.keys(flat).flatMap((name) => Number(/^proc\.a\w+\[(\d+)\]/.exec(name)?.[1] ?? 0)),
    "proc.aname" in flat ? 5 : 1,
  );
  return Array.from({ length: farthest }, (_, index) => {
    const distance = farthest - index;
    const isParent = distance === 1;
    const comm = text(
      `proc.aname[${distance}]`,
      isParent ? text("proc.pname", "parent") : distance === 5 ? text("proc.aname", "far") : "ancestor",
    );
    const program = text(
      `proc.aexepath[${distance}]`,
      isParent ? text("proc.pexepath", `/usr/bin/${comm}`) : `/usr/bin/${comm}`,
    );
    const called = text(`proc.aexe[${distance}]`, isParent ? text("proc.pexe", comm) : comm);
    const command = isParent ? wordsAfter(comm, text("proc.pcmdline")) : [];
    return execEvent(
      {
        key: keyOf(from, index),
        parent: index === 0 ? { pid: 1, startMs: 1 } : keyOf(from, index - 1),
        comm,
        path: program,
        words: [called, ...command],
      },
      flat,
    );
  });
}

function wordsAfter(comm: string, command: string): readonly string[] {
  const rest = command.startsWith(`${comm} `) ? command.slice(comm.length + 1) : command;
  return rest.trim() === "" ? [] : rest.trim().split(" ");
}

function execOf(flat: Flat, text: Text, key: ProcessKey): ExecEvent {
  const comm = text("proc.name", "prog");
  const words = "proc.args" in flat ? wordsAfter("", text("proc.args")) : wordsAfter(comm, text("proc.cmdline"));
  const path = text("proc.exepath", `/usr/bin/${comm}`);
  const isExec = text("evt.type").startsWith("execve");
  const made = execEvent(
    {
      key,
      parent: { pid: key.pid - 1, startMs: key.startMs - 1 },
      comm,
      path,
      words: [text("proc.exe", comm), ...words],
    },
    flat,
  );
  const ageMs = "proc.duration" in flat ? Number(flat["proc.duration"]) / 1_000_000 : 0;
  const told = "proc.env" in flat ? { ...made, environment: text("proc.env").split(" ") } : made;
  return isExec ? told : { ...told, timeMs: timeMs - ageMs };
}

function uidOf(flat: Flat, text: Text): number {
  if ("user.uid" in flat) return Number(flat["user.uid"]);
  return "user.name" in flat ? (userIds[text("user.name")] ?? 1234) : 1000;
}

/** Names as rules write them, with or without CAP_, to the kernel's mask. */
function maskOf(names: string): number {
  const bits: Readonly<Record<string, number>> = { SYS_MODULE: 16, SYS_PTRACE: 19, SYS_ADMIN: 21, DAC_OVERRIDE: 1 };
  return Object.entries(bits).reduce(
    (mask, [name, bit]) => (names.toUpperCase().includes(name) ? mask + 2 ** bit : mask),
    0,
  );
}

interface Program {
  readonly key: ProcessKey;
  readonly parent: ProcessKey;
  readonly comm: string;
  readonly path: string;
  readonly words: readonly string[];
}

function execEvent({ key, parent, comm, path, words }: Program, flat: Flat): ExecEvent {
  const number = (name: string, otherwise: number): number => (name in flat ? Number(flat[name]) : otherwise);
  const text: Text = (name, otherwise = "") => (name in flat ? String(flat[name]) : otherwise);
  const uid = uidOf(flat, text);
  return {
    type: "exec",
    timeMs,
    process: key,
    parent,
    comm,
    cgroupId,
    uid,
    gid: uid,
    capabilities: maskOf(text("thread.cap_effective")),
    path,
    arguments: words,
    argumentsCut: false,
    workingDirectory: text("proc.cwd", "/"),
    facts: {
      device: 1,
      inode: 2,
      fileModifiedMs: timeMs - 1000,
      fileChangedMs: timeMs - 1000,
      isFileless: flat["proc.is_exe_from_memfd"] === true,
      isUpper: flat["proc.is_exe_upper_layer"] === true,
      mountNamespace: 1,
      pidNamespace: 1,
      innerPid: number("proc.vpid", key.pid),
      processGroup: flat["proc.is_vpgid_leader"] === true ? key.pid : 1,
      session: 1,
      loginUid: number("user.loginuid", 4_294_967_295),
      terminal: number("proc.tty", 0),
      capabilitiesPermitted: maskOf(text("thread.cap_permitted")),
      capabilitiesInheritable: 0,
      seccompMode: 2,
      script: "",
    },
  };
}

function subjectOf(flat: Flat, text: Text): DetectSubject {
  const id = text("container.id", "host");
  const isContainer = id !== "host";
  const mount = Object.entries(flat).find(([name]) => name.startsWith("container.mount.dest["));
  const destination = mount === undefined ? "" : String(mount[1]);
  return {
    ...unknownSubject,
    isContainer,
    subject: {
      ...unknownSubject.subject,
      containerId: isContainer ? id.padEnd(64, "0") : "",
      container: isContainer ? "main" : "",
      image: isContainer ? `${text("container.image.repository", "registry.example/shop")}:1` : "",
      namespace: text("k8s.ns.name"),
      pod: "k8s.ns.name" in flat ? "pod-1" : "",
      workload: "shop",
      identityReason: "",
    },
    isPrivileged: flat["container.privileged"] === true,
    mounts:
      destination === "" ? [] : [{ source: destination, destination, mode: "", isWritable: true, propagation: "" }],
  };
}

function deedOf(flat: Flat, text: Text, base: SensorEventBase): SensorEvent | undefined {
  const type = text("evt.type");
  if (/^(execve|execveat)$/.test(type) || type === "") return undefined;
  if (/^(open|openat|openat2|creat)$/.test(type)) return openOf(flat, text, base);
  const deed = fileDeedOf(type);
  if (deed !== undefined) return fileOf(deed, text, base);
  if (/^(sendto|sendmsg|recvfrom|recvmsg)$/.test(type)) {
    const isOut = type.startsWith("send");
    return {
      ...base,
      type: "udp",
      direction: isOut ? "outbound" : "inbound",
      bytes: 10,
      packets: 1,
      ...tupleOf(text, isOut ? "client" : "server", base),
    };
  }
  return callOf(text, base);
}

function fileDeedOf(type: string): FileDeed | undefined {
  const found = (["rename", "rmdir", "unlink", "mkdir", "symlink", "link", "umount", "mount"] as const).find((deed) =>
    type.startsWith(deed),
  );
  return found ?? (/^f?chmod/.test(type) ? "chmod" : undefined);
}

const openBits: Readonly<Record<string, number>> = { O_CREAT: 0o100, O_TRUNC: 0o1000, O_TMPFILE: 0o20000000 };

function openOf(flat: Flat, text: Text, base: SensorEventBase): SensorEvent {
  const isWrite = flat["evt.is_open_write"] === true || flat["evt.is_open_exec"] === true;
  const bits = Object.entries(openBits).filter(
    ([name]) => text("evt.arg.flags").includes(name) || (name === "O_CREAT" && flat["evt.is_open_exec"] === true),
  );
  const name = text("fd.filename", "x");
  const directory = text("fd.directory", "/srv");
  const path = text("fd.name", directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`);
  return {
    ...base,
    type: "file",
    deed: "open",
    call: text("evt.type"),
    way: "syscall",
    path,
    requestedPath: text("fd.nameraw", path),
    targetPath: "",
    flags: bits.reduce((sum, [, bit]) => sum | bit, isWrite ? 1 : 0),
    mode: flat["evt.is_open_exec"] === true ? 0o755 : 0o644,
    device: 1,
    inode: 3,
    error: "fd.num" in flat && Number(flat["fd.num"]) < 0 ? 2 : 0,
    isUpper: false,
    count: 1,
  };
}

const modeBits: Readonly<Record<string, number>> = {
  S_ISUID: 0o4000,
  S_ISGID: 0o2000,
  S_IXUSR: 0o100,
  S_IXGRP: 0o10,
  S_IXOTH: 0o1,
};

function fileOf(deed: FileDeed, text: Text, base: SensorEventBase): SensorEvent {
  const path = text(
    "evt.arg.path",
    text("evt.arg.oldpath", text("evt.arg.name", text("evt.arg.filename", text("evt.arg.linkpath", "/srv/x")))),
  );
  const mode = Object.entries(modeBits).reduce(
    (sum, [name, bit]) => (text("evt.arg.mode").includes(name) ? sum | bit : sum),
    0,
  );
  return {
    ...base,
    type: "file",
    deed,
    call: text("evt.type"),
    way: "syscall",
    path,
    requestedPath: path,
    targetPath: text("evt.arg.newpath", text("evt.arg.target")),
    flags: 0,
    mode,
    device: 1,
    inode: 3,
    error: 0,
    isUpper: false,
    count: 1,
  };
}

/** A server of each process's own, so that names of one story do not stand for another's. */
function serverOf(text: Text, { process }: SensorEventBase): string {
  return text("fd.sip", text("fd.rip", text("fd.ip", `203.0.${(process.pid >> 8) & 127}.${process.pid & 255}`)));
}

function tupleOf(text: Text, role: "client" | "server", base: SensorEventBase): SocketTuple {
  const server = serverOf(text, base);
  const serverPort = Number(text("fd.sport", text("fd.port", "4444")));
  const client = text("fd.cip", "198.51.100.7");
  return role === "client"
    ? { localAddress: client, localPort: 40_000, remoteAddress: server, remotePort: serverPort }
    : { localAddress: server, localPort: serverPort, remoteAddress: client, remotePort: 40_000 };
}

const numbers: Readonly<Record<string, number>> = {
  AF_PACKET: 17,
  PTRACE_ATTACH: 16,
  PTRACE_TRACEME: 0,
  PTRACE_SEIZE: 0x4206,
  BPF_PROG_LOAD: 5,
  AF_INET: 2,
};

function callOf(text: Text, base: SensorEventBase): CallEvent {
  const type = text("evt.type");
  const named: Readonly<Record<string, WatchedCall>> = {
    accept4: "accept",
    dup2: "dup",
    dup3: "dup",
    clone: "clone-namespaces",
  };
  const first = text("evt.arg.domain", text("evt.arg.request", text("evt.arg.cmd", text("evt.arg.uid", "0"))));
  return {
    ...base,
    type: "call",
    call: named[type] ?? (type as WatchedCall),
    way: "syscall",
    arguments: [numbers[first] ?? Number(first)],
    result: Number(text("evt.rawres", "0")),
    text: "",
    descriptor: descriptorOf(text, base),
    credentials: undefined,
    count: 1,
  };
}

function descriptorOf(text: Text, base: SensorEventBase): DescriptorFacts | undefined {
  const type = text("evt.type");
  if (!/^(connect|accept|accept4|listen|bind|dup|dup2|dup3)$/.test(type)) return undefined;
  const isV6 = text("fd.type") === "ipv6" || text("fd.ip").includes(":");
  const tuple = tupleOf(text, /^(connect|dup)/.test(type) ? "client" : "server", base);
  return {
    number: Number(text("evt.rawres", "3")),
    kind: isV6 ? "ipv6" : "ipv4",
    protocol: text("fd.l4proto", "tcp") === "udp" ? "udp" : "tcp",
    path: "",
    tuple,
  };
}

/** An answer that was seen before: it names the server's address. */
function dnsOf(text: Text, base: SensorEventBase): readonly SensorEvent[] {
  const name = text("fd.sip.name", text("fd.cip.name"));
  if (name === "") return [];
  const payload = dnsAnswer(name, serverOf(text, base));
  return [
    {
      ...base,
      timeMs: timeMs - 10,
      type: "dns",
      direction: "inbound",
      payload,
      payloadCut: false,
      localAddress: "10.0.0.2",
      localPort: 40_001,
      remoteAddress: "10.0.0.53",
      remotePort: 53,
    },
  ];
}

// fd.*: the file or socket of the event. Paths are the kernel's, not the program's: fd.nameraw has what was asked for.
import type { DetectEvent, ReadValue, Value } from "../event.ts";
import { tupleText } from "./arguments.ts";
import { plain, type Field, type FieldGroup, type FieldType } from "./field.ts";

const typeCharacters: Readonly<Record<string, string>> = {
  file: "f",
  directory: "d",
  ipv4: "4",
  ipv6: "6",
  unix: "u",
  netlink: "n",
  packet: "k",
  pipe: "p",
  memfd: "m",
  other: "o",
};

const some = (text: string): string | undefined => (text === "" ? undefined : text);

function ofDescriptor(name: string, type: FieldType, description: string, read: ReadValue): Field {
  return plain(name, { type, scope: "event", group: "descriptor", description }, read);
}

function ofPath(name: string, description: string, read: (path: string) => string): Field {
  return plain(name, { type: "text", scope: "path", group: "descriptor", description }, (event) => {
    if (event.path === "" || event.tuple !== undefined) return undefined;
    return read(event.path);
  });
}

function nameOf(event: DetectEvent): Value {
  return event.tuple === undefined ? some(event.path) : tupleText(event);
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

type Side = "local" | "remote" | "client" | "server";

/** Address and port of a side; the process's own side is the local one. */
function endOf({ tuple, role }: DetectEvent, side: Side): readonly [address: string, port: number] | undefined {
  if (tuple === undefined) return undefined;
  const isLocal = side === "local" || (role === "server" ? side === "server" : side === "client");
  const [address, port] = isLocal ? [tuple.localAddress, tuple.localPort] : [tuple.remoteAddress, tuple.remotePort];
  return address === "" ? undefined : [address, port];
}

const sides: readonly (readonly [letter: string, side: Side])[] = [
  ["l", "local"],
  ["r", "remote"],
  ["c", "client"],
  ["s", "server"],
];

const sideFields = sides.flatMap(([letter, side]): readonly Field[] => [
  ofDescriptor(`fd.${letter}ip`, "address", `address of the ${side} side`, (event) => endOf(event, side)?.[0]),
  ofDescriptor(`fd.${letter}port`, "number", `port of the ${side} side`, (event) => endOf(event, side)?.[1]),
  ofDescriptor(
    `fd.${letter}net`,
    "address",
    `address of the ${side} side, for ranges`,
    (event) => endOf(event, side)?.[0],
  ),
  {
    ...plain(
      `fd.${letter}ip.name`,
      {
        type: "text",
        many: "any",
        scope: "event",
        group: "dns",
        description: `names that DNS answers gave for the ${side} side`,
      },
      (event) => {
        const address = endOf(event, side)?.[0];
        return address === undefined ? undefined : event.namesOf?.(address);
      },
    ),
  },
]);

function bothEnds(event: DetectEvent, index: 0 | 1): Value {
  const ends = [endOf(event, "local"), endOf(event, "remote")].flatMap((end) =>
    end === undefined ? [] : [end[index]],
  );
  return ends.length === 0 ? undefined : ends;
}

const isInternet = ({ descriptorKind }: DetectEvent): boolean => descriptorKind === "ipv4" || descriptorKind === "ipv6";

function identityOf(event: DetectEvent, key: "device" | "inode"): Value {
  const value = event.raw?.type === "file" ? event.raw[key] : 0;
  return value === 0 ? undefined : value;
}

/** As stat(2) writes a device: eight bits of the second number below, the rest above the first. */
function deviceParts(event: DetectEvent): { readonly major: number; readonly minor: number } | undefined {
  const device = identityOf(event, "device");
  if (typeof device !== "number") return undefined;
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

const notTold = (name: string, type: FieldType, group: FieldGroup, argument?: "index"): Field => ({
  ...plain(name, { type, scope: "event", group, description: "not told by any sensor" }, () => undefined),
  ...(argument === undefined ? {} : { argument }),
});

export const descriptorFields: readonly Field[] = [
  plain(
    "fd.name",
    { type: "text", scope: "path", group: "descriptor", description: "path of a file, or client->server of a socket" },
    nameOf,
  ),
  plain(
    "fd.nameraw",
    { type: "text", scope: "plain-path", group: "descriptor", description: "path as the program asked for it" },
    (event) => some(event.requestedPath) ?? some(event.path),
  ),
  plain(
    "garrison.own_proc",
    {
      type: "boolean",
      scope: "event",
      group: "descriptor",
      description: "the file is the process's own in /proc, by number or as /proc/self",
    },
    isOwnProc,
  ),
  ofPath("fd.directory", "directory of a file", directoryOf),
  ofPath("fd.filename", "last part of a file's path", (path) => path.slice(path.lastIndexOf("/") + 1)),
  plain(
    "fd.num",
    {
      type: "number",
      scope: "shape",
      group: "descriptor",
      description: "number; -1 when the call failed; 3 when it is not told",
    },
    (event) => (event.descriptorKind === "" ? undefined : event.descriptorNumber),
  ),
  ofDescriptor("fd.type", "text", "file, directory, ipv4, ipv6, unix, pipe, ...", (event) =>
    some(event.descriptorKind),
  ),
  plain(
    "fd.typechar",
    {
      type: "text",
      scope: "shape",
      group: "descriptor",
      description: "f file, d directory, 4 and 6 sockets, u Unix socket, p pipe",
    },
    (event) => typeCharacters[event.descriptorKind],
  ),
  ...sideFields,
  { ...ofDescriptor("fd.ip", "address", "either side's address", (event) => bothEnds(event, 0)), many: "any" },
  {
    ...ofDescriptor("fd.net", "address", "either side's address, for ranges", (event) => bothEnds(event, 0)),
    many: "any",
  },
  { ...ofDescriptor("fd.port", "number", "either side's port", (event) => bothEnds(event, 1)), many: "any" },
  ofDescriptor("fd.l4proto", "text", "tcp, udp, icmp, raw", (event) => some(event.protocol)),
  ofDescriptor("fd.proto", "text", "the same", (event) => some(event.protocol)),
  ofDescriptor("fd.sockfamily", "text", "ip or unix", (event) =>
    isInternet(event) ? "ip" : event.descriptorKind === "unix" ? "unix" : undefined,
  ),
  ofDescriptor("fd.is_server", "boolean", "the process is the server", (event) =>
    event.role === "" ? undefined : event.role === "server",
  ),
  ofDescriptor("fd.connected", "boolean", "a connected socket", (event) =>
    event.tuple === undefined ? undefined : event.protocol === "tcp" || event.type === "connect",
  ),
  ofDescriptor("fd.name_changed", "boolean", "another peer than before: each first packet of a flow", (event) =>
    event.tuple === undefined ? undefined : event.protocol === "udp",
  ),
  ofDescriptor("fd.dev", "number", "device of a file", (event) => identityOf(event, "device")),
  ofDescriptor("fd.dev.major", "number", "its first part", (event) => deviceParts(event)?.major),
  ofDescriptor("fd.dev.minor", "number", "its second part", (event) => deviceParts(event)?.minor),
  ofDescriptor("fd.ino", "number", "inode of a file", (event) => identityOf(event, "inode")),
  plain(
    "fd.is_upper_layer",
    {
      type: "boolean",
      scope: "shape",
      group: "descriptor",
      description: "the file is not of the image: it was written since",
    },
    (event) => (event.raw?.type === "file" ? event.raw.isUpper : undefined),
  ),
  notTold("fd.types", "text", "descriptors-of-process", "index"),
  notTold("fd.names", "text", "descriptors-of-process", "index"),
  notTold("fd.uid", "text", "descriptors-of-process"),
  notTold("fd.containername", "text", "descriptors-of-process"),
  notTold("fd.lproto", "text", "descriptors-of-process"),
  notTold("fd.rproto", "text", "descriptors-of-process"),
  notTold("fd.sproto", "text", "descriptors-of-process"),
  notTold("fd.cproto", "text", "descriptors-of-process"),
];

/** By the path that the kernel resolved; as asked only where it cannot lead elsewhere. Of a fork that executed nothing its maker's number counts, too. */
function isOwnProc({ path, requestedPath, process: { key, facts } }: DetectEvent): boolean {
  if (/^\/proc\/(?:self|thread-self)\//.test(requestedPath) && !requestedPath.includes("..")) return true;
  const number = Number(/^\/proc\/(\d+)\//.exec(path)?.[1] ?? 0);
  return number !== 0 && number === (facts?.innerPid || key.pid);
}

// An event of the sensor in the words of Falco's rules. What has no such word (samples, first bytes, cgroups, guards) is not judged.
import type { DetectEvent } from "../event.ts";
import type { CallEvent, DescriptorFacts, FileDeed, FileDeedEvent } from "../../sense/deed-events.ts";
import type { SensorEvent, SocketTuple, TcpEvent, UdpEvent } from "../../sense/sensor.ts";
import { openFlags } from "../fields/flags.ts";
import type { ToldConnects } from "./told-connects.ts";

/** Calls that the sensor itself reports: then connections are not told a second time. */
export interface CallsTold {
  readonly connect: boolean;
  readonly accept: boolean;
  /** Whose connects were told: those of a fast open or of io_uring may not be. */
  readonly connects?: ToldConnects;
}

/** False: nothing that a rule could be about. Process and subject are not touched. */
export function fillFromSensor(event: DetectEvent, sensor: SensorEvent, told: CallsTold): boolean {
  if ((sensor.type === "file" || sensor.type === "call") && sensor.isRepeat === true) return false;
  event.source = "syscall";
  event.raw = sensor;
  event.timeMs = sensor.timeMs;
  event.count = 1;
  event.result = 0;
  event.descriptorKind = "";
  event.descriptorNumber = -1;
  event.path = "";
  event.requestedPath = "";
  event.targetPath = "";
  event.flags = 0;
  event.mode = 0;
  event.tuple = undefined;
  event.protocol = "";
  event.role = "";
  event.audit = undefined;
  switch (sensor.type) {
    case "file":
      return fillFile(event, sensor);
    case "call":
      noteConnect(sensor, told);
      return fillCall(event, sensor);
    case "exec":
      told.connects?.forget(sensor);
      event.type = "execve";
      return true;
    case "fork":
      event.type = "clone";
      return true;
    case "exit":
      told.connects?.forget(sensor);
      event.type = "procexit";
      return true;
    case "tcp-open":
      return fillTcp(event, sensor, told);
    case "tcp-failed":
      return sensor.direction !== "inbound" && fillTcp(event, sensor, told);
    case "udp":
      return fillUdp(event, sensor);
    default:
      return false;
  }
}

/** The call that a deed has when the sensor does not say one. */
const callOf: Readonly<Record<FileDeed, string>> = {
  open: "openat",
  create: "openat",
  rename: "renameat2",
  unlink: "unlinkat",
  rmdir: "rmdir",
  mkdir: "mkdirat",
  chmod: "fchmodat",
  chown: "fchownat",
  link: "linkat",
  symlink: "symlinkat",
  mount: "mount",
  umount: "umount2",
};

/** Calls that do what another one does: rules know them by its name. */
const spelledAs: Readonly<Record<string, string>> = { move_mount: "mount", truncate: "open", ftruncate: "open" };

/** A descriptor whose number is not told: none of the standard ones. */
const someDescriptor = 3;

function fillFile(event: DetectEvent, sensor: FileDeedEvent): boolean {
  const { deed } = sensor;
  const opens = deed === "open" || deed === "create";
  event.type = sensor.call === "" ? callOf[deed] : (spelledAs[sensor.call] ?? sensor.call);
  event.count = sensor.count;
  event.flags = deed === "create" ? sensor.flags | openFlags.O_CREAT : sensor.flags;
  event.mode = sensor.mode;
  event.path = sensor.path === "" ? sensor.requestedPath : sensor.path;
  event.requestedPath = sensor.requestedPath;
  event.targetPath = sensor.targetPath;
  const isDirectory = deed === "mkdir" || deed === "rmdir" || (opens && (sensor.flags & openFlags.O_DIRECTORY) !== 0);
  event.descriptorKind = isDirectory ? "directory" : "file";
  event.descriptorNumber = opens && sensor.error === 0 ? someDescriptor : -1;
  event.result = sensor.error > 0 ? -sensor.error : opens ? someDescriptor : 0;
  return true;
}

const renamedCalls: Readonly<Record<string, string>> = { "clone-namespaces": "clone" };

function fillCall(event: DetectEvent, sensor: CallEvent): boolean {
  event.type = renamedCalls[sensor.call] ?? sensor.call;
  event.count = sensor.count;
  event.result = sensor.result;
  if (sensor.call === "memfd_create") event.descriptorKind = "memfd";
  if (sensor.descriptor !== undefined) fillDescriptor(event, sensor.descriptor);
  if (event.tuple !== undefined) event.role = sensor.call === "connect" ? "client" : "server";
  if (sensor.call === "dup") event.role = roleOf(event.tuple, "client");
  return true;
}

function noteConnect(sensor: CallEvent, { connects }: CallsTold): void {
  const tuple = sensor.call === "connect" ? sensor.descriptor?.tuple : undefined;
  if (tuple !== undefined) connects?.note(sensor, tuple.remoteAddress, tuple.remotePort);
}

function fillDescriptor(event: DetectEvent, { number, kind, path, tuple, protocol }: DescriptorFacts): void {
  event.descriptorKind = kind;
  event.descriptorNumber = number;
  event.path = path;
  event.requestedPath = path;
  event.tuple = tuple;
  event.protocol = protocol;
}

function fillTcp(event: DetectEvent, sensor: TcpEvent, told: CallsTold): boolean {
  const isInbound = sensor.direction === "inbound";
  if (isInbound ? told.accept : told.connect && isConnectTold(sensor, told)) return false;
  event.type = isInbound ? "accept4" : "connect";
  event.result = sensor.type === "tcp-failed" ? -Math.max(1, sensor.error) : isInbound ? someDescriptor : 0;
  fillSocket(event, sensor, "tcp");
  event.role = isInbound ? "server" : "client";
  return true;
}

function isConnectTold(sensor: TcpEvent, { connects }: CallsTold): boolean {
  if (sensor.isWithoutConnect !== true || connects === undefined) return true;
  return connects.wasTold(sensor, sensor.remoteAddress, sensor.remotePort);
}

function fillUdp(event: DetectEvent, sensor: UdpEvent): boolean {
  event.type = sensor.direction === "outbound" ? "sendto" : "recvfrom";
  event.result = sensor.bytes;
  fillSocket(event, sensor, "udp");
  event.role = roleOf(sensor, sensor.direction === "outbound" ? "client" : "server");
  return true;
}

/** A well-known port against one that was handed out says who serves; else `otherwise`. */
function roleOf(tuple: SocketTuple | undefined, otherwise: "client" | "server"): "client" | "server" | "" {
  if (tuple === undefined) return "";
  if (tuple.remotePort < 1024 && tuple.localPort >= 1024) return "client";
  return tuple.localPort < 1024 && tuple.remotePort >= 1024 && tuple.localPort !== 0 ? "server" : otherwise;
}

function fillSocket(event: DetectEvent, sensor: SocketTuple, protocol: "tcp" | "udp"): void {
  const isV6 = sensor.localAddress.includes(":") || sensor.remoteAddress.includes(":");
  event.descriptorKind = isV6 ? "ipv6" : "ipv4";
  event.descriptorNumber = someDescriptor;
  event.tuple = sensor;
  event.protocol = protocol;
}

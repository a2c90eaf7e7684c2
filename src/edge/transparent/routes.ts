// The routing of a workload's namespace that transparent mode needs: packets with our mark come back into the machine, whatever their destination.
// By rtnetlink, one rule and one route for each family; nothing else is looked at or changed.
import { Fault } from "../../base/fault.ts";
import { errnoName, errnos, libc } from "./libc.ts";
import type { Namespace } from "./namespace.ts";

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const RAW_CLOEXEC = 3 | 0o2000000;
const MSG_DONTWAIT = 0x40;
const NLMSG_ERROR = 2;
const headerBytes = 16;

const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTA_OIF = 4;
const RTA_TABLE = 15;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FR_ACT_TO_TBL = 1;
const RTPROT_STATIC = 4;
const RT_SCOPE_HOST = 254;
const RTN_LOCAL = 2;
const loopbackIndex = 1;

export interface MarkRoute {
  readonly family: 4 | 6;
  readonly mark: number;
  readonly table: number;
  readonly priority: number;
}

function attribute(type: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 8, true);
  view.setUint16(2, type, true);
  view.setUint32(4, value, true);
  return bytes;
}

function message(
  kind: { readonly type: number; readonly flags: number },
  body: Uint8Array,
  attributes: readonly Uint8Array[],
): Uint8Array {
  const parts = [body, ...attributes];
  const length = parts.reduce((sum, part) => sum + part.length, headerBytes);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, kind.type, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_ACK | kind.flags, true);
  view.setUint32(8, 1, true);
  let at = headerBytes;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Sends one request; the errno that the kernel answers with, 0 for yes. Throws "transparent/routes". */
function ask(namespace: Namespace, bytes: Uint8Array): number {
  const c = libc();
  const descriptor = namespace.inside(() => c.socket(AF_NETLINK, RAW_CLOEXEC, NETLINK_ROUTE));
  if (descriptor < 0) throw failed("no netlink socket", c.errno());
  try {
    if (c.send(descriptor, bytes, bytes.length, 0) !== bytes.length) throw failed("a request was not taken", c.errno());
    const answer = new Uint8Array(1024);
    const got = c.recv(descriptor, answer, answer.length, MSG_DONTWAIT);
    if (got < headerBytes + 4) throw failed("no answer", got < 0 ? c.errno() : 0);
    const view = new DataView(answer.buffer);
    if (view.getUint16(4, true) !== NLMSG_ERROR) throw failed("another answer than asked for", 0);
    return -view.getInt32(headerBytes, true);
  } finally {
    c.close(descriptor);
  }
}

function failed(what: string, errno: number): Fault {
  return new Fault(`routes of a network namespace: ${what}: ${errnoName(errno)}`, {
    code: "transparent/routes",
    kind: errno === errnos.EPERM ? "forbidden" : "unavailable",
    ...(errno === errnos.EPERM ? { hint: "Transparent mode needs CAP_NET_ADMIN in the workload's namespace." } : {}),
  });
}

const familyNumber = (family: 4 | 6): number => (family === 4 ? 2 : 10);

function rule(type: number, flags: number, given: MarkRoute): Uint8Array {
  const body = new Uint8Array(12);
  body[0] = familyNumber(given.family);
  body[7] = FR_ACT_TO_TBL;
  return message({ type, flags }, body, [
    attribute(FRA_PRIORITY, given.priority),
    attribute(FRA_FWMARK, given.mark),
    attribute(FRA_FWMASK, 0xffff_ffff),
    attribute(FRA_TABLE, given.table),
  ]);
}

function route(type: number, flags: number, given: MarkRoute): Uint8Array {
  const body = new Uint8Array(12);
  body[0] = familyNumber(given.family);
  body[5] = RTPROT_STATIC;
  body[6] = given.family === 4 ? RT_SCOPE_HOST : 0;
  body[7] = RTN_LOCAL;
  return message({ type, flags }, body, [attribute(RTA_TABLE, given.table), attribute(RTA_OIF, loopbackIndex)]);
}

/**
 * Adds the rule and its route, or finds them there. False: the namespace has no such family. Throws "transparent/routes".
 */
export function addMarkRoute(namespace: Namespace, given: MarkRoute): boolean {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  for (const [what, bytes] of [
    ["route", route(RTM_NEWROUTE, flags, given)],
    ["rule", rule(RTM_NEWRULE, flags, given)],
  ] as const) {
    const errno = ask(namespace, bytes);
    if (errno === errnos.EAFNOSUPPORT || (given.family === 6 && errno === errnos.EACCES)) return false;
    if (errno !== 0 && errno !== errnos.EEXIST) throw failed(`${what} refused`, errno);
  }
  return true;
}

/** Takes both away; what is not there is none the worse. Throws "transparent/routes". */
export function removeMarkRoute(namespace: Namespace, given: MarkRoute): void {
  const gone: readonly number[] = [0, errnos.ENOENT, errnos.ESRCH, errnos.EAFNOSUPPORT];
  for (const [what, bytes] of [
    ["rule", rule(RTM_DELRULE, 0, given)],
    ["route", route(RTM_DELROUTE, 0, given)],
  ] as const) {
    const errno = ask(namespace, bytes);
    if (!gone.includes(errno)) throw failed(`${what} not removed`, errno);
  }
}

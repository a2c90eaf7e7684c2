// A netlink socket in a network namespace: synchronous requests to the kernel, which answers within the call of send; nothing waits.
import { closeSync } from "node:fs";
import { Fault } from "../../../../base/fault.ts";
import { errnoName, errnos, libc } from "./libc.ts";
import { withNetns } from "./netns.ts";
import { messagesOf, attributesOf, textOf, u32, type Message } from "./reader.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;

export const families = { route: 0, netfilter: 12 } as const;

/** Largest receive buffer of a datagram: dumps come in pieces of up to 32 KiB. */
const datagramBytesMax = 64 * 1024;
/** A dump that others disturb is begun anew this often. */
const dumpAttemptsMax = 20;

export interface Answer {
  readonly sequence: number;
  /** 0 is an acknowledgement. */
  readonly errno: number;
  /** What the kernel says about it, "" mostly. */
  readonly text: string;
}

export interface NetlinkSocket {
  readonly descriptor: number;
  readonly portId: number;
  /** Sends messages as one datagram and returns all that the kernel answered at once. Throws "dataplane/netlink" when it was not taken. */
  request(bytes: Uint8Array): { readonly answers: readonly Answer[]; readonly messages: readonly Message[] };
  /** Sends a dump request; all messages of the consistent dump. Throws "dataplane/dump". */
  dump(bytes: Uint8Array): readonly Message[];
  /**
   * Sends a dump request and shows each message as it comes (its bytes are good during the call only): for tables that change all the time, of
   * which a consistent picture is not to be had. Throws "dataplane/netlink".
   */
  scan(bytes: Uint8Array, visit: (message: Message) => void): void;
  close(): void;
}

export interface SocketOptions {
  readonly family: number;
  readonly netns: string | undefined;
  /** Multicast groups to join. */
  readonly groups?: readonly number[];
  readonly receiveBytes?: number;
}

/** The Fault for an errno of a request: without the right it is "forbidden", else the kernel is "unavailable". */
export function refused(what: string, errno: number): Fault {
  const isRight = errno === errnos.EPERM;
  return new Fault(`${what}: ${errnoName(errno)}`, {
    code: "dataplane/netlink",
    kind: isRight ? "forbidden" : "unavailable",
    ...(isRight ? { hint: "Enforcement needs CAP_NET_ADMIN in the network namespace." } : {}),
  });
}

/** A bound descriptor in the namespace; whoever asks closes it. Throws "dataplane/netlink". */
export function openDescriptor(options: SocketOptions): number {
  const c = libc();
  const descriptor = withNetns(options.netns, () => c.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, options.family));
  if (descriptor < 0) throw refused("no netlink socket", c.errno());
  const address = new Uint8Array(12);
  address[0] = AF_NETLINK;
  if (c.bind(descriptor, address, address.length) !== 0) {
    const errno = c.errno();
    closeSync(descriptor);
    throw refused("a netlink socket was not bound", errno);
  }
  const set = (level: number, option: number, value: number): number =>
    c.setsockopt(descriptor, level, option, new Int32Array([value]), 4);
  set(SOL_NETLINK, NETLINK_CAP_ACK, 1);
  set(SOL_NETLINK, NETLINK_EXT_ACK, 1);
  set(SOL_SOCKET, SO_RCVBUFFORCE, options.receiveBytes ?? 4 * 1024 * 1024);
  for (const group of options.groups ?? []) {
    if (set(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group) === 0) continue;
    const errno = c.errno();
    closeSync(descriptor);
    throw refused(`group ${group} of netlink was not joined`, errno);
  }
  return descriptor;
}

/** Opens a socket for requests. Throws "dataplane/netlink" and "dataplane/netns". */
export function openNetlink(options: SocketOptions): NetlinkSocket {
  const c = libc();
  const descriptor = openDescriptor(options);
  const name = new Uint8Array(12);
  c.getsockname(descriptor, name, new Uint32Array([12]));
  const buffer = new Uint8Array(datagramBytesMax);
  let sendBytes = 0;

  function makeRoom(bytes: number): void {
    if (bytes <= sendBytes) return;
    sendBytes = Math.max(bytes * 2, 256 * 1024);
    c.setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, new Int32Array([Math.min(sendBytes, 0x3fff_ffff)]), 4);
  }
  function send(bytes: Uint8Array): void {
    makeRoom(bytes.length + 1024);
    if (c.send(descriptor, bytes, bytes.length, 0) === bytes.length) return;
    throw refused(`the kernel did not take ${bytes.length} bytes`, c.errno());
  }
  /** One datagram of what is there, copied; undefined when there is none. */
  function receive(): Uint8Array | undefined {
    for (;;) {
      const got = c.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT);
      if (got >= 0) return buffer.slice(0, got);
      const errno = c.errno();
      if (errno === errnos.EAGAIN) return undefined;
      if (errno !== errnos.EINTR) throw refused("answers of the kernel were lost", errno);
    }
  }

  return {
    descriptor,
    portId: u32(name, 4),
    request: (bytes) => {
      send(bytes);
      const answers: Answer[] = [];
      const messages: Message[] = [];
      for (let datagram = receive(); datagram !== undefined; datagram = receive()) {
        for (const message of messagesOf(datagram)) {
          if (message.type === NLMSG_ERROR) answers.push(answerOf(message));
          else messages.push(message);
        }
      }
      return { answers, messages };
    },
    dump: (bytes) => {
      for (let attempt = 0; attempt < dumpAttemptsMax; attempt += 1) {
        const found = dumpOnce(bytes, send, receive);
        if (found !== undefined) return found;
      }
      throw new Fault("the kernel's rules change while they are read", {
        code: "dataplane/dump",
        kind: "unavailable",
        retryAfterMs: 1000,
      });
    },
    scan: (bytes, visit) => {
      send(bytes);
      for (let datagram = receive(); datagram !== undefined; datagram = receive()) {
        for (const message of messagesOf(datagram)) {
          if (message.type === NLMSG_DONE) return;
          if (message.type !== NLMSG_ERROR) visit(message);
          else throw refused("a dump was refused", answerOf(message).errno);
        }
      }
    },
    close: () => closeSync(descriptor),
  };
}

/** All messages of a dump; undefined when it was disturbed. */
function dumpOnce(
  bytes: Uint8Array,
  send: (bytes: Uint8Array) => void,
  receive: () => Uint8Array | undefined,
): Message[] | undefined {
  send(bytes);
  const found: Message[] = [];
  let isDisturbed = false;
  for (let datagram = receive(); datagram !== undefined; datagram = receive()) {
    for (const message of messagesOf(datagram)) {
      isDisturbed ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
      if (message.type === NLMSG_DONE) {
        const errno = message.payload.length >= 4 ? -(u32(message.payload) | 0) : 0;
        if (errno > 0 && errno !== errnos.EINTR && !isDisturbed) throw refused("a dump was refused", errno);
        return isDisturbed || errno > 0 ? undefined : found;
      }
      if (message.type === NLMSG_ERROR) {
        const answer = answerOf(message);
        if (answer.errno === errnos.ENOENT) return [];
        if (answer.errno === errnos.EINTR || answer.errno === errnos.EAGAIN) isDisturbed = true;
        else throw refused(`a dump was refused${answer.text === "" ? "" : `: ${answer.text}`}`, answer.errno);
        return undefined;
      }
      found.push(message);
    }
  }
  return undefined;
}

function answerOf(message: Message): Answer {
  const errno = -(u32(message.payload) | 0);
  let text = "";
  if ((message.flags & NLM_F_ACK_TLVS) !== 0) {
    // Behind the error stands the refused message's header, or all of it.
    const echoed = (message.flags & NLM_F_CAPPED) !== 0 ? 16 : (u32(message.payload, 4) + 3) & ~3;
    text = textOf(attributesOf(message.payload.subarray(4 + echoed)).get(1));
  }
  return { sequence: u32(message.payload, 12), errno, text };
}

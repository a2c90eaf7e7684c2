// Asks the kernel to report the packets of a log group to a socket.
import { Fault } from "../../../base/fault.ts";
import { generalHeader, subsystem } from "./constants.ts";
import { errnoName, errnos, libc } from "./netlink/libc.ts";
import { messagesOf, u32 } from "./netlink/reader.ts";
import { families, NLM_F_ACK, NLM_F_REQUEST, openDescriptor } from "./netlink/socket.ts";
import { createWriter } from "./netlink/writer.ts";

const CONFIG = 1;
const CFG_CMD = 1;
const CFG_MODE = 2;
const CFG_NLBUFSIZ = 3;
const CFG_TIMEOUT = 4;
const CFG_QTHRESH = 5;
const CFG_FLAGS = 6;
const CMD_BIND = 1;
const COPY_PACKET = 2;
const FLAG_SEQUENCE = 1;
const NLMSG_ERROR = 2;
const MSG_DONTWAIT = 0x40;
/** Bytes of each packet at most; rules ask for fewer. */
const copyBytesMax = 256;
/** Reports of one datagram: at most so many, so large, held back so long. */
const perDatagramMax = 64;
const datagramBytes = 64 * 1024;
const heldBackCentiseconds = 10;
const receiveBytes = 64 * 1024 * 1024;

/** A bound descriptor; the kernel forgets the binding when it is closed. Throws "dataplane/nflog" (another reader has the group) and "dataplane/netlink". */
export function bindToGroup(given: { readonly netns: string | undefined; readonly group: number }): number {
  const c = libc();
  const descriptor = openDescriptor({ family: families.netfilter, netns: given.netns, receiveBytes });
  const writer = createWriter(512);
  const configure = (): void => {
    writer.begin((subsystem.log << 8) | CONFIG, NLM_F_REQUEST | NLM_F_ACK, generalHeader(0, given.group));
  };
  configure();
  writer.u8(CFG_CMD, CMD_BIND);
  writer.end();
  configure();
  writer.bytes(CFG_MODE, Uint8Array.of(0, 0, copyBytesMax >> 8, copyBytesMax & 0xff, COPY_PACKET, 0));
  writer.u32be(CFG_NLBUFSIZ, datagramBytes);
  writer.u32be(CFG_TIMEOUT, heldBackCentiseconds);
  writer.u32be(CFG_QTHRESH, perDatagramMax);
  writer.u16be(CFG_FLAGS, FLAG_SEQUENCE);
  writer.end();
  const bytes = writer.take();
  const fail = (errno: number): never => {
    c.close(descriptor);
    throw new Fault(`reports of packets (group ${given.group}) are not given to us: ${errnoName(errno)}`, {
      code: "dataplane/nflog",
      kind: errno === errnos.EPERM ? "forbidden" : "conflict",
      ...(errno === errnos.EBUSY ? { hint: "Another process reads this group in this network namespace." } : {}),
    });
  };
  if (c.send(descriptor, bytes, bytes.length, 0) !== bytes.length) fail(c.errno());
  const buffer = new Uint8Array(4096);
  for (let got = c.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT); got > 0;) {
    for (const message of messagesOf(buffer.subarray(0, got))) {
      const errno = message.type === NLMSG_ERROR ? -(u32(message.payload) | 0) : 0;
      if (errno !== 0) fail(errno);
    }
    got = c.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT);
  }
  return descriptor;
}

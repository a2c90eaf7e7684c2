// Notices who else changes our table: the kernel's announcements, without those of our own transactions (a filter in the kernel drops these).
import { closeSync } from "node:fs";
import { generationAttribute, NFPROTO_INET, message, subsystem } from "./constants.ts";
import { errnos, libc } from "./netlink/libc.ts";
import { attributesOf, messagesOf, textOf, u32be } from "./netlink/reader.ts";
import { families, openDescriptor } from "./netlink/socket.ts";

const NFTABLES_GROUP = 7;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_NETLINK = 270;
const ADD_MEMBERSHIP = 1;
const DROP_MEMBERSHIP = 2;
/** Others may write tens of thousands of elements between two looks; the memory is only used then. */
const receiveBytes = 32 * 1024 * 1024;
const MSG_DONTWAIT = 0x40;
/** Datagrams looked at in one turn; the rest waits for the next. */
const datagramsMax = 4096;

export interface Monitor {
  /** Looks at what was announced since the last call; undefined when nobody touched our table. */
  drain(): string | undefined;
  /**
   * Nobody listens until resume(): announcing hundreds of thousands of elements costs the kernel far more than taking them. Whoever pauses must
   * find out otherwise (by the generation) whether somebody else wrote meanwhile.
   */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A program for the socket that drops what the owner of a port sent: ld [12]; jeq port, drop; accept. */
function dropFrom(portId: number): Uint8Array {
  const swapped = ((portId & 0xff) << 24) | ((portId & 0xff00) << 8) | ((portId >>> 8) & 0xff00) | (portId >>> 24);
  const instructions: readonly (readonly [code: number, isTrue: number, isFalse: number, value: number])[] = [
    [0x20, 0, 0, 12],
    [0x15, 0, 1, swapped >>> 0],
    [0x06, 0, 0, 0],
    [0x06, 0, 0, 0xffffffff],
  ];
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, isTrue, isFalse, value]] of instructions.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, isTrue);
    view.setUint8(index * 8 + 3, isFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  return bytes;
}

/** Opens the monitor for a table; `ownPort` is the port of the socket that we write with. */
export function openMonitor(options: { netns: string | undefined; table: string; ownPort: number }): Monitor {
  const c = libc();
  const descriptor = openDescriptor({
    family: families.netfilter,
    netns: options.netns,
    groups: [NFTABLES_GROUP],
    receiveBytes,
  });
  const program = dropFrom(options.ownPort);
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, c.addressOf(program), true);
  c.setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, new Int32Array(header.buffer), header.length);
  const buffer = new Uint8Array(64 * 1024);
  const group = new Int32Array([NFTABLES_GROUP]);

  return {
    pause: () => void c.setsockopt(descriptor, SOL_NETLINK, DROP_MEMBERSHIP, group, 4),
    resume: () => void c.setsockopt(descriptor, SOL_NETLINK, ADD_MEMBERSHIP, group, 4),
    drain: () => {
      const seen = { removed: false, objects: 0, by: "" };
      for (let count = 0; count < datagramsMax; count += 1) {
        const got = c.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT);
        if (got < 0) {
          const errno = c.errno();
          if (errno === errnos.EINTR) continue;
          if (errno === errnos.ENOBUFS) return "announcements of the kernel were lost";
          break;
        }
        note(buffer.subarray(0, got), { table: options.table, ownPort: options.ownPort, seen });
      }
      if (!seen.removed && seen.objects === 0) return undefined;
      const what = seen.removed ? "table removed" : `${seen.objects} objects changed`;
      return seen.by === "" ? what : `${what} by ${seen.by}`;
    },
    close: () => closeSync(descriptor),
  };
}

interface Seen {
  removed: boolean;
  objects: number;
  by: string;
}

function note(
  bytes: Uint8Array,
  given: { readonly table: string; readonly ownPort: number; readonly seen: Seen },
): void {
  const { seen } = given;
  for (const found of messagesOf(bytes)) {
    if (found.type >> 8 !== subsystem.nftables || found.portId === given.ownPort) continue;
    const kind = found.type & 0xff;
    const attributes = attributesOf(found.payload.subarray(4));
    if (kind === message.newGeneration) {
      if ((seen.removed || seen.objects > 0) && seen.by === "") seen.by = writerOf(attributes);
      continue;
    }
    // Of every kind of message the first attribute is the table's name.
    if (found.payload[0] !== NFPROTO_INET || textOf(attributes.get(1)) !== given.table) continue;
    if (kind === message.deleteTable) seen.removed = true;
    else seen.objects += 1;
  }
}

function writerOf(attributes: ReadonlyMap<number, Uint8Array>): string {
  const processId = attributes.get(generationAttribute.processId);
  if (processId === undefined) return "";
  return `${textOf(attributes.get(generationAttribute.processName))} (process ${u32be(processId)})`;
}

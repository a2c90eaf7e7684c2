// TCP connections as /proc/net/tcp and tcp6 list them, per network namespace, and which process holds which socket.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ProcessKey, SocketTuple } from "../../core/sense/sensor.ts";
import { addressText } from "./text-cache.ts";

export interface TcpRow extends SocketTuple {
  readonly inode: number;
  /** Of whoever made the socket. */
  readonly uid: number;
  readonly state: "established" | "listening" | "other";
}

export const procNetLimits = { rowsMax: 16_384, namespacesMax: 64, descriptorsPerProcessMax: 4096 } as const;

const mappedPrefix = 0xffff_0000;
const rowPattern =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) (?:\S+\s+){3}(\d+)\s+\S+\s+(\d+)/;

/** proc_net_tcp(5): addresses are hexadecimal words in host order. Lines that do not parse are left out. */
export function parseTcpRow(line: string): TcpRow | undefined {
  const match = rowPattern.exec(line);
  if (match === null) return undefined;
  const [, local = "", localPort = "", remote = "", remotePort = "", state = "", uid = "", inode = ""] = match;
  return {
    localAddress: addressOf(local),
    localPort: Number.parseInt(localPort, 16),
    remoteAddress: addressOf(remote),
    remotePort: Number.parseInt(remotePort, 16),
    state: stateOf(state),
    inode: Number(inode),
    uid: Number(uid),
  };
}

function stateOf(state: string): TcpRow["state"] {
  if (state === "01") return "established";
  return state === "0A" ? "listening" : "other";
}

function addressOf(hex: string): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => Number.parseInt(word, 16));
  const [a = 0, b = 0, c = 0, d = 0] = words.length === 1 ? [0, 0, mappedPrefix, ...words] : words;
  return addressText(a, b, c, d);
}

export interface TcpTable {
  readonly rows: readonly TcpRow[];
  /** Lines over `procNetLimits.rowsMax`. */
  readonly rowsLeftOut: number;
}

/** The TCP sockets of the network namespace that `pid` is in. */
export function readTcp(procPath: string, pid: number): TcpTable {
  const lines = ["tcp", "tcp6"].flatMap((name) => readLines(`${procPath}/${pid}/net/${name}`));
  const rows = lines.slice(0, procNetLimits.rowsMax).flatMap((line) => parseTcpRow(line) ?? []);
  return { rows, rowsLeftOut: Math.max(0, lines.length - procNetLimits.rowsMax) };
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(1, -1);
  } catch {
    // The process is gone: its namespace is read through another one next time.
    return [];
  }
}

/** The network namespace of a process, or "" when it may not be known. */
export function networkNamespaceOf(procPath: string, pid: number): string {
  try {
    return readlinkSync(`${procPath}/${pid}/ns/net`);
  } catch {
    // Not permitted, or gone.
    return "";
  }
}

export interface SocketHolders {
  /** Which of the processes holds each socket, by inode. */
  readonly byInode: ReadonlyMap<number, ProcessKey>;
  /** Processes whose descriptors may not be read: another user's. */
  readonly refused: number;
}

export function readSocketHolders(procPath: string, processes: Iterable<ProcessKey>): SocketHolders {
  const byInode = new Map<number, ProcessKey>();
  let refused = 0;
  for (const process of processes) {
    const inodes = socketInodes(`${procPath}/${process.pid}/fd`);
    if (inodes === "refused") refused += 1;
    else for (const inode of inodes) if (!byInode.has(inode)) byInode.set(inode, process);
  }
  return { byInode, refused };
}

function socketInodes(folder: string): readonly number[] | "refused" {
  try {
    return readdirSync(folder)
      .slice(0, procNetLimits.descriptorsPerProcessMax)
      .flatMap((name) => {
        const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1];
        return inode === undefined ? [] : [Number(inode)];
      });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Otherwise it is gone, and its sockets with it.
    return code === "EACCES" || code === "EPERM" ? "refused" : [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return "";
  }
}

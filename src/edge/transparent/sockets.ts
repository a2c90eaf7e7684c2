// TCP sockets inside a workload's network namespace: one that listens for what the table turns to it, and ones that speak to the application with the
// client's address. Only their making enters the namespace; node reads and writes them by their descriptors.
import { isIpv4, parseAddress } from "../../base/ip.ts";
import { Fault } from "../../base/fault.ts";
import { errnoName, errnos, libc } from "./libc.ts";
import type { Namespace } from "./namespace.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_TCP = 6;
const SOL_IPV6 = 41;
const SO_REUSEADDR = 2;
const SO_MARK = 36;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const TCP_NODELAY = 1;

/** Connections that wait to be accepted; the kernel's own limit (somaxconn) may be lower. */
export const backlogMax = 4096;

export interface ListeningSocket {
  readonly descriptor: number;
  readonly port: number;
}

function failed(what: string, errno: number): Fault {
  const isRight = errno === errnos.EPERM || errno === errnos.EACCES;
  return new Fault(`${what}: ${errnoName(errno)}`, {
    code: "transparent/socket",
    kind: isRight ? "forbidden" : "unavailable",
    ...(isRight ? { hint: "Transparent sockets need CAP_NET_ADMIN in the workload's network namespace." } : {}),
  });
}

function openSocket(namespace: Namespace, family: 4 | 6): number {
  const c = libc();
  const descriptor = namespace.inside(() => c.socket(family === 4 ? AF_INET : AF_INET6, STREAM_NONBLOCK_CLOEXEC, 0));
  if (descriptor < 0) throw failed("no socket", c.errno());
  return descriptor;
}

function set(descriptor: number, level: number, option: number, value: number): void {
  const c = libc();
  if (c.setsockopt(descriptor, level, option, new Int32Array([value]), 4) !== 0) {
    throw failed(`socket option ${option}`, c.errno());
  }
}

function setTransparent(descriptor: number, family: 4 | 6): void {
  if (family === 4) set(descriptor, SOL_IP, IP_TRANSPARENT, 1);
  else set(descriptor, SOL_IPV6, IPV6_TRANSPARENT, 1);
}

/** On all addresses of the family, a port of the kernel's choice. Whoever asks closes it. Throws "transparent/socket". */
export function openListener(namespace: Namespace, family: 4 | 6): ListeningSocket {
  const c = libc();
  const descriptor = openSocket(namespace, family);
  try {
    if (family === 6) set(descriptor, SOL_IPV6, IPV6_V6ONLY, 1);
    setTransparent(descriptor, family);
    const any = socketAddress(family === 4 ? "0.0.0.0" : "::", 0);
    if (c.bind(descriptor, any, any.length) !== 0) throw failed("bind", c.errno());
    if (c.listen(descriptor, backlogMax) !== 0) throw failed("listen", c.errno());
    const name = new Uint8Array(28);
    if (c.getsockname(descriptor, name, new Uint32Array([28])) !== 0) throw failed("getsockname", c.errno());
    return { descriptor, port: ((name[2] ?? 0) << 8) | (name[3] ?? 0) };
  } catch (error) {
    c.close(descriptor);
    throw error;
  }
}

export interface UpstreamSocket {
  /** Bound, not yet connected. */
  readonly descriptor: number;
  /** Whether it has the client's port as well as its address. */
  readonly hasPort: boolean;
}

/**
 * A socket that speaks to the application as the client: from its address and, when nobody holds that here, its port (0: any port).
 * Whoever asks closes it. Throws "transparent/socket".
 */
export function openUpstream(
  namespace: Namespace,
  given: { readonly address: string; readonly port: number; readonly mark: number },
): UpstreamSocket {
  const c = libc();
  const family = familyOf(given.address);
  const descriptor = openSocket(namespace, family);
  try {
    set(descriptor, SOL_SOCKET, SO_MARK, given.mark);
    set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set(descriptor, SOL_TCP, TCP_NODELAY, 1);
    setTransparent(descriptor, family);
    if (given.port !== 0) {
      const exact = socketAddress(given.address, given.port);
      if (c.bind(descriptor, exact, exact.length) === 0) return { descriptor, hasPort: true };
      const errno = c.errno();
      // The workload itself listens on a port of that number.
      if (errno !== errnos.EADDRINUSE) throw failed(`bind to ${given.address}`, errno);
    }
    set(descriptor, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const any = socketAddress(given.address, 0);
    if (c.bind(descriptor, any, any.length) !== 0) throw failed(`bind to ${given.address}`, c.errno());
    return { descriptor, hasPort: false };
  } catch (error) {
    c.close(descriptor);
    throw error;
  }
}

export function closeDescriptor(descriptor: number): void {
  libc().close(descriptor);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28). Throws "transparent/address" for what is none, and for addresses that need a link's name. */
function socketAddress(text: string, port: number): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) {
    throw new Fault(`not an address: ${text.slice(0, 64)}`, { code: "transparent/address", kind: "usage" });
  }
  const isV4 = isIpv4(address) && !text.includes(":");
  const bytes = new Uint8Array(isV4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  bytes[0] = isV4 ? AF_INET : AF_INET6;
  view.setUint16(2, port);
  if (isV4) view.setUint32(4, address[3]);
  else for (const [index, word] of address.entries()) view.setUint32(8 + index * 4, word);
  return bytes;
}

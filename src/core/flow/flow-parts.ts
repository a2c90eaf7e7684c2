// From an event to the connection's parts: which side asked, and on which port.
import type { TcpEvent, TcpSampleEvent, UdpEvent } from "../sense/sensor.ts";
import type { FlowParts } from "./flow-key.ts";

/** Ports from here on are given out to clients by default (Linux ip_local_port_range). */
const ephemeralPortMin = 32_768;

function isLikelySource(localPort: number, remotePort: number, otherwise: boolean): boolean {
  if (localPort < ephemeralPortMin && remotePort >= ephemeralPortMin) return false;
  if (remotePort < ephemeralPortMin && localPort >= ephemeralPortMin) return true;
  return otherwise;
}

/** Direction as the kernel says; where it does not, the ports tell. */
export function partsOfTcp(event: TcpEvent | TcpSampleEvent): FlowParts {
  const { localAddress, localPort, remoteAddress, remotePort, direction } = event;
  const isSource =
    direction === "unknown" ? isLikelySource(localPort, remotePort, localPort > remotePort) : direction === "outbound";
  return { protocol: "tcp", isSource, isFailed: false, error: 0, localAddress, localPort, remoteAddress, remotePort };
}

/** A datagram says only which way it went; ports tell who asks, and where they do not, the side that was seen sending first. */
export function partsOfUdp(event: UdpEvent): FlowParts {
  const { localAddress, localPort, remoteAddress, remotePort, direction } = event;
  const isSource = isLikelySource(localPort, remotePort, direction === "outbound");
  return { protocol: "udp", isSource, isFailed: false, error: 0, localAddress, localPort, remoteAddress, remotePort };
}

// Pods for scenarios with scripted sensors: what the inventory says of them, and what a sensor sees of their connections.
import type { z } from "zod";
import type { SensorEvent, TcpEvent } from "../../src/core/sense/sensor.ts";
import { IdentityEntry } from "../../src/model/identity-entry.ts";

const hourMs = 3_600_000;

/** "Pod/web-1": a pod of the Deployment web that began an hour ago, unless `given` says otherwise. */
export function entry(given: Partial<z.input<typeof IdentityEntry>> & { readonly key: string }): IdentityEntry {
  const name = given.key.split("/")[1] ?? "";
  return IdentityEntry.parse({
    kind: "pod",
    addresses: [],
    namespace: "shop",
    workload: name.replace(/-\d+$/, ""),
    workloadKind: "Deployment",
    pod: given.kind === undefined ? name : "",
    podUid: given.kind === undefined ? uidOf(name) : "",
    fromMs: Date.now() - hourMs,
    ...given,
  });
}

/** A uid as the kubelet writes it into cgroup paths. */
export function uidOf(pod: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(pod).toString("hex").padEnd(12, "0").slice(0, 12)}`;
}

/** The one container of a pod, as the inventory and the cgroup know it. */
export function container(pod: string) {
  const containerId = Buffer.from(`${pod}-container-`.repeat(4)).toString("hex").slice(0, 64);
  return { name: "main", containerId, image: `${pod}:1`, imageDigest: `sha256:${pod}`, ports: [] };
}

let sockets = 0;

/** Another outbound connection of the process each time. */
export function connects(
  who: Pick<SensorEvent, "process" | "comm" | "cgroupId">,
  timeMs: number,
  more: Partial<TcpEvent>,
): TcpEvent {
  sockets += 1;
  return {
    ...who,
    type: "tcp-open",
    timeMs,
    socketId: sockets,
    localAddress: "10.7.0.1",
    localPort: 30_000 + sockets,
    remoteAddress: "10.7.0.2",
    remotePort: 80,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
    ...more,
  };
}

// The other end of an HTTP exchange and of a flow, as columns: a process of this machine, or whoever had the address in the cluster.
import type { AddressBook } from "../../core/directory/address-book.ts";
import { remoteEndOf, serviceOfPod, type RemoteEnd, type RemoteQuestion } from "../../core/directory/remote-end.ts";
import type { FlowDirectory } from "../../core/flow/flow-ends.ts";
import type { SocketTuple } from "../../core/sense/sensor.ts";
import type { Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";

type PeerColumns = Pick<
  Row<"http_events">,
  "peerNamespace" | "peerWorkload" | "peerKind" | "peerService" | "peerPod" | "peerReason"
>;

/** What the flow aggregator asks of the book. */
export function flowDirectory(book: AddressBook): FlowDirectory {
  return {
    get revision() {
      return book.revision;
    },
    remoteEnd: (question) => remoteEndOf(book, question),
    serviceAt({ namespace, pod, service }, at) {
      const entry = book.byPodName(namespace, pod, at.timeMs);
      return entry === undefined ? service : serviceOfPod(book, entry, at);
    },
  };
}

export function peerQuestion(event: SocketTuple & { readonly timeMs: number }, isSource: boolean): RemoteQuestion {
  const port = isSource ? event.remotePort : 0;
  return { address: event.remoteAddress, port, protocol: "tcp", timeMs: event.timeMs };
}

/** A process of this machine at the other end, or nobody that is known. */
export function localPeer(subject: Subject | undefined): PeerColumns {
  return {
    peerNamespace: subject?.namespace ?? "",
    peerWorkload: subject?.workload ?? "",
    peerKind: subject?.workloadKind ?? "Unknown",
    peerService: subject?.service ?? "",
    peerPod: subject?.pod ?? "",
    peerReason: subject?.identityReason ?? "the process at the other end was not seen",
  };
}

/** `isDialled`: the other end answers, so the row's port is the one behind the service, as the answering end reports it. */
export function peerColumns(end: RemoteEnd, isDialled: boolean): PeerColumns & { port?: number } {
  return {
    peerNamespace: end.namespace,
    peerWorkload: end.workload,
    peerKind: end.kind,
    peerService: end.service,
    peerPod: end.pod,
    peerReason: end.reason,
    ...(isDialled ? { port: end.port } : {}),
  };
}

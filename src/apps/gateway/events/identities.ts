// Who the client and the protected workload of a row are, out of what the server tells of the cluster; unknown comes with its reason.
import type { AddressBook } from "../../../core/directory/address-book.ts";
import { remoteEndOf, type RemoteEnd } from "../../../core/directory/remote-end.ts";
import type { EventRecord, WafRow } from "./record.ts";

/** As flags or a policy's target say; the kind is not known then. */
function named(workload: EventRecord["workload"], otherwise: string): Partial<WafRow> {
  if (workload === undefined) return { identityReason: otherwise };
  return { namespace: workload.namespace, workload: workload.workload, service: workload.services[0] ?? "" };
}

/** Without a server nobody knows who an address is. */
const noServer = "identities are known with a Garrison server only";

/** `book` undefined: there is no server. The server's end is looked up by what was dialled: a service's own workload, or the pod. */
export function identify(record: EventRecord, book: AddressBook | undefined): WafRow {
  const { row, upstreamAddress, upstreamPort, workload } = record;
  if (book === undefined) return { ...row, clientReason: noServer, ...named(workload, noServer) };
  const timeMs = row.time;
  const clientAddress = row.forwardedFor === "::" ? row.clientAddress : row.forwardedFor;
  const client = remoteEndOf(book, { address: clientAddress, timeMs, port: 0, protocol: "tcp" });
  const server = remoteEndOf(book, { address: upstreamAddress, timeMs, port: upstreamPort, protocol: "tcp" });
  return {
    ...row,
    clientNamespace: client.namespace,
    clientWorkload: client.workload,
    clientKind: client.kind,
    clientService: client.service,
    clientPod: client.pod,
    clientReason: client.reason,
    ...(server.workload === "" && workload !== undefined ? named(workload, "") : serverColumns(server)),
  };
}

function serverColumns(server: RemoteEnd): Partial<WafRow> {
  return {
    namespace: server.namespace,
    workload: server.workload,
    workloadKind: server.kind,
    service: server.service,
    pod: server.pod,
    imageDigest: server.imageDigest,
    identityReason: server.reason,
  };
}

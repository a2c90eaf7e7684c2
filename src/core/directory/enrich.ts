// Rows of other sensors, completed from the inventory of their cluster: what the sender said stays, what it did not know is filled in, and what
// cannot be found has its reason. Rows are changed in place.
import type { Row, TableName } from "../../model/table.ts";
import type { AddressBook } from "./address-book.ts";
import { enrichAudit } from "./enrich-audit.ts";
import { podOf, whyNoPod } from "./refine-subject.ts";
import { endOfEntry, remoteEndOf, type RemoteEnd } from "./remote-end.ts";

export type EnrichedRow = {
  readonly [Name in TableName]: { readonly table: Name; readonly row: Row<Name> };
}[TableName];

/** True when something was not found that may be on its way: ask again a moment later. `book` absent: nobody keeps an inventory. */
export function enrichRow(book: AddressBook | undefined, enriched: EnrichedRow): boolean {
  switch (enriched.table) {
    case "audit_events":
      return enrichAudit(book, enriched.row);
    case "flows":
      return enrichFlow(book, enriched.row);
    case "http_events": {
      // Both always: whether one end is on its way says nothing about the other.
      const isPeerAwaited = enrichPeer(book, enriched.row);
      return enrichSubject(book, enriched.row) || isPeerAwaited;
    }
    case "process_events":
    case "file_events":
    case "dns_events":
    case "kubernetes_events":
    case "security_events":
    case "waf_events":
    case "log_events":
    case "spans":
      return enrichSubject(book, enriched.row);
    case "workload_usage":
    case "container_postures":
    case "inventory_events":
    case "findings":
    case "gaps":
      return false;
  }
}

type SubjectRow =
  | Row<"security_events">
  | Row<"dns_events">
  | Row<"http_events">
  | Row<"log_events">
  | Row<"waf_events">
  | Row<"spans">
  | Row<"process_events">
  | Row<"file_events">
  | Row<"kubernetes_events">;

/** A sender that only knows the pod has put its name in the owner's place. */
function isOnlyPod(workload: string, kind: string, pod: string): boolean {
  return workload === "" || (workload === pod && (kind === "Pod" || kind === "Unknown"));
}

function enrichSubject(book: AddressBook | undefined, row: SubjectRow): boolean {
  if (row.pod === "" && (row.containerId === "" || row.namespace === "host")) return false;
  const entry = book === undefined ? undefined : podOf(book, { subject: row, podUid: "", timeMs: row.time });
  if (entry === undefined) {
    if (row.workload === "" || row.pod === row.workload) row.identityReason ||= whyNoPod(book, row.namespace, row.pod);
    return book?.mayCome(row.time) === true;
  }
  const container = entry.containers.find(({ name }) => name === row.container);
  if (isOnlyPod(row.workload, row.workloadKind, row.pod) || row.identityReason !== "") {
    row.workload = entry.workload;
    row.workloadKind = entry.workloadKind;
    row.identityReason = entry.reason;
  }
  row.namespace ||= entry.namespace;
  row.pod ||= entry.pod;
  row.service ||= entry.services[0] ?? "";
  row.image ||= container?.image ?? "";
  row.imageDigest ||= container?.imageDigest ?? "";
  return false;
}

interface FlowEnd {
  readonly namespace: string;
  readonly workload: string;
  readonly kind: Row<"flows">["sourceKind"];
  readonly pod: string;
  readonly address: string;
  /** 0 for the end that dialled. */
  readonly port: number;
}

/** What the directory says of one end; undefined when the sender has said who it is for certain. */
function endOf(book: AddressBook | undefined, end: FlowEnd, row: Row<"flows">): RemoteEnd | undefined {
  if (end.kind === "External" || end.kind === "Host" || book === undefined) return undefined;
  const about = { port: end.port, protocol: row.protocol, timeMs: row.time };
  if (end.pod !== "") {
    // By the pod itself, not by an address: the sender may have written the service's, and in the host's network it is the node's.
    const pod = book.byPodName(end.namespace, end.pod, row.time);
    return pod === undefined ? undefined : endOfEntry(book, pod, about);
  }
  if (end.address === "" || end.address === "::") return undefined;
  const found = remoteEndOf(book, { address: end.address, ...about });
  return found.kind === "External" ? undefined : found;
}

function enrichFlow(book: AddressBook | undefined, row: Row<"flows">): boolean {
  const source = endOf(
    book,
    {
      namespace: row.sourceNamespace,
      workload: row.sourceWorkload,
      kind: row.sourceKind,
      pod: row.sourcePod,
      address: row.sourceAddress,
      port: 0,
    },
    row,
  );
  const destination = endOf(
    book,
    {
      namespace: row.destinationNamespace,
      workload: row.destinationWorkload,
      kind: row.destinationKind,
      pod: row.destinationPod,
      address: row.destinationAddress,
      port: row.destinationPort,
    },
    row,
  );
  if (source !== undefined) {
    if (isOnlyPod(row.sourceWorkload, row.sourceKind, row.sourcePod)) {
      row.sourceNamespace ||= source.namespace;
      row.sourceWorkload = source.workload || row.sourceWorkload;
      row.sourceKind = source.kind;
      row.sourcePod ||= source.pod;
      row.sourceReason = source.reason;
    }
    row.sourceService ||= source.service;
    row.sourceImageDigest ||= source.imageDigest;
  }
  if (destination !== undefined) {
    if (isOnlyPod(row.destinationWorkload, row.destinationKind, row.destinationPod)) {
      row.destinationNamespace ||= destination.namespace;
      row.destinationWorkload = destination.workload || row.destinationWorkload;
      row.destinationKind = destination.kind;
      row.destinationPod ||= destination.pod;
      row.destinationReason = destination.reason;
      row.destinationPort = destination.port;
    }
    row.destinationService ||= destination.service;
    row.destinationImageDigest ||= destination.imageDigest;
  }
  return source?.isOnItsWay === true || destination?.isOnItsWay === true;
}

function enrichPeer(book: AddressBook | undefined, row: Row<"http_events">): boolean {
  if (book === undefined || row.peerAddress === "::" || row.peerAddress === "") return false;
  const port = row.reporter === "source" ? row.peerPort : 0;
  const end = remoteEndOf(book, { address: row.peerAddress, port, protocol: "tcp", timeMs: row.time });
  if (row.peerWorkload === "" || row.peerKind === "Unknown") {
    if (row.peerWorkload === "" || row.peerWorkload === end.workload || row.peerWorkload === end.pod) {
      row.peerNamespace ||= end.namespace;
      row.peerWorkload = end.workload || row.peerWorkload;
      row.peerKind = end.kind;
      row.peerReason = end.reason;
    }
  }
  row.peerPod ||= end.pod;
  row.peerService ||= end.service;
  return end.isOnItsWay;
}

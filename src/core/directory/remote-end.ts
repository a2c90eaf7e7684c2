// The other end of a conversation as columns: who had its address at the time, which service was dialled and what stands behind it, or why
// that is not known. The port is the one that pods listen on, so that both ends' reports name the same edge.
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { WorkloadKind } from "../../model/identity.ts";
import { forwards, type AddressBook } from "./address-book.ts";

export interface RemoteEnd {
  /** Equal for ends that may share a row: the thing's key in the inventory, or a word for what is no thing of it. */
  readonly key: string;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly service: string;
  readonly imageDigest: string;
  readonly reason: string;
  /** What was dialled, or the port behind it when the service maps to one. */
  readonly port: number;
  /** Worth asking again within the hold time. */
  readonly isOnItsWay: boolean;
}

export interface RemoteQuestion {
  readonly address: string;
  readonly timeMs: number;
  /** The dialled port; 0 for the end that dialled. */
  readonly port: number;
  readonly protocol: string;
}

const nobody = { namespace: "", workload: "", pod: "", service: "", imageDigest: "", reason: "", isOnItsWay: false };

/** Without a book (nobody tells identities) every other end is external. */
export function remoteEndOf(book: AddressBook | undefined, question: RemoteQuestion): RemoteEnd {
  const { port } = question;
  const answer = book?.byAddress(port === 0 ? { address: question.address, timeMs: question.timeMs } : question);
  if (book === undefined || answer === undefined || answer.is === "outside")
    return { ...nobody, key: "outside", kind: "External", port };
  if (answer.is === "unknown") {
    const { because, isOnItsWay } = answer;
    return { ...nobody, key: isOnItsWay ? "awaited" : "unknown", kind: "Unknown", reason: because, port, isOnItsWay };
  }
  return endOfEntry(book, answer.entry, question);
}

/** A thing of the inventory as an end of a conversation; a host-network pod is itself here, though its address is its node's. */
export function endOfEntry(
  book: AddressBook,
  entry: IdentityEntry,
  { port, protocol, timeMs }: Pick<RemoteQuestion, "port" | "protocol" | "timeMs">,
): RemoteEnd {
  if (entry.kind === "service") return serviceEnd(entry, port, protocol);
  const { key, namespace, workload, workloadKind: kind, pod, reason } = entry;
  const known = { ...nobody, key, kind, namespace, workload, pod, reason, port };
  if (entry.kind === "node") return known;
  return {
    ...known,
    service: serviceOfPod(book, entry, { port, protocol, timeMs }),
    imageDigest: imageDigestOf(entry, port),
  };
}

function serviceEnd(entry: IdentityEntry, port: number, protocol: string): RemoteEnd {
  const { key, namespace, workload, workloadKind, services, reason } = entry;
  const forwarded = entry.ports.find((one) => forwards(one, port, protocol));
  const isKnown = workload !== "";
  return {
    ...nobody,
    key,
    kind: isKnown ? workloadKind : "Unknown",
    namespace,
    workload,
    service: services[0] ?? "",
    reason: isKnown ? "" : reason || "no single workload stands behind the service",
    port: forwarded === undefined || forwarded.targetPort === 0 ? port : forwarded.targetPort,
  };
}

/** The service that leads to this port of the pod, else the first by name that selects the pod; "" when none does. */
export function serviceOfPod(
  book: AddressBook,
  pod: IdentityEntry,
  { port, protocol, timeMs }: { readonly port: number; readonly protocol: string; readonly timeMs: number },
): string {
  if (pod.services.length > 1 && port !== 0) {
    for (const name of pod.services) {
      const service = book.service(pod.namespace, name, timeMs);
      const leads = service?.ports.some(
        (forwarded) => forwarded.targetPort === port && forwarded.protocol.toLowerCase() === protocol,
      );
      if (leads === true) return name;
    }
  }
  return pod.services[0] ?? "";
}

/** Of the container that declares the port, or of the only one; "" when several might be meant. */
export function imageDigestOf(pod: IdentityEntry, port: number): string {
  const declaring = port === 0 ? [] : pod.containers.filter((container) => container.ports.includes(port));
  const [first, second] = declaring.length > 0 ? declaring : pod.containers.filter(({ isInit }) => isInit !== true);
  return first === undefined || second !== undefined ? "" : first.imageDigest;
}

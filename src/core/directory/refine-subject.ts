// What the inventory knows of a pod's process, over what its node knows: owner, service and digest for certain instead of by the pod's name.
import type { IdentityEntry } from "../../model/identity-entry.ts";
import type { Subject } from "../../model/identity.ts";
import { bareContainerId, type AddressBook } from "./address-book.ts";

export interface RefineQuestion {
  /** As the node's runtime and cgroups tell it. */
  readonly subject: Subject;
  /** Of the cgroup; "" when it names none. */
  readonly podUid: string;
  readonly timeMs: number;
}

/** The pod's entry; undefined when the process is in no pod, or in one that the directory does not have. */
export function podOf(book: AddressBook, { subject, podUid, timeMs }: RefineQuestion): IdentityEntry | undefined {
  const { containerId, namespace, pod } = subject;
  const byUid = podUid === "" ? undefined : book.byPodUid(podUid);
  // A static pod's cgroup has another uid than the object that stands for it.
  const byContainer = byUid ?? (containerId === "" ? undefined : book.byContainerId(containerId));
  return byContainer ?? (pod === "" ? undefined : book.byPodName(namespace, pod, timeMs));
}

/** The subject with what the inventory says; the same one when the directory does not have its pod. */
export function refineSubject(book: AddressBook, question: RefineQuestion): Subject {
  const { subject } = question;
  const entry = podOf(book, question);
  return entry === undefined ? subject : completeSubject(subject, entry);
}

/** Names and owner of the pod; of the container what the node said stays where the inventory says nothing. */
export function completeSubject(subject: Subject, entry: IdentityEntry): Subject {
  const container =
    entry.containers.find(
      ({ containerId }) => containerId !== "" && bareContainerId(containerId) === subject.containerId,
    ) ?? entry.containers.find(({ name }) => name === subject.container);
  return {
    namespace: entry.namespace,
    workload: entry.workload,
    workloadKind: entry.workloadKind,
    service: entry.services[0] ?? "",
    pod: entry.pod,
    container: container?.name ?? subject.container,
    containerId: subject.containerId,
    image: subject.image || (container?.image ?? ""),
    imageDigest: container?.imageDigest || subject.imageDigest,
    identityReason: entry.reason,
  };
}

/** Why a pod is not found, in words. */
export function whyNoPod(book: AddressBook | undefined, namespace: string, pod: string): string {
  if (book === undefined || book.state === "none") return "nobody keeps an inventory of this cluster";
  if (book.state !== "kept") return "the inventory has not arrived yet";
  const because = book.because === "" ? "" : `; ${book.because}`;
  return `not in the inventory (pod ${namespace}/${pod})${because}`;
}

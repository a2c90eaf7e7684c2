// Which workload stands behind an upstream's address or cluster name, out of what the server tells: for policies' targets.
import { isIP } from "node:net";
import type { AddressBook } from "../../core/directory/address-book.ts";
import type { WafWorkload } from "../../core/waf/policy/target.ts";
import type { IdentityEntry } from "../../model/identity-entry.ts";

/** Undefined: nobody that is known. */
export function workloadBehind(
  book: AddressBook,
  upstream: { readonly host: string; readonly port: number },
  nowMs: number,
): WafWorkload | undefined {
  const entry = entryOf(book, upstream, nowMs);
  if (entry === undefined) return undefined;
  if (entry.kind === "pod") return workloadOf(entry);
  if (entry.kind !== "service") return undefined;
  const name = entry.services[0] ?? "";
  // Labels are pods'; those behind one service that are asked for by policies are the same on all of them.
  for (const pod of book.living()) {
    if (pod.kind === "pod" && pod.namespace === entry.namespace && pod.services.includes(name)) return workloadOf(pod);
  }
  return { namespace: entry.namespace, workload: entry.workload, services: [name], labels: {} };
}

function entryOf(
  book: AddressBook,
  { host, port }: { readonly host: string; readonly port: number },
  timeMs: number,
): IdentityEntry | undefined {
  if (isIP(host) !== 0) {
    const answer = book.byAddress({ address: host, port, protocol: "tcp", timeMs });
    return answer.is === "known" ? answer.entry : undefined;
  }
  const [name = "", namespace = ""] = host.split(".");
  return namespace === "" ? undefined : book.service(namespace, name, timeMs);
}

function workloadOf({ namespace, workload, services, labels }: IdentityEntry): WafWorkload {
  return { namespace, workload, services, labels: labels ?? {} };
}

// Which namespaces of a process are the host's: by the links of the first process, or by the numbers that the kernel gives its own ones.
import { statSync } from "node:fs";
import type { PostureFacts } from "../../../model/container-posture.ts";
import { namespaceNames } from "../../../model/runtime-words.ts";
import { readLink } from "./read-text.ts";

type NamespaceName = (typeof namespaceNames)[number];

/** include/linux/proc_ns.h and nsfs.h: fixed for these; of net and mnt since Linux 6.18. */
const initialNumbers: Readonly<Record<NamespaceName, number>> = {
  cgroup: 0xeffffffb,
  ipc: 0xefffffff,
  mnt: 0xeffffff8,
  net: 0xeffffff9,
  pid: 0xeffffffc,
  time: 0xeffffffa,
  user: 0xeffffffd,
  uts: 0xeffffffe,
};
const fixedSinceLong: ReadonlySet<NamespaceName> = new Set(["cgroup", "ipc", "pid", "time", "user", "uts"]);

export type HostNamespaces = Partial<Readonly<Record<NamespaceName, number>>>;

/** "net:[4026531833]" -> 4026531833; 0 for another text. */
function numberOf(text: string): number {
  return Number(/:\[(\d+)\]$/.exec(text)?.[1] ?? 0);
}

function numbersOf(folder: string): { readonly numbers: HostNamespaces; readonly because: string } {
  const numbers: Partial<Record<NamespaceName, number>> = {};
  let because = "";
  for (const name of namespaceNames) {
    const link = readLink(`${folder}/${name}`);
    if ("text" in link) numbers[name] = numberOf(link.text);
    // Time namespaces are younger than the others.
    else if (name !== "time" && name !== "cgroup") because = link.because;
  }
  return { numbers, because };
}

/** Of the first process, where it may be looked at. */
export function hostNamespaces(procPath: string): HostNamespaces {
  return numbersOf(`${procPath}/1/ns`).numbers;
}

export interface NamespaceFacts extends Pick<PostureFacts, "namespacesShared" | "namespacesOwn"> {
  /** "" when all that decide are known. */
  readonly because: string;
}

/** `isRecent`: the kernel gives its own net and mnt namespaces fixed numbers (Linux 6.18 and newer). */
export function namespacesOf(
  procPath: string,
  pid: number,
  { host, isRecent }: { readonly host: HostNamespaces; readonly isRecent: boolean },
): NamespaceFacts {
  const { numbers, because } = numbersOf(`${procPath}/${pid}/ns`);
  if (because !== "") return { namespacesShared: [], namespacesOwn: [], because };
  const namespacesShared: NamespaceName[] = [];
  const namespacesOwn: NamespaceName[] = [];
  const unsure: string[] = [];
  for (const name of namespaceNames) {
    const number = numbers[name];
    if (number === undefined) continue;
    const of = host[name];
    if (number === (of ?? initialNumbers[name])) namespacesShared.push(name);
    else if (of !== undefined || isRecent || fixedSinceLong.has(name)) namespacesOwn.push(name);
    else unsure.push(name);
  }
  return {
    namespacesShared,
    namespacesOwn,
    because:
      unsure.length === 0
        ? ""
        : `the host's own ${unsure.join(" and ")} namespace is not known: ${procPath}/1/ns may not be read`,
  };
}

/** "6.18.44-x" is, "6.1.0-28-cloud-amd64" is not. */
export function hasFixedNumbers(release: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major > 6 || (major === 6 && minor >= 18);
}

/** Inode of the process's mount namespace; 0 when it is gone or may not be looked at. */
export function mountNamespaceOf(procPath: string, pid: number): number {
  try {
    return statSync(`${procPath}/${pid}/ns/mnt`).ino;
  } catch {
    return 0;
  }
}

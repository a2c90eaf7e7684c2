// The network namespaces of this machine, as its processes and names show them, and the addresses that others reach each one by.
import { readdirSync, statSync } from "node:fs";
import os from "node:os";
import { formatAddress, parseAddress } from "../../base/ip.ts";
import { openNamespace } from "./namespace.ts";

export const findLimits = {
  processesMax: 65_536,
  namespacesMax: 1024,
  addressesMax: 32,
} as const;

export interface FoundNamespace {
  /** Its number, the same while it lives. */
  readonly id: string;
  /** A file that names it now: of its oldest process, or under /run/netns. */
  readonly file: string;
  /** "" when it has no name under /run/netns. */
  readonly name: string;
  /** Canonical, sorted; no loopback, no link-local ones. */
  readonly addresses: readonly string[];
}

export interface Found {
  readonly namespaces: readonly FoundNamespace[];
  /** Namespaces over the limit. */
  readonly omitted: number;
  /** Processes that we may not look into. */
  readonly hidden: number;
}

/** All but the one we are in. What goes away while we look is left out. */
export function findNamespaces(): Found {
  const own = statSync("/proc/thread-self/ns/net").ino;
  const files = new Map<number, { file: string; name: string }>();
  let hidden = 0;
  for (const name of namesIn("/run/netns")) note(`/run/netns/${name}`, name);
  const processes = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  for (const pid of processes.slice(0, findLimits.processesMax)) note(`/proc/${pid}/ns/net`, "");
  function note(file: string, name: string): void {
    const ino = numberOf(file);
    if (ino === "hidden") hidden += 1;
    if (typeof ino === "string" || ino === own || files.has(ino)) return;
    files.set(ino, { file, name });
  }
  const kept = [...files].slice(0, findLimits.namespacesMax);
  const namespaces = kept.flatMap(([ino, { file, name }]): FoundNamespace[] => {
    const addresses = addressesIn(file);
    return addresses === undefined ? [] : [{ id: String(ino), file, name, addresses }];
  });
  return { namespaces, omitted: files.size - kept.length, hidden };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  } catch {
    // No namespace has a name here.
    return [];
  }
}

/** "gone", or "hidden": not ours to see. */
function numberOf(file: string): number | "gone" | "hidden" {
  try {
    return statSync(file).ino;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "EACCES" || code === "EPERM" ? "hidden" : "gone";
  }
}

function addressesIn(file: string): readonly string[] | undefined {
  let namespace: ReturnType<typeof openNamespace>;
  try {
    namespace = openNamespace(file);
  } catch {
    // Gone meanwhile.
    return undefined;
  }
  try {
    const found = Object.values(namespace.inside(() => os.networkInterfaces()))
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, address }) => !internal && !/^(fe[89ab].:|169\.254\.)/i.test(address))
      .map(({ address }) => {
        const parsed = parseAddress(address);
        return parsed === undefined ? address : formatAddress(parsed);
      });
    return [...new Set(found)].sort().slice(0, findLimits.addressesMax);
  } finally {
    namespace.close();
  }
}

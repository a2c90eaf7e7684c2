// The kernel's settings of a namespace that transparent mode needs: sockets that are accepted, and answers that belong to none, take the mark of what they
// answer to. Nothing else in a workload's namespace has marks, so they change nothing for others.
import { readFileSync, writeFileSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import type { Namespace } from "./namespace.ts";

const folder = "/proc/sys/net";
const names = ["ipv4/tcp_fwmark_accept", "ipv4/fwmark_reflect", "ipv6/fwmark_reflect"] as const;

/** One letter each, in the order of `names`: "0", "1", or "-" where the kernel has no such setting. */
export type SettingsText = string;

/** Switches all on; returns what they were. Throws "transparent/settings". */
export function switchOn(namespace: Namespace): SettingsText {
  return namespace.inside(() =>
    names
      .map((name) => {
        const before = read(name);
        if (before !== "-" && before !== "1") write(name, "1");
        return before;
      })
      .join(""),
  );
}

/** Sets them to what they were. Throws "transparent/settings". */
export function restore(namespace: Namespace, before: SettingsText): void {
  namespace.inside(() => {
    for (const [index, name] of names.entries()) {
      const value = before[index];
      if (value === "0" && read(name) !== "-") write(name, value);
    }
  });
}

export function isSettingsText(text: string): boolean {
  return /^[01-]{3}$/.test(text);
}

function read(name: string): string {
  try {
    return readFileSync(`${folder}/${name}`, "latin1").trim() === "0" ? "0" : "1";
  } catch (error) {
    // No IPv6 in this namespace.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "-";
    throw failed(name, error);
  }
}

function write(name: string, value: string): void {
  try {
    writeFileSync(`${folder}/${name}`, value);
  } catch (error) {
    throw failed(name, error);
  }
}

function failed(name: string, cause: unknown): Fault {
  return new Fault(`${folder}/${name} of a network namespace cannot be set`, {
    code: "transparent/settings",
    kind: "forbidden",
    hint: "Transparent mode needs CAP_NET_ADMIN and a /proc/sys that can be written: in a container, a privileged one.",
    cause,
  });
}

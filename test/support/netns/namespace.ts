// Network namespaces of a test's own: made by the calling thread, alive while their descriptor is open, gone with the process at the latest.
// Everything done inside is synchronous. The namespace that the test runs in is never changed.
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withNetns } from "../../../src/edge/dataplane/nftables/netlink/netns.ts";
import { check, mount, nameToIndex, setns, umount2, unshare } from "./libc.ts";
import { setUp } from "./links.ts";

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;

export interface NetworkNamespace {
  readonly name: string;
  /** A file that names it for `setns`, also for other threads and children of this process. */
  readonly path: string;
  readonly descriptor: number;
  /** Runs something synchronous inside. */
  inside<T>(act: () => T): T;
  /** Writes a value under /proc/sys/net, e.g. ("ipv4/ip_forward", "1"). */
  sysctl(name: string, value: string): void;
  /** Number of a link inside; throws when there is none of that name. */
  linkIndex(name: string): number;
  /**
   * Mounts it as a file `folder`/name, so that others find it by a path; with /run/netns `ip netns` and `--netns NAME` see it.
   * Unmounted by close().
   */
  mountIn(folder: string): string;
  close(): void;
}

/** Whether this process may make network namespaces: root and a kernel that has them. Otherwise a test skips. */
export function mayMakeNamespaces(): boolean {
  try {
    createNamespace("probe").close();
    return true;
  } catch {
    return false;
  }
}

/** A new, empty network namespace with its loopback up. Throws when the process may not. */
export function createNamespace(name: string): NetworkNamespace {
  const own = openSync("/proc/thread-self/ns/net", "r");
  let descriptor: number;
  try {
    check(unshare(CLONE_NEWNET), "unshare (root is needed)");
    try {
      descriptor = openSync("/proc/thread-self/ns/net", "r");
      setUp(1);
    } finally {
      check(setns(own, CLONE_NEWNET), "going back to the own network namespace");
    }
  } finally {
    closeSync(own);
  }
  const mounts: string[] = [];
  const file = `/proc/${process.pid}/fd/${descriptor}`;
  const inside = <T>(act: () => T): T => withNetns(file, act);
  return {
    name,
    path: file,
    descriptor,
    inside,
    sysctl: (key, value) => inside(() => writeFileSync(`/proc/sys/net/${key}`, value)),
    linkIndex: (link) => {
      const index = inside(() => nameToIndex(link));
      if (index === 0) throw new Error(`no link ${link} in ${name}`);
      return index;
    },
    mountIn: (folder) => {
      mkdirSync(folder, { recursive: true });
      const target = path.join(folder, name);
      writeFileSync(target, "", { flag: "wx" });
      mounts.push(target);
      check(mount(file, target, "none", MS_BIND, null), `mount ${target}`);
      return target;
    },
    close: () => {
      for (const target of mounts) {
        umount2(target, MNT_DETACH);
        rmSync(target, { force: true });
      }
      closeSync(descriptor);
    },
  };
}

/** Starts a child inside a namespace (or in our own, for undefined). */
export function runInNetns(
  namespace: NetworkNamespace | undefined,
  argv: readonly [string, ...string[]],
  options: SpawnOptions = {},
): ChildProcess {
  const [program, ...rest] = argv;
  return withNetns(namespace?.path, () => spawn(program, rest, options));
}

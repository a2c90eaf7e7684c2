// One moment in another network namespace: the calling thread goes in, does one synchronous thing, and is back before anything else runs.
import { closeSync, openSync } from "node:fs";
import { assert } from "../../../../base/assert.ts";
import { Fault } from "../../../../base/fault.ts";
import { errnoName, libc } from "./libc.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `act` with this thread in the network namespace of the file `path` (as /run/netns/NAME or /proc/PID/ns/net); undefined means where we are.
 * `act` must be synchronous: sockets, child processes and files under /proc/sys/net made in it belong to the namespace.
 * Throws the Fault "dataplane/netns" when it cannot be entered. Not getting back is a bug that ends the process.
 */
export function withNetns<T>(path: string | undefined, act: () => T): T {
  if (path === undefined) return act();
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    enter(path);
    try {
      return act();
    } finally {
      assert(libc().setns(own, CLONE_NEWNET) === 0, "the thread could not leave a network namespace");
    }
  } finally {
    closeSync(own);
  }
}

function enter(path: string): void {
  let target: number;
  try {
    target = openSync(path, "r");
  } catch (error) {
    throw new Fault(`network namespace ${path} cannot be opened`, {
      code: "dataplane/netns",
      kind: "not-found",
      cause: error,
    });
  }
  try {
    if (libc().setns(target, CLONE_NEWNET) !== 0) {
      throw new Fault(`network namespace ${path} cannot be entered: ${errnoName(libc().errno())}`, {
        code: "dataplane/netns",
        kind: "forbidden",
        hint: "Entering a network namespace needs CAP_SYS_ADMIN.",
      });
    }
  } finally {
    closeSync(target);
  }
}

// A network namespace held by a descriptor: it stays the same one, whatever becomes of the process or file that named it.
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { errnoName, libc } from "./libc.ts";

const CLONE_NEWNET = 0x40000000;
const ownPath = "/proc/thread-self/ns/net";

export interface Namespace {
  readonly descriptor: number;
  /** A file that names it, for other threads of this process too, while it is open. */
  readonly path: string;
  /** Runs something synchronous inside, on the calling thread; not getting back is a bug that ends the process. Throws "transparent/namespace". */
  inside<T>(act: () => T): T;
  close(): void;
}

/**
 * Opens the namespace of a file (/run/netns/NAME, /proc/PID/ns/net). Throws "transparent/namespace" when there is none and "transparent/own-namespace"
 * for the one we are in: its ports belong to the whole machine.
 */
export function openNamespace(path: string): Namespace {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw new Fault(`network namespace ${path} cannot be opened`, {
      code: "transparent/namespace",
      kind: "not-found",
      cause: error,
    });
  }
  if (fstatSync(descriptor).ino === statSync(ownPath).ino) {
    closeSync(descriptor);
    throw new Fault(`${path} is the network namespace of the gateway itself`, {
      code: "transparent/own-namespace",
      kind: "usage",
      hint: "Transparent mode is for workloads with a network namespace of their own; use the reverse proxy for others.",
    });
  }
  return {
    descriptor,
    path: `/proc/self/fd/${descriptor}`,
    inside: (act) => inside(descriptor, act),
    close: () => closeSync(descriptor),
  };
}

/** Of this thread; it never changes, and connections are too many to ask each time. Open as long as the thread is. */
let own: number | undefined;

function inside<T>(descriptor: number, act: () => T): T {
  own ??= openSync(ownPath, "r");
  if (libc().setns(descriptor, CLONE_NEWNET) !== 0) {
    throw new Fault(`a network namespace cannot be entered: ${errnoName(libc().errno())}`, {
      code: "transparent/namespace",
      kind: "forbidden",
      hint: "Entering a network namespace needs CAP_SYS_ADMIN.",
    });
  }
  try {
    return act();
  } finally {
    assert(libc().setns(own, CLONE_NEWNET) === 0, "the thread could not leave a network namespace");
  }
}

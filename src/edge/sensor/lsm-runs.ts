// Whether the kernel calls LSM programs at all: where bpf is not among its active modules (many distributions' default) they load and attach, and nothing happens.
import { readFileSync } from "node:fs";
import type { BpfObject } from "./bpf-object.ts";
import type { Libbpf } from "./libbpf.ts";

const activeModules = "/sys/kernel/security/lsm";

/**
 * "" when the attached program of the hook "bpf" was called, else why not. The object has the map `hook_runs` that the program counts in; looking at it is a
 * call of bpf(2), which asks the hook first.
 */
export function whyNotCalled(libbpf: Libbpf, object: BpfObject, listPath = activeModules): string {
  const runs = new Uint8Array(8);
  const code = libbpf.readElement(object.descriptorOf("hook_runs"), new Uint8Array(4), runs);
  if (code !== 0) return `whether LSM programs are called cannot be read: ${libbpf.lastError()}`;
  return new DataView(runs.buffer).getBigUint64(0, true) > 0n ? "" : reason(listPath);
}

function reason(listPath: string): string {
  const list = readList(listPath);
  if (list?.split(",").includes("bpf") === true)
    return `LSM programs attach and the kernel does not call them, though bpf is in lsm= (active: ${list})`;
  const active = list === undefined ? `${listPath} cannot be read` : `active: ${list}`;
  return `LSM programs attach and the kernel never calls them: bpf is not in lsm= (${active}); add it to the kernel's command line`;
}

function readList(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

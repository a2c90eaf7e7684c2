// What is said of LSM programs that were called, and of those that were not; the kernel itself is asked in test/qemu.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { BpfObject } from "./bpf-object.ts";
import type { Libbpf } from "./libbpf.ts";
import { whyNotCalled } from "./lsm-runs.ts";

const object = { descriptorOf: (map: string) => (map === "hook_runs" ? 7 : -1) } as unknown as BpfObject;

function counting(runs: bigint, code = 0): Libbpf {
  const readElement = (descriptor: number, _key: Uint8Array, value: Uint8Array): number => {
    assert.equal(descriptor, 7);
    new DataView(value.buffer).setBigUint64(0, runs, true);
    return code;
  };
  return { readElement, lastError: () => "EPERM" } as unknown as Libbpf;
}

test("a call is the proof; without one the reason names the active modules, or that nobody may read them", () => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-lsm-"));
  try {
    const list = (text: string): string => {
      writeFileSync(join(folder, "lsm"), text);
      return join(folder, "lsm");
    };
    assert.equal(whyNotCalled(counting(1n), object, list("lockdown,yama")), "");
    assert.match(
      whyNotCalled(counting(0n), object, list("lockdown,yama\n")),
      /bpf is not in lsm= \(active: lockdown,yama\)/,
    );
    assert.match(
      whyNotCalled(counting(0n), object, join(folder, "none")),
      /bpf is not in lsm= \(.*none cannot be read\)/,
    );
    assert.match(whyNotCalled(counting(0n), object, list("yama,bpf")), /though bpf is in lsm= \(active: yama,bpf\)/);
    assert.match(whyNotCalled(counting(1n, -1), object, list("yama,bpf")), /cannot be read: EPERM/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

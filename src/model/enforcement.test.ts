import assert from "node:assert/strict";
import { test } from "node:test";
import { Enforcement } from "./enforcement.ts";

test("interfaces of workloads are patterns that no interface of a node's own is called by", () => {
  assert.deepEqual(Enforcement.parse({}).workloadInterfaces, []);
  for (const pattern of ["cali*", "veth*", "lxc*", "gke*"])
    assert.ok(Enforcement.safeParse({ workloadInterfaces: [pattern] }).success, pattern);
  for (const pattern of ["*", "e*", "en*", "ens3*", "eth*", "lo*", "bond0*", "cni0*", "cali", "ca li*", "wg*"])
    assert.ok(!Enforcement.safeParse({ workloadInterfaces: [pattern] }).success, pattern);
});

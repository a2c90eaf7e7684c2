import assert from "node:assert/strict";
import { test } from "node:test";
import { heldBaseline, holdOf, isBaselineOf, type HeldWorkload } from "./runtime-hold.ts";
import type { RuntimeResource } from "./runtime-words.ts";

const web: HeldWorkload = { cluster: "local", namespace: "shop", kind: "Deployment", name: "web" };
const unit: HeldWorkload = { cluster: "local", namespace: "host", kind: "SystemdUnit", name: "ssh.service" };

function resource(spec: RuntimeResource["spec"], scope = "cluster/local"): RuntimeResource {
  return { kind: "RuntimePolicy", scope, name: "x", spec, status: [] } as unknown as RuntimeResource;
}

test("a runtime policy holds a workload as far as names can say", () => {
  for (const [target, workload, wanted] of [
    [{ namespace: "shop", workload: "web" }, web, "whole"],
    [{ workload: "web" }, web, "whole"],
    [{}, web, "whole"],
    [{ namespace: "shop", workload: "web", container: "main" }, web, "in-part"],
    [{ namespace: "shop", selector: "app=web" }, web, "perhaps"],
    [{ namespace: "other" }, web, undefined],
    [{ workload: "db" }, web, undefined],
    [{ cgroup: "/system.slice/ssh.service" }, web, undefined],
    [{ cgroup: "/system.slice/ssh.service" }, unit, "whole"],
    [{}, unit, undefined],
    [{ workload: "ssh.service" }, unit, "whole"],
  ] as const)
    assert.equal(holdOf(resource({ target }), workload), wanted, JSON.stringify([target, workload.name]));
  assert.equal(holdOf(resource({ target: { workload: "web" } }, "cluster/far"), web), undefined);
  assert.equal(holdOf(resource({ target: { workload: "web" } }, "global"), web), "whole");
  const manifest = (namespace: string) => ({ manifest: { kind: "KubeArmorPolicy", metadata: { namespace } } });
  assert.equal(holdOf(resource(manifest("shop")), web), "perhaps");
  assert.equal(holdOf(resource(manifest("far")), web), undefined);
});

test("a baseline is of the workload that it names, whatever its image; it says its step", () => {
  const target = { namespace: "shop", workload: "web", kind: "Deployment", imageDigest: "sha256:1" };
  const held = heldBaseline(resource({ target, mode: "protecting", dryRun: false }));
  assert.deepEqual([held.step, held.dryRun, held.cluster], ["protecting", false, "local"]);
  assert.deepEqual([isBaselineOf(held, web), isBaselineOf(held, { ...web, kind: "StatefulSet" })], [true, false]);
  assert.deepEqual([isBaselineOf(held, unit), isBaselineOf(held, { ...web, cluster: "far" })], [false, false]);
});

// garrison runtime plan and release --pinned as a user meets them: real processes over policy files, no server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { isNative, wrapped } from "./commands/native-policies.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");
const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-runtime-cli-"));
after(() => rmSync(folder, { recursive: true }));

const good = `kind: RuntimePolicy
name: shop
spec:
  target: { workload: web }
  exec:
    - path: /usr/bin/nc
    - pattern: "/home/*/x"
---
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: no-shell, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  process:
    matchPaths:
      - path: /bin/sh
      - path: /bin/ls
        fromsource: [{ path: /bin/bash }]
  action: Block
`;

function plan(text: string, ...flags: readonly string[]) {
  const file = path.join(folder, "policies.yaml");
  writeFileSync(file, text);
  const ran = spawnSync(process.execPath, [entry, "runtime", "plan", file, ...flags], { encoding: "utf8" });
  return { code: ran.status, output: ran.stdout, talk: ran.stderr };
}

test("plan: every rule with a guarantee and a reason, wrong ones with their line, this node in one line", () => {
  const { code, output, talk } = plan(good);
  // One rule of it is left out.
  assert.equal(code, 7);
  assert.match(output, /^shop \(dry-run\)$/m);
  assert.match(output, /exec of \/usr\/bin\/nc\s+Block\s+(prevent|kill|detect)/);
  assert.match(output, /exec of \/home\/\*\/x\s+Block\s+detect/);
  assert.match(talk, /policies\.yaml:18 spec\.process\.matchPaths\[1\]\.fromsource: .*not understood/);
  assert.match(talk, /did you mean "fromSource"/);
  assert.match(talk, /2 policies, 0 refused, 1 error: what they name is left out; this node: kill at exec (yes|no)/);
});

test("plan: at a terminal's width reasons stand below the table, each once and whole", () => {
  const { policies } = JSON.parse(plan(good, "--json").output) as {
    policies: { rules: { because: string }[] }[];
  };
  const { output } = plan(good, "--width", "80");
  assert.deepEqual(
    output.split("\n").filter((line) => line.length > 80),
    [],
  );
  const text = output.replaceAll(/\s+/g, " ");
  for (const { rules } of policies) {
    const reasons = [...new Set(rules.map(({ because }) => because))];
    for (const [index, reason] of reasons.entries()) assert.ok(text.includes(`[${index + 1}] ${reason}`), reason);
  }
});

test("plan: JSON, and the gate", () => {
  const { code, output } = plan(good, "--json", "--fail-on", "detect");
  const { policies, planes } = JSON.parse(output) as {
    policies: { policy: string; rules: { guarantee: string }[] }[];
    planes: object;
  };
  assert.equal(code, 3);
  assert.deepEqual(
    policies.map(({ policy }) => policy),
    ["shop", "no-shell"],
  );
  assert.ok("lsm" in planes);
});

test("plan: a gate does not let pass what is left out", () => {
  const allowed = good
    .replace(/^ {4}- pattern.*\n/m, "")
    .replaceAll("fromsource", "nothing")
    .replaceAll("action: Block", "action: Audit");
  assert.equal(plan(allowed).code, 7);
  assert.equal(plan(allowed.replaceAll(/^ *nothing:.*\n/gm, "")).code, 0);
  assert.equal(plan(allowed, "--fail-on", "detect").code, 3);
});

test("plan: a refused policy is exit code 2, with its reason", () => {
  const { code, talk } = plan("kind: RuntimePolicy\nname: p\nspec: { exec: [{ path: nc }] }\n");
  assert.equal(code, 2);
  assert.match(talk, /policies\.yaml:3 spec\.exec\[0\]\.path: an absolute path/);
});

test("apply wraps KubeArmor's and Tetragon's objects as RuntimePolicies, in dry run", () => {
  const object = {
    apiVersion: "security.kubearmor.com/v1",
    kind: "KubeArmorPolicy",
    metadata: { name: "no-shell", namespace: "shop", uid: "x" },
    spec: {},
  };
  assert.ok(isNative(object));
  const resource = wrapped(object, "cluster/c1");
  assert.ok(typeof resource !== "string");
  assert.deepEqual(
    [resource.kind, resource.name, resource.scope],
    ["RuntimePolicy", "kubearmorpolicy.shop.no-shell", "cluster/c1"],
  );
  assert.equal("mode" in resource.spec, false);
  assert.deepEqual(Object.keys((resource.spec["manifest"] as { metadata: object }).metadata), ["name", "namespace"]);
});

test("release --pinned: offline, every name that an agent left in the folder; nothing there is said; not with a workload", (context) => {
  const made = mkdtempSync(path.join(os.tmpdir(), "garrison-bpffs-"));
  context.after(() => rmSync(made, { recursive: true }));
  const place = `${made}/garrison/guard`;
  const release = `"${process.execPath}" "${entry}" runtime release --pinned --pin-folder "${place}"`;
  // A bpffs of a mount namespace of this line's own; symbolic links stand for the kernel's in it.
  const script = `mount -t bpf bpf "${made}" && mkdir -p "${place}/a-1" "${place}/b-2" && ln -s x "${place}/a-1/one" && ln -s x "${place}/b-2/two" && ${release} && ls "${place}" && ${release}`;
  const ran = spawnSync("unshare", ["--mount", "--propagation", "private", "sh", "-c", script], { encoding: "utf8" });
  if (!skipUnless(context, !/unshare|mount/.test(ran.stderr), `a bpffs of its own: ${ran.stderr}`)) return;
  assert.deepEqual([ran.status, ran.stderr], [0, ""]);
  assert.match(ran.stdout, /^2 pinned links removed \(.*\/garrison\/guard\): .*\nnothing is pinned \(.*\)\n$/);
  const both = spawnSync(process.execPath, [entry, "runtime", "release", "shop/web", "--pinned"], { encoding: "utf8" });
  const none = spawnSync(process.execPath, [entry, "runtime", "release"], { encoding: "utf8" });
  assert.deepEqual([both.status, none.status], [2, 2]);
});

// The state machine without a kernel: what goes in, what is refused, what is repaired, and what is said of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import {
  apply,
  calico,
  dnsEntries,
  enforcement,
  hear,
  live,
  node,
  pod,
  policy,
  scene,
  startMs,
} from "./scene.fixture.ts";

test("a change that leaves live connections alone goes in; pods cannot be tried, so it is applied and not proved, because", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  assert.equal(node(here).state, "enforced");
  const said = here.enforcer.statuses().find(({ kind }) => kind === "Policy");
  assert.equal(said?.enforcement?.state, "unproved");
  assert.match(said.because, /applied, not proved: no two ends of it are namespaces of this machine/);
  assert.equal(said.enforcement.endpoints, 1);
  assert.ok((here.dataplane.applied()?.chains.length ?? 0) > 0);
});

test("a change that cuts more than its share is refused, what was in force stays, and the digest brings it", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  const before = here.dataplane.applied()?.digest;
  await apply(here, [enforcement(), policy("nobody")]);
  const refused = node(here);
  assert.equal(refused.state, "refused");
  assert.match(
    refused.because,
    /would cut 1 of 1 live connections \(100 %, at most 5 % may be\): 10\.1\.0\.1 -> 10\.1\.0\.2:5432\/tcp/,
  );
  assert.equal(here.dataplane.applied()?.digest, before);
  await apply(here, [enforcement({ cutShareMax: 1 }), policy("nobody")]);
  assert.equal(node(here).state, "refused", "limits are no part of the change; it stays refused until it is confirmed");
  await apply(here, [enforcement({ confirm: refused.digest }), policy("nobody")]);
  assert.equal(node(here).state, "enforced");
  assert.notEqual(here.dataplane.applied()?.digest, before);
});

test("policies wait for identities: a world that was not heard is not a world without pods", async (context) => {
  const here = scene(context, { heard: "not-heard" });
  await apply(here, [enforcement(), policy("web")]);
  assert.equal(node(here).state, "failed");
  assert.match(node(here).because, /was not heard yet/);
  assert.equal(here.dataplane.applied(), undefined);
  hear(here.book, "kept");
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.equal(node(here).state, "enforced");
});

test("a pod that comes is in the kernel without a new change", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  const digest = node(here).digest;
  const text = () => JSON.stringify(here.dataplane.applied()?.sets);
  assert.ok(!text().includes("10.1.0.9"));
  const put = [IdentityEntry.parse({ ...pod("web", "10.1.0.9"), key: "Pod/web2", pod: "web2", podUid: "web2" })];
  here.book.apply(
    { type: "identities", first: false, last: false, inventory: "kept", because: "", put, ended: [] },
    startMs,
  );
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.ok(text().includes("10.1.0.9"));
  assert.equal(node(here).digest, digest);
});

test("a foreign removal is repaired at once and told; off takes all out", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  here.dataplane.removeAsStranger();
  assert.notEqual(here.dataplane.applied(), undefined, "repaired in the same turn");
  const [gap] = here.enforcer.takeGaps(startMs);
  assert.deepEqual([gap?.reason, gap?.table], ["policy-unenforced", "flows"]);
  await apply(here, [enforcement({ mode: "off" }), policy("web")]);
  assert.equal(here.dataplane.applied(), undefined);
  assert.equal(node(here).state, "off");
});

test("a kernel that refuses is a status with its reason, and is asked again", async (context) => {
  const broken = new Fault("operation not permitted", { code: "dataplane/netlink", kind: "forbidden" });
  const refuses = () => {
    throw broken;
  };
  const here = scene(context, { wrap: () => ({ apply: refuses }) });
  await apply(here, [enforcement(), policy("web")]);
  const said = node(here);
  assert.deepEqual([said.state, said.because], ["failed", "operation not permitted"]);
});

test("a rule that packets cannot be asked is closed in the kernel: it counts as a cut and says why", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  const onlyGet = [{ action: "Allow", protocol: "TCP", http: { methods: ["GET"] } }];
  await apply(here, [enforcement(), calico({ selector: "app == 'db'", types: ["Ingress"], ingress: onlyGet })]);
  assert.equal(node(here).state, "refused");
  assert.match(node(here).because, /would cut 1 of 1 live .*1 of them because what is not known is closed: /);
});

test("a policy that closes the cluster's DNS is refused on the DNS server's own node, where only other pods are cut off", async (context) => {
  const here = scene(context);
  const put = dnsEntries;
  here.book.apply(
    { type: "identities", first: false, last: false, inventory: "kept", because: "", put, ended: [] },
    startMs,
  );
  await apply(here, [enforcement(), policy("web")]);
  assert.equal(node(here).state, "enforced");
  await apply(here, [enforcement(), policy("web"), calico({ selector: "k8s-app == 'kube-dns'", types: ["Ingress"] })]);
  assert.equal(node(here).state, "refused");
  assert.match(
    node(here).because,
    /would cut a guarded path: the cluster's DNS \(10\.1\.0\.53:53\) would refuse 10\.1\.0\.1/,
  );
  const fromDb = [{ action: "Allow", source: { selector: "app == 'db'" } }];
  await apply(here, [
    enforcement(),
    policy("web"),
    calico({ selector: "k8s-app == 'kube-dns'", types: ["Ingress"], ingress: fromDb }),
  ]);
  assert.equal(node(here).state, "refused", "some pods are enough");
});

test("with reevaluate a pod that is relabelled loses the connections that its new labels do not allow; with keep it does not", async (context) => {
  for (const onPolicyChange of ["reevaluate", "keep"]) {
    const here = scene(context);
    const open = () => here.dataplane.connections(9).connections.length;
    await apply(here, [enforcement({ onPolicyChange }), policy("web")]);
    assert.equal(open(), 1);
    const put = [{ ...pod("web", "10.1.0.1"), labels: { app: "quarantined" } }];
    here.book.apply(
      { type: "identities", first: false, last: false, inventory: "kept", because: "", put, ended: [] },
      startMs,
    );
    here.clockMs += 2000;
    here.enforcer.identitiesCame();
    await here.enforcer.settled();
    const isCut = onPolicyChange === "reevaluate";
    assert.deepEqual([open(), node(here).node?.connectionsCut], isCut ? [0, 1] : [1, 0]);
  }
});

test("a server that is away changes no rule in force and cuts nothing, and is said", async (context) => {
  const here = scene(context);
  const outside = [{ action: "Allow", destination: { notSelector: "app == 'nobody'" } }];
  const toOthers = calico({ selector: "app == 'web'", types: ["Egress"], egress: outside });
  await apply(here, [enforcement({ onPolicyChange: "reevaluate" }), toOthers]);
  const digest = here.dataplane.applied()?.digest;
  here.book.disconnected();
  here.clockMs += 6000;
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.equal(here.dataplane.applied()?.digest, digest);
  assert.equal(here.dataplane.connections(9).connections.length, 1);
  assert.match(node(here).because, /is in force.*; identities are old: the server is not connected/);
});

test("what another kernel judges is no cut here: an unknown far end of a workload without policies", async (context) => {
  const far = { ...live, realDestination: "10.1.9.9", destination: "10.1.9.9" };
  const here = scene(context, { connections: [far] });
  here.book.apply(
    {
      type: "identities",
      first: false,
      last: false,
      inventory: "kept",
      because: "",
      put: dnsEntries.map((one) => (one.kind === "node" ? { ...one, ranges: ["10.1.0.0/16"] } : one)),
      ended: [],
    },
    startMs,
  );
  await apply(here, [enforcement({ onPolicyChange: "reevaluate" }), policy("web")]);
  assert.equal(node(here).state, "enforced");
  assert.deepEqual([node(here).node?.liveFlows, node(here).node?.cutFlows, node(here).node?.connectionsCut], [1, 0, 0]);
  assert.equal(here.dataplane.connections(9).connections.length, 1);
});

test("interfaces of workloads nobody told of are closed where the settings name them, and open is said where not", async (context) => {
  const here = scene(context);
  const text = () => JSON.stringify(here.dataplane.applied()?.chains);
  await apply(here, [enforcement(), policy("web")]);
  assert.match(node(here).because, /; pods nobody told of yet are open/);
  const before = text();
  await apply(here, [enforcement({ workloadInterfaces: ["cali*"] }), policy("web")]);
  assert.doesNotMatch(node(here).because, /are open/);
  assert.notEqual(text(), before);
  assert.match(text(), /"cali\*"/);
});

test("backends of a service that a rule names are followed", async (context) => {
  const here = scene(context);
  const hearOf = (put: IdentityEntry[]) =>
    here.book.apply(
      { type: "identities", first: false, last: false, inventory: "kept", because: "", put, ended: [] },
      startMs,
    );
  hearOf(dnsEntries);
  const toDns = [{ action: "Allow", destination: { services: { name: "kube-dns", namespace: "kube-system" } } }];
  await apply(here, [
    enforcement({ cutShareMax: 1 }),
    calico({ selector: "app == 'web'", types: ["Egress"], egress: toDns }),
  ]);
  const text = () => JSON.stringify(here.dataplane.applied()?.sets.map(({ elements }) => elements));
  assert.ok(text().includes("10.1.0.53") && !text().includes("10.1.0.54"));
  const [, coredns] = dnsEntries;
  assert.ok(coredns !== undefined);
  hearOf([{ ...coredns, addresses: ["10.1.0.54"] }]);
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.ok(text().includes("10.1.0.54") && !text().includes("10.1.0.53"));
});

test("what was taken back comes with no other change, until it is changed itself or that change is confirmed", async (context) => {
  const here = scene(context);
  const other = calico({ selector: "app == 'nobody'", types: ["Ingress"], ingress: [{ action: "Deny" }] });
  const limited = { cutShareMax: 1, rollbackAfterSeconds: 30 };
  await apply(here, [enforcement({ cutShareMax: 1 }), policy("web")]);
  const before = here.dataplane.applied()?.digest;
  const cutting = { ...policy("nobody"), generation: 2 };
  await apply(here, [enforcement(limited), cutting]);
  assert.equal(node(here).state, "enforced");
  here.clockMs += 31_000;
  await apply(here, [enforcement(limited), cutting]);
  assert.equal(here.dataplane.applied()?.digest, before, "taken back");
  await apply(here, [enforcement({ cutShareMax: 1 }), cutting, other]);
  assert.equal(node(here).state, "taken-back");
  assert.match(node(here).because, /networkpolicy\.shop\.db/);
  assert.equal(here.dataplane.applied()?.digest, before, "no other change brings it along");
  const digest = node(here).digest;
  await apply(here, [enforcement({ cutShareMax: 1 }), { ...policy("web"), generation: 3 }, other]);
  assert.equal(node(here).state, "enforced", "the policy was changed, so the rest goes in");
  await apply(here, [enforcement({ cutShareMax: 1, confirm: digest }), cutting, other]);
  assert.equal(node(here).state, "enforced", "a person confirmed it");
});

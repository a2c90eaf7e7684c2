import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, engineOf, exec, inShop, rule } from "./rules.fixture.ts";

const audit = {
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  auditID: "a1",
  stage: "ResponseComplete",
  verb: "create",
  requestURI: "/api/v1/namespaces/shop/pods?dryRun=All&x=a%20b",
  user: { username: "eve", groups: ["devs", "system:authenticated"] },
  sourceIPs: ["10.1.2.3"],
  objectRef: { resource: "pods", namespace: "shop", name: "bad", apiVersion: "v1" },
  responseStatus: { code: 201 },
  stageTimestamp: "2026-11-26T10:00:00.5Z",
  annotations: { "authorization.k8s.io/decision": "allow" },
  requestObject: {
    spec: {
      hostPID: true,
      containers: [
        { image: "reg:5000/a/b:1@sha256:x", securityContext: { privileged: true } },
        { image: "c:2", securityContext: { runAsUser: 1000 } },
      ],
      volumes: [{ name: "h", hostPath: { path: "/etc" } }],
    },
  },
};

const cases: readonly (readonly [condition: string, holds: boolean])[] = [
  ["ka.verb = create and ka.target.resource = pods and ka.response.code < 400", true],
  ["ka.user.name = eve and ka.user.groups intersects (devs, ops)", true],
  ["ka.user.groups in (devs, ops)", false],
  ["ka.user.groups in (devs, system:authenticated)", true],
  ["ka.req.pod.containers.privileged intersects (true)", true],
  ["ka.req.pod.host_pid intersects (true)", true],
  ["ka.req.pod.volumes.hostpath intersects (/etc)", true],
  ["ka.req.pod.volumes.volume_type intersects (hostPath)", true],
  ["ka.req.pod.containers.image.repository intersects (reg:5000/a/b)", true],
  ["ka.req.pod.containers.image[1] = c:2", true],
  // "in" is of all containers: the second one does not say it.
  ["ka.req.pod.containers.privileged in (true)", false],
  ["ka.req.pod.containers.privileged[0] = true", true],
  ["ka.req.pod.containers.privileged[1] exists", false],
  ["ka.req.pod.containers.read_only_fs exists", false],
  ["ka.req.pod.containers.run_as_user in (1000)", false],
  ["ka.req.pod.containers.run_as_user[1] = 1000", true],
  ["ka.req.pod.containers.eff_run_as_user in (0, 1000)", true],
  ["ka.req.pod.containers.eff_run_as_user[0] = 0", true],
  ["ka.req.volume.hostpath[/etc] = true", true],
  ["ka.req.volume.hostpath[/e*] = true", true],
  ["ka.req.volume.hostpath[/root] = true", false],
  ["ka.req.binding.subject.has_name[eve] = false", true],
  ["ka.uri.param[x] = 'a b'", true],
  ["ka.sourceips in (10.0.0.0/8)", true],
  ["ka.auth.decision = allow", true],
  ["jevt.value[/objectRef/name] = bad and jevt.value[/user/groups/0] = devs", true],
  ["jevt.value[/no/such] exists", false],
  ["ka.impuser.name exists", false],
  ["not ka.impuser.name = x", true],
];
for (const [condition, holds] of cases)
  test(`audit: ${condition} is ${holds}`, () => {
    const result = compiled([rule("r", condition, { source: "k8s_audit", output: "%ka.user.name %ka.target.name" })]);
    assert.deepEqual(result.problems, []);
    const { detector, told } = engineOf(result);
    detector.takeAudit(audit, 0);
    assert.equal(told.length, holds ? 1 : 0);
    if (holds)
      assert.deepEqual(
        [told[0]?.output, told[0]?.source, told[0]?.timeMs],
        ["eve bad", "k8s_audit", Date.parse("2026-11-26T10:00:00.5Z")],
      );
  });

test("rules of one source never see events of the other, also when they ask for nothing in particular", () => {
  const { detector, told } = engineOf(
    compiled([rule("a", "evt.num >= 0", { source: "k8s_audit" }), rule("s", "evt.num >= 0")]),
  );
  detector.takeAudit(audit, 0);
  detector.take([exec(5, 1, ["/x"])], () => inShop);
  assert.deepEqual(
    told.map(({ rule: name }) => name),
    ["a", "s"],
  );
});

test("whatever an audit event is, it is survived", () => {
  const { detector, told } = engineOf(
    compiled([
      rule("a", "ka.verb = get or jevt.value[/a/b/0] = x or ka.req.pod.containers.image intersects (y)", {
        source: "k8s_audit",
      }),
    ]),
  );
  for (const odd of [
    null,
    1,
    "x",
    [],
    {},
    { requestObject: [] },
    { requestObject: { spec: { containers: {} } } },
    { verb: { a: 1 } },
    { user: null },
  ])
    detector.takeAudit(odd, 5);
  assert.equal(told.length, 0);
  assert.equal(detector.stats().events, 9);
});

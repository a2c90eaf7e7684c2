// What pods declare, read from objects as an API server sends them; nothing of any shape makes reading throw.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ContainerSecurity, PodSecurity } from "../../../model/pod-security.ts";
import { createParseContext } from "./raw.ts";
import { containerSecurityOf, podSecurityOf } from "./security.ts";

test("a pod's and a container's securityContext, and what stands around them", () => {
  const context = createParseContext("c");
  const pod = podSecurityOf(context, {
    hostPID: true,
    hostUsers: false,
    securityContext: {
      runAsUser: 1000,
      fsGroup: 2000,
      seccompProfile: { type: "Localhost", localhostProfile: "a.json" },
      sysctls: [{ name: "net.core.somaxconn", value: "9" }],
      seLinuxOptions: { type: "container_t" },
    },
    volumes: [{ name: "etc", hostPath: { path: "/etc" } }, { name: "t", emptyDir: {} }, { name: "bare" }],
  });
  assert.deepEqual(pod, {
    runAsUser: 1000,
    seccomp: { type: "Localhost", profile: "a.json" },
    appArmor: { type: "", profile: "" },
    seLinux: { user: "", role: "", type: "container_t", level: "" },
    hostProcess: false,
    hostPid: true,
    hostIpc: false,
    hostUsers: false,
    sharesProcesses: false,
    fsGroup: 2000,
    supplementalGroups: [],
    sysctls: [{ name: "net.core.somaxconn", value: "9" }],
    volumes: [
      { name: "etc", type: "hostPath", hostPath: "/etc" },
      { name: "t", type: "emptyDir", hostPath: "" },
      { name: "bare", type: "emptyDir", hostPath: "" },
    ],
  });
  const container = containerSecurityOf(
    context,
    {
      name: "web",
      securityContext: {
        privileged: true,
        allowPrivilegeEscalation: false,
        capabilities: { add: ["NET_RAW"], drop: ["ALL"] },
      },
      ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }],
      livenessProbe: { httpGet: { host: "10.0.0.1" } },
      lifecycle: { preStop: { tcpSocket: { host: "10.0.0.2" } } },
      volumeMounts: [{ name: "etc", mountPath: "/host", readOnly: true, mountPropagation: "Bidirectional" }],
    },
    { "container.apparmor.security.beta.kubernetes.io/web": "localhost/mine" },
  );
  assert.deepEqual(
    [
      container.privileged,
      container.allowPrivilegeEscalation,
      container.capabilitiesAdded,
      container.capabilitiesDropped,
    ],
    [true, false, ["NET_RAW"], ["ALL"]],
  );
  assert.deepEqual([container.hostPorts, container.probeHosts], [[80], ["10.0.0.1", "10.0.0.2"]]);
  assert.deepEqual(container.appArmor, { type: "Localhost", profile: "mine" });
  assert.deepEqual(container.mounts, [
    { path: "/host", volume: "etc", isReadOnly: true, propagation: "Bidirectional" },
  ]);
});

test("whatever is sent becomes what the model takes", () => {
  const context = createParseContext("c");
  const raw = fc.dictionary(
    fc.constantFrom("securityContext", "volumes", "ports", "hostPID", "name", "lifecycle"),
    fc.anything(),
  );
  fc.assert(
    fc.property(raw, fc.dictionary(fc.string(), fc.anything()), (spec, inner) => {
      const given = { ...spec, securityContext: inner };
      assert.ok(PodSecurity.safeParse(podSecurityOf(context, given)).success);
      assert.ok(ContainerSecurity.safeParse(containerSecurityOf(context, given, inner)).success);
    }),
  );
});

// Profiles and postures of real containers under runc: what is learnt is what the kernel saw, a profile written from it lets the program work and
// refuses the rest, and the posture is the one that the container was given.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { confidenceOf, mergeUsage } from "../../src/core/profile/learnt.ts";
import { postureOf } from "../../src/core/profile/posture/container-layers.ts";
import { podSecurityOfLive } from "../../src/core/profile/posture/pod-security-live.ts";
import { systemCallsOf } from "../../src/core/profile/system-calls.ts";
import { writeAppArmor } from "../../src/core/profile/write/apparmor.ts";
import { allowedCalls, ociSeccomp, writeSeccomp } from "../../src/core/profile/write/seccomp.ts";
import type { Learner } from "../../src/core/sense/learner.ts";
import { mountNamespaceOf } from "../../src/edge/proc/posture/namespaces.ts";
import { readSysctls } from "../../src/edge/proc/posture/namespace-sysctls.ts";
import { liveRoots, readPosture } from "../../src/edge/proc/posture/read-posture.ts";
import { openLearner } from "../../src/edge/sensor/learn/open-learner.ts";
import { kernelSensorMissing } from "../../src/edge/sensor/sensor.fixture.ts";
import { ContainerSecurity, PodSecurity } from "../../src/model/pod-security.ts";
import { openRuncWorkshop, runcMissing, type RuncWorkshop } from "../support/runc-container.ts";
import { skipUnless } from "../support/skip.ts";

const compilerPath = "/usr/bin/gcc";
/** A thread and a child; with an argument also a new user namespace and a socket to the host's side of a virtual machine. Prints what came of each. */
const makerSource = `
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void *run(void *value) { *(int *)value = 1; return 0; }
int main(int count, char **words) {
  int ran = 0, status = -1;
  pthread_t thread;
  int made = pthread_create(&thread, 0, run, &ran);
  if (made == 0) pthread_join(thread, 0);
  pid_t child = fork();
  if (child == 0) _exit(7);
  if (child > 0) waitpid(child, &status, 0);
  int local = socket(AF_INET, SOCK_STREAM, 0);
  printf("thread %d child %d socket %d\\n", ran, WEXITSTATUS(status), local >= 0);
  if (count > 1) {
    long other = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (other == 0) _exit(0);
    int failed = other < 0 ? errno : 0;
    int machine = socket(40, SOCK_STREAM, 0);
    printf("user namespace %d machine %d\\n", failed, machine < 0 ? errno : 0);
  }
  return 0;
}
`;

const parserPath = "/usr/sbin/apparmor_parser";

test("AppArmor profiles are what the real parser takes, in both modes, with any name of a file", (context) => {
  if (!skipUnless(context, existsSync(parserPath), `${parserPath} (Debian package apparmor)`)) return;
  const learnt = { ...mergeUsage([]), executables: ["/usr/bin/web"], capabilities: ["net_bind_service", "sys_chroot"] };
  const odd = [
    "/a b/[x]{y}.txt",
    "/a*b",
    "/a,b",
    '/q"x',
    "/tmp/x",
    "/proc/12/status",
    "/srv/#1",
    "/n\nl",
    "/back\\slash",
    "/control\u0001\u001b[31m",
    "/not\ufffdtext",
    "/@{HOME}/^$(x)|y",
    "/ends/",
    "/ends\\",
    "/cache/app.jar!/x",
    "/a'b(c)<d>|e;f=g&h~i:j%k",
    "/spaces  and\u00a0more \u2028",
  ];
  const target = { namespace: "shop", workload: "web", workloadKind: "Deployment", container: "web" } as const;
  const networks = ["inet stream", "inet6 dgram", "unix stream", "inet raw"];
  const files = { executables: odd, libraries: odd, reads: odd, writes: odd, networks, because: [] };
  for (const mode of ["log", "enforce"] as const) {
    const { text } = writeAppArmor({ target, mode, learnt, confidence: confidenceOf(learnt, 1), nowMs: 1, files });
    const { status, stderr } = spawnSync(parserPath, ["-Q", "-K", "-T"], { input: text, encoding: "utf8" });
    assert.equal(status, 0, `${stderr}\n${text}`);
  }
});

const missing = runcMissing() || (await kernelSensorMissing());
const objectPath = fileURLToPath(new URL("../../bpf/objects/learn.bpf.o", import.meta.url));
const roots = { ...liveRoots, sysctls: readSysctls };
const onX64 = process.arch === "x64";
const architecture = onX64 ? "x86_64" : "aarch64";

/** Does something with files, ends well: the container's ordinary work. */
const work = [
  "sh",
  "-c",
  "mkdir /tmp/a && echo one > /tmp/a/b && cat /tmp/a/b && mv /tmp/a/b /tmp/a/c && rm -r /tmp/a",
];

describe("containers", () => {
  let workshop: RuncWorkshop | undefined;
  let learner: Learner | undefined;
  before(() => {
    if (missing !== "") return;
    workshop = openRuncWorkshop();
    learner = openLearner({ objectPath, hostMountNamespace: mountNamespaceOf("/proc", process.pid) });
  });
  after(() => {
    learner?.close();
    workshop?.close();
  });
  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `runc and BPF: ${missing}`);

  /** The calls of one container that does its work, watched from its first program on. */
  async function learn(command: readonly string[]) {
    assert.ok(workshop && learner);
    learner.setLearnNew(true);
    learner.setLearning(true);
    // It waits, so that its namespace is known; what it runs then is a child in the same one.
    const container = await workshop.start(["sh", "-c", "while ! test -e /go; do sleep 0.05; done; /go; sleep 60"]);
    try {
      const namespace = mountNamespaceOf("/proc", container.pid);
      const { exitCode, output } = await container.exec(command);
      assert.equal(exitCode, 0, output);
      const scope = learner.read().find(({ mountNamespace }) => mountNamespace === namespace);
      assert.ok(scope);
      return scope;
    } finally {
      learner.setLearning(false);
      await container.stop();
    }
  }

  test("learnt is what the program called, from its start on; nothing while learning is off", async (context) => {
    if (!canRun(context)) return;
    const scope = await learn(work);
    const { names, unnamed } = systemCallsOf(architecture, scope.calls);
    assert.ok(scope.startSeen);
    assert.deepEqual(unnamed, []);
    for (const name of onX64 ? ["mkdir", "rename", "write", "openat", "rmdir"] : ["mkdirat", "write", "openat"])
      assert.ok(names.includes(name) || names.includes(`${name}at2`), `${name} in ${names.join(" ")}`);
    // The runtime prepares a container with these before its program begins: they are not the container's.
    for (const name of ["pivot_root", "sethostname"]) assert.ok(!names.includes(name), name);
    const calls = Buffer.from(scope.calls).toString("hex");
    const again = learner?.read().find(({ mountNamespace }) => mountNamespace === scope.mountNamespace);
    assert.equal(Buffer.from(again?.calls ?? []).toString("hex"), calls);
  });

  test("an enforced profile lets the program work and refuses what is outside; in log mode that passes", async (context) => {
    if (!canRun(context)) return;
    assert.ok(workshop);
    const scope = await learn(work);
    const { names } = systemCallsOf(architecture, scope.calls);
    const nowMs = Date.now();
    const learnt = mergeUsage([
      {
        time: nowMs,
        architecture,
        systemCalls: [...names],
        systemCallsUnnamed: [],
        capabilities: [],
        capabilitiesInferred: [],
        executables: ["/bin/busybox"],
        startSeen: true,
        hasForeignCalls: false,
        learntSeconds: 1,
        containerId: "one",
      },
    ]);
    const target = { namespace: "shop", workload: "web", workloadKind: "Deployment", container: "web" } as const;
    const request = { target, learnt, confidence: confidenceOf(learnt, nowMs), nowMs, runtime: "runc" } as const;
    const enforced: unknown = JSON.parse(writeSeccomp({ ...request, mode: "enforce" }).text);
    const logged: unknown = JSON.parse(writeSeccomp({ ...request, mode: "log" }).text);
    for (const noNewPrivileges of [false, true]) {
      const done = await workshop.run(work, { seccomp: enforced, noNewPrivileges });
      assert.deepEqual([done.exitCode, done.output], [0, "one\n"], `noNewPrivileges ${noNewPrivileges}`);
    }
    // Not among what it did: another root for a program.
    const outside = ["chroot", "/", "/bin/true"];
    assert.equal((await workshop.run(outside)).exitCode, 0, "works without a profile");
    const refused = await workshop.run(outside, { seccomp: enforced });
    assert.notEqual(refused.exitCode, 0);
    assert.match(refused.output, /not permitted/i);
    assert.equal((await workshop.run(outside, { seccomp: logged })).exitCode, 0);
  });

  test("an enforced profile that learnt clone makes threads and children, and no user namespace", async (context) => {
    if (!canRun(context) || !skipUnless(context, existsSync(compilerPath), `${compilerPath} with a static C library`))
      return;
    assert.ok(workshop);
    const built = spawnSync(
      compilerPath,
      ["-static", "-pthread", "-x", "c", "-o", join(workshop.image, "bin/maker"), "-"],
      { input: makerSource, encoding: "utf8" },
    );
    assert.equal(built.status, 0, built.stderr);
    const scope = await learn(["/bin/maker"]);
    const { names } = systemCallsOf(architecture, scope.calls);
    assert.ok(names.includes("clone") || names.includes("clone3"), names.join(" "));
    const works = "thread 1 child 7 socket 1\n";
    const free = await workshop.run(["/bin/maker", "more"]);
    assert.match(free.output, new RegExp(`^${works}user namespace 0 machine (?!1$)\\d+\\n$`), "without a profile");
    const seccomp = ociSeccomp(allowedCalls(names, "runc", [architecture]), [architecture], "enforce");
    for (const noNewPrivileges of [false, true]) {
      const confined = await workshop.run(["/bin/maker", "more"], { seccomp, noNewPrivileges });
      assert.deepEqual([confined.exitCode, confined.output], [0, `${works}user namespace 1 machine 1\n`]);
    }
    const logged = ociSeccomp(allowedCalls(names, "runc", [architecture]), [architecture], "log");
    assert.equal((await workshop.run(["/bin/maker", "more"], { seccomp: logged })).output, free.output);
  });

  test("the runtime's base set alone starts a container, with and without new privileges, as another user", async (context) => {
    if (!canRun(context)) return;
    assert.ok(workshop);
    const seccomp = ociSeccomp(allowedCalls([], "runc", [architecture]), [architecture], "enforce");
    for (const options of [
      { seccomp },
      { seccomp, noNewPrivileges: true },
      { seccomp, user: { uid: 1000, gid: 1000 } },
      { seccomp, noNewPrivileges: true, user: { uid: 1000, gid: 1000 } },
    ]) {
      const { exitCode, output } = await workshop.run(["echo", "hello"], options);
      assert.deepEqual([exitCode, output], [0, "hello\n"], JSON.stringify({ ...options, seccomp: "base" }));
    }
  });

  test("the posture is what the container was given: default, privileged, restricted", async (context) => {
    if (!canRun(context)) return;
    assert.ok(workshop);
    const sleep = ["sleep", "60"];
    const seccomp = ociSeccomp(allowedCalls(["clock_nanosleep"], "runc", [architecture]), [architecture], "enforce");
    const given = [
      ["default", {}],
      ["privileged", { isPrivileged: true, isHostNetwork: true }],
      ["confined", { seccomp, noNewPrivileges: true, user: { uid: 1000, gid: 1000 } }],
    ] as const;
    const seen: unknown[] = [];
    for (const [name, options] of given) {
      const container = await workshop.start(sleep, options);
      try {
        const facts = readPosture(roots, container.pid);
        assert.ok(facts);
        const { level, violations } = podSecurityOfLive(facts);
        seen.push({
          name,
          uid: facts.uid.effective,
          seccomp: facts.seccompMode,
          noNewPrivileges: facts.noNewPrivileges,
          bounding: facts.capabilities.bounding.length > 14,
          net: facts.namespacesShared.includes("net"),
          pid: facts.namespacesShared.includes("pid"),
          open: facts.procPathsOpen.includes("/proc/sys"),
          level,
          baseline: violations.filter((one) => one.level === "baseline").map(({ control }) => control),
        });
        assert.equal(facts.unread["namespaces"], undefined);
        assert.equal(facts.unread["status"], undefined);
        assert.equal(facts.sysctls["net.ipv4.ip_unprivileged_port_start"], "1024");
      } finally {
        await container.stop();
      }
    }
    // Runtimes mask more than the test's own list: what is left open keeps it out of baseline, and is named.
    assert.deepEqual(seen, [
      {
        name: "default",
        uid: 0,
        seccomp: 0,
        noNewPrivileges: false,
        bounding: false,
        net: false,
        pid: false,
        open: false,
        level: "privileged",
        baseline: ["/proc Mount Type"],
      },
      {
        name: "privileged",
        uid: 0,
        seccomp: 0,
        noNewPrivileges: false,
        bounding: true,
        net: true,
        pid: false,
        open: true,
        level: "privileged",
        baseline: ["Host Namespaces", "Privileged Containers", "/proc Mount Type"],
      },
      {
        name: "confined",
        uid: 1000,
        seccomp: 2,
        noNewPrivileges: true,
        bounding: false,
        net: false,
        pid: false,
        open: false,
        level: "privileged",
        baseline: ["/proc Mount Type"],
      },
    ]);
  });

  test("declared and not there is a difference, with the evidence", async (context) => {
    if (!canRun(context)) return;
    assert.ok(workshop);
    const container = await workshop.start(["sleep", "60"], {
      mounts: [{ destination: "/host", source: "/etc", options: ["bind", "ro"] }],
    });
    try {
      const facts = readPosture(roots, container.pid);
      assert.ok(facts);
      const security = {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilitiesDropped: ["ALL"],
        runAsNonRoot: true,
        appArmor: { type: "RuntimeDefault" },
      };
      const learnt = mergeUsage([]);
      const answer = postureOf({
        declared: {
          pod: PodSecurity.parse({ seccomp: { type: "RuntimeDefault" } }),
          container: ContainerSecurity.parse(security),
          hostNetwork: false,
          limits: {},
        },
        facts,
        learnt,
        confidence: confidenceOf(learnt, Date.now()),
      });
      assert.equal(answer.levelDeclared.level, "restricted");
      const rules = answer.differences.map(({ rule }) => rule).toSorted();
      const expected = [
        "apparmor-not-in-force",
        "capabilities-undeclared",
        "escalation-possible",
        "host-mount-undeclared",
        "pod-security-weaker",
        "proc-unmasked",
        "root-filesystem-writable",
        "seccomp-not-loaded",
        "user-differs",
      ];
      assert.deepEqual(rules, expected);
      const seccomp = answer.differences.find(({ rule }) => rule === "seccomp-not-loaded");
      assert.deepEqual(seccomp?.evidence, [
        "a profile is declared, and no filter is loaded",
        "declared: RuntimeDefault",
        `effective: none (/proc/${container.pid}/status)`,
      ]);
    } finally {
      await container.stop();
    }
  });
});

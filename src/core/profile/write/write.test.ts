// Written profiles: everything seen is allowed, names are data, texts are golden, promotion waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { runtimeBases } from "../data/runtime-base.ts";
import { confidenceOf, mergeUsage } from "../learnt.ts";
import { systemCallNames } from "../system-calls.ts";
import { writeAppArmor } from "./apparmor.ts";
import { generalize, pathLimits, quotePath } from "./apparmor-paths.ts";
import { writeCapabilities } from "./capabilities.ts";
import { writeSeccomp, type OciSeccomp } from "./seccomp.ts";
import { sysctlName, writeSysctls } from "./sysctls.ts";
import { profileName, promotionOf, type ProfileRequest } from "./target.ts";

const dayMs = 86_400_000;
const nowMs = Date.parse("2026-11-26T12:00:00Z");

function request(
  systemCalls: readonly string[],
  over: {
    readonly capabilities?: readonly string[];
    readonly mode?: "log" | "enforce";
    readonly foreign?: boolean;
  } = {},
): ProfileRequest {
  const learnt = mergeUsage([
    {
      time: nowMs,
      architecture: "x86_64",
      systemCalls: [...systemCalls],
      systemCallsUnnamed: [],
      capabilities: [...(over.capabilities ?? [])],
      capabilitiesInferred: [],
      executables: ["/usr/bin/web"],
      startSeen: true,
      hasForeignCalls: over.foreign ?? false,
      learntSeconds: 3 * 3600,
      containerId: "a",
    },
  ]);
  return {
    target: { namespace: "shop", workload: "web", workloadKind: "Deployment", container: "nginx" },
    mode: over.mode ?? "log",
    learnt,
    confidence: confidenceOf(learnt, nowMs),
    nowMs,
  };
}

function allowedOf(text: string): readonly string[] {
  const profile = JSON.parse(text) as OciSeccomp;
  return profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW").flatMap(({ names }) => names);
}

test("a profile allows all that was seen, and the runtime's base, and nothing else", () => {
  fc.assert(
    fc.property(fc.subarray([...systemCallNames("x86_64")]), fc.constantFrom("runc", "crun"), (seen, runtime) => {
      const { text, difference } = writeSeccomp({ ...request(seen, { mode: "enforce" }), runtime });
      const allowed = [...new Set(allowedOf(text))].toSorted();
      const expected = new Set([...seen, ...runtimeBases[runtime].systemCalls]);
      // Its flags lie in memory: without sys_admin it is never allowed, as RuntimeDefault has it.
      expected.delete("clone3");
      assert.deepEqual(allowed, [...expected].toSorted());
      assert.deepEqual([...difference.kept, ...difference.added].toSorted(), allowed);
      for (const name of difference.removed) assert.ok(!allowed.includes(name));
    }),
    { numRuns: 30 },
  );
});

test("log first, then enforce: the same allow-list; clone3 says that it does not exist", () => {
  const logged = JSON.parse(writeSeccomp({ ...request(["mkdir"]), runtime: "runc" }).text) as OciSeccomp;
  const text = writeSeccomp({ ...request(["mkdir"], { mode: "enforce" }), runtime: "runc" }).text;
  const enforced = JSON.parse(text) as OciSeccomp;
  assert.deepEqual([logged.defaultAction, logged.syscalls.length], ["SCMP_ACT_LOG", 2]);
  assert.deepEqual([enforced.defaultAction, enforced.defaultErrnoRet], ["SCMP_ACT_ERRNO", 1]);
  assert.deepEqual(enforced.syscalls[0], logged.syscalls[0]);
  const refused = { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 };
  assert.deepEqual(enforced.syscalls.slice(1), [...logged.syscalls.slice(1), refused]);
  const seen = writeSeccomp({ ...request(["clone3"], { mode: "enforce" }), runtime: "runc" });
  assert.deepEqual((JSON.parse(seen.text) as OciSeccomp).syscalls.at(-1), refused);
  assert.ok(seen.warnings.some((line) => line.startsWith("clone3 was seen")));
  // Nothing changes for a program whose profile only logs.
  assert.ok(allowedOf(writeSeccomp({ ...request(["clone3"]), runtime: "runc" }).text).includes("clone3"));
  assert.ok(Math.max(...text.split("\n").map((line) => line.length)) <= 120);
});

test("calls that RuntimeDefault allows with some arguments only keep its conditions, and the difference names them", () => {
  const calls = ["clone3", "socket", "personality"];
  for (const mode of ["log", "enforce"] as const) {
    const { text, difference } = writeSeccomp({ ...request(calls, { mode }), runtime: "runc" });
    const { syscalls } = JSON.parse(text) as OciSeccomp;
    const of = (name: string) =>
      syscalls.filter(({ names, action }) => action === "SCMP_ACT_ALLOW" && names.includes(name));
    assert.deepEqual(
      of("clone").map(({ args }) => args),
      [[{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]],
    );
    assert.deepEqual(
      of("socket").map(({ args }) => args),
      [[{ index: 0, value: 40, op: "SCMP_CMP_NE" }]],
    );
    assert.deepEqual(
      of("personality").map(({ args }) => args?.map(({ op, value }) => [op, value])),
      [0, 0x20000, 8, 0x20008, 0xffffffff].map((value) => [["SCMP_CMP_EQ", value]]),
    );
    assert.deepEqual(
      difference.conditions?.map((line) => line.split(" ")[0]),
      ["clone", "personality", "socket"],
    );
    assert.ok(!difference.added.includes("clone3"));
  }
});

test("what uses sys_admin may make namespaces: clone is free and clone3 allowed, and the difference says so", () => {
  const given = request(["clone3"], { mode: "enforce", capabilities: ["sys_admin"] });
  const { text, difference } = writeSeccomp({ ...given, runtime: "runc" });
  const { syscalls } = JSON.parse(text) as OciSeccomp;
  assert.equal(syscalls.length, 1);
  assert.ok(syscalls[0]?.names.includes("clone") && syscalls[0].names.includes("clone3"));
  assert.deepEqual(difference.conditions, ["clone with any arguments, because sys_admin is used"]);
});

test("patches are YAML for the kind's own pod template", () => {
  const written = writeSeccomp({ ...request(["mkdir"]), runtime: "runc" });
  assert.equal(written.name, "shop-web-nginx.json");
  assert.deepEqual(parse(written.patch), {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: "nginx",
              securityContext: {
                seccompProfile: { type: "Localhost", localhostProfile: "garrison/shop-web-nginx.json" },
              },
            },
          ],
        },
      },
    },
  });
  const { target } = request([]);
  const cron = writeCapabilities({ ...request([]), target: { ...target, workloadKind: "CronJob" } });
  assert.match(cron.patch, /^spec:\n {2}jobTemplate:\n {4}spec:\n {6}template:/);
  assert.equal(writeCapabilities({ ...request([]), target: { ...target, workloadKind: "Container" } }).patch, "");
  assert.equal(profileName({ ...target, namespace: "a/b", container: "x y" }), "a-b-web-x-y");
});

test("capabilities: ALL is dropped, what was used is added; a conclusion says that it is one", () => {
  const concluded = writeCapabilities(request(["bind", "chroot", "chown"]));
  assert.equal(concluded.text, 'securityContext:\n  capabilities:\n    drop: ["ALL"]\n    add: ["SYS_CHROOT"]\n');
  assert.ok(concluded.warnings.some((line) => line.startsWith("concluded from calls")));
  assert.ok(concluded.warnings.includes("maybe needed too, its calls were seen: chown, net_bind_service"));
  const seen = writeCapabilities(request(["chroot"], { capabilities: ["net_bind_service"] }));
  assert.deepEqual(parse(seen.text), {
    securityContext: { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } },
  });
  assert.ok(!seen.warnings.some((line) => line.startsWith("concluded")));
});

const files = {
  executables: ["/usr/bin/web"],
  libraries: ["/lib/x86_64-linux-gnu/libc.so.6"],
  reads: ["/etc/web.conf", "/srv/a b/[x].txt", "/proc/812/status"],
  writes: ["/var/lib/web/db", "/tmp/web.x81k"],
  networks: ["inet stream", "inet stream"],
  because: [],
};

test("an AppArmor profile, golden", () => {
  const { text, path } = writeAppArmor({ ...request(["chroot"]), files });
  assert.equal(path, "/etc/apparmor.d/garrison-shop-web-nginx");
  assert.equal(
    text.slice(0, text.indexOf("  # what every program touches")),
    `# container nginx of Deployment shop/web: written by Garrison from 3 h of 1 containers, confidence medium.
profile garrison-shop-web-nginx flags=(complain,attach_disconnected,mediate_deleted) {
  # capabilities
  capability sys_chroot,

  # network
  network inet stream,

  # signals and ptrace within the container, signals of the runtime
  signal (send, receive) peer=@{profile_name},
  signal (receive) peer=unconfined,
  signal (receive) peer={runc,crun,/usr/bin/runc,/usr/bin/crun},
  ptrace (read) peer=@{profile_name},

  # executed
  /usr/bin/web ixmr,

  # mapped as code
  /lib/x86_64-linux-gnu/libc.so.6 mr,

  # read
  /etc/web.conf r,
  /proc/*/status r,
  "/srv/a b/\\[x\\].txt" r,

  # written
  /tmp/** rwkl,
  /var/lib/web/db rwkl,

`,
  );
  assert.match(writeAppArmor({ ...request([], { mode: "enforce" }), files }).text, /flags=\(attach_disconnected,/);
});

test("rules beyond the limit are left out aloud: how many, of what, and what that means in this mode", () => {
  const reads = Array.from({ length: pathLimits.rulesMax + 3 }, (_, index) => `/srv/${index}/file`);
  for (const [mode, meaning] of [
    ["log", "they are logged"],
    ["enforce", "enforced they are refused"],
  ] as const) {
    const { text, warnings } = writeAppArmor({ ...request([], { mode }), files: { ...files, reads } });
    const words = `3 rules of what was read are left out: a profile takes ${pathLimits.rulesMax} of them`;
    assert.ok(text.includes(`\n  # ${words}\n`));
    assert.equal(text.match(/ r,\n/g)?.length, pathLimits.rulesMax + 6);
    assert.ok(warnings.includes(`${words}; ${meaning}: put a folder with ** in their place`), warnings.join("\n"));
  }
  assert.ok(!writeAppArmor({ ...request([]), files }).warnings.some((line) => line.includes("left out")));
});

test("crowded folders become patterns; a name is never a pattern of its own", () => {
  const many = Array.from({ length: pathLimits.filesPerFolderMax + 1 }, (_, index) => `/srv/data/${index}`);
  assert.deepEqual(generalize(many).map(quotePath), ["/srv/data/*"]);
  assert.equal(generalize(many.slice(1)).length, pathLimits.filesPerFolderMax);
  for (const [path, quoted] of [
    ["/a*b", '"/a\\*b"'],
    ["/a{b}^", '"/a\\{b\\}\\^"'],
    ["/a\nb", "/a?b"],
    ["/a,b", '"/a,b"'],
    ["/a!b", '"/a!b"'],
    ['/a"b', '"/a\\"b"'],
  ] as const)
    assert.equal(quotePath(path), quoted);
  assert.deepEqual(generalize(["relative", "", "/nul\u0000+"]), []);
  const nameds: readonly (readonly [string, string])[] = [
    ["/srv/\u0001", "/srv/?"],
    ["/srv/\u0002x\u001b", "/srv/?x?"],
    ["/srv/not\ufffdtext", "/srv/not*text"],
  ];
  for (const [path, written] of nameds) assert.deepEqual(generalize([path]).map(quotePath), [written]);
});

test("sysctls that are written become declarations; unsafe ones are named", () => {
  assert.equal(sysctlName("/proc/sys/net/core/somaxconn"), "net.core.somaxconn");
  assert.equal(sysctlName("/etc/sysctl.conf"), "");
  const written = writeSysctls({
    ...request([]),
    sysctls: {
      written: ["/proc/sys/net/core/somaxconn", "/proc/sys/net/ipv4/tcp_syncookies", "/proc/sys/vm/x"],
      values: { "net.core.somaxconn": "1024", "net.ipv4.tcp_syncookies": "1" },
    },
  });
  assert.deepEqual(parse(written.text), {
    securityContext: {
      sysctls: [
        { name: "net.core.somaxconn", value: "1024" },
        { name: "net.ipv4.tcp_syncookies", value: "1" },
      ],
    },
  });
  assert.ok(written.warnings.includes("vm.x was written, but its value in the container is not known"));
  assert.ok(written.warnings.some((line) => line.endsWith("net.core.somaxconn, vm.x")));
});

test("promotion: a week without news in which somebody looked", () => {
  const at = (quietDays: number, lastDays: number, hours: number) => {
    const base = mergeUsage([]);
    const quietSinceMs = nowMs - quietDays * dayMs;
    return promotionOf({
      nowMs,
      learnt: { ...base, quietSinceMs, lastMs: nowMs - lastDays * dayMs, learntSeconds: hours * 3600 },
    });
  };
  assert.equal(promotionOf({ nowMs, learnt: mergeUsage([]) }).state, "not-learning");
  assert.equal(at(8, 0, 30).state, "ready");
  assert.equal(at(8, 0, 3).state, "waiting");
  assert.equal(at(3, 0, 30).state, "waiting");
  // Quiet, because nobody looked any more.
  assert.equal(at(20, 15, 30).state, "not-learning");
});

test("low confidence and calls of another architecture are said", () => {
  const { warnings } = writeSeccomp({ ...request(["read"], { mode: "enforce", foreign: true }), runtime: "runc" });
  assert.ok(warnings.some((line) => line.startsWith("enforced before confidence is high")));
  assert.ok(warnings.some((line) => line.includes("32-bit calls")));
});

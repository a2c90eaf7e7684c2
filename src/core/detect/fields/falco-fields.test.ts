import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileDeedEvent } from "../../sense/deed-events.ts";
import type { ExecEvent } from "../../sense/sensor.ts";
import { compiled, engineOf, exec, file, inShop, rule } from "../rules.fixture.ts";

/** Every field of Falco's reference (syscalls, container, k8smeta, k8saudit), with an argument where it needs one. */
const documented = [
  "evt.num evt.time evt.time.s evt.time.iso8601 evt.datetime evt.datetime.s evt.rawtime evt.rawtime.s evt.rawtime.ns evt.reltime evt.reltime.s",
  "evt.reltime.ns evt.pluginname evt.plugininfo evt.source evt.is_async evt.asynctype evt.hostname evt.latency evt.latency.s evt.latency.ns",
  "evt.latency.human evt.deltatime evt.deltatime.s evt.deltatime.ns evt.dir evt.type evt.type.is.open syscall.type evt.category evt.cpu",
  "evt.args evt.arg.fd evt.arg[0] evt.rawarg.fd evt.info evt.buffer evt.buflen evt.res evt.rawres evt.failed evt.is_io evt.is_io_read",
  "evt.is_io_write evt.io_dir evt.is_wait evt.wait_latency evt.is_syslog evt.count evt.count.error evt.count.error.file evt.count.error.net",
  "evt.count.error.memory evt.count.error.other evt.count.exit evt.around[1] evt.abspath evt.abspath.src evt.abspath.dst evt.is_open_read",
  "evt.is_open_write evt.is_open_exec evt.is_open_create",
  "proc.exe proc.pexe proc.aexe proc.exepath proc.pexepath proc.aexepath proc.name proc.pname proc.aname proc.args proc.cmdline proc.pcmdline",
  "proc.acmdline proc.aargs proc.cmdnargs proc.cmdlenargs proc.exeline proc.env proc.env[A] proc.aenv proc.cwd proc.loginshellid proc.tty",
  "proc.pid proc.ppid proc.apid proc.vpid proc.pvpid proc.sid proc.sname proc.sid.exe proc.sid.exepath proc.vpgid proc.vpgid.name",
  "proc.vpgid.exe proc.vpgid.exepath proc.pgid proc.pgid.name proc.pgid.exe proc.pgid.exepath proc.is_pgid_leader proc.duration",
  "proc.ppid.duration proc.pid.ts proc.ppid.ts proc.is_exe_writable proc.is_exe_upper_layer proc.is_exe_lower_layer proc.is_exe_from_memfd",
  "proc.is_sid_leader proc.is_vpgid_leader proc.exe_ino proc.exe_ino.ctime proc.exe_ino.mtime proc.exe_ino.ctime_duration_proc_start",
  "proc.exe_ino.ctime_duration_pidns_start proc.pidns_init_start_ts thread.cap_permitted thread.cap_inheritable thread.cap_effective",
  "proc.is_container_healthcheck proc.is_container_liveness_probe proc.is_container_readiness_probe proc.fdopencount proc.fdlimit proc.fdusage",
  "proc.vmsize proc.vmrss proc.vmswap thread.pfmajor thread.pfminor thread.tid thread.ismain thread.vtid thread.nametid thread.vnametid",
  "thread.exectime thread.totexectime thread.cgroups thread.cgroup.cpuacct proc.nthreads proc.nchilds thread.cpu thread.cpu.user",
  "thread.cpu.system thread.vmsize thread.vmrss proc.stdin.type proc.stdout.type proc.stderr.type proc.stdin.name proc.stdout.name",
  "proc.stderr.name",
  "user.uid user.name user.homedir user.shell user.loginuid user.loginname group.gid group.name",
  "container.id container.full_id container.name container.image container.image.id container.type container.privileged container.mounts",
  "container.mount[0] container.mount.source[0] container.mount.dest[0] container.mount.mode[0] container.mount.rdwr[0]",
  "container.mount.propagation[0] container.image.repository container.image.tag container.image.digest container.healthcheck",
  "container.liveness_probe container.readiness_probe container.start_ts container.duration container.ip container.cni.json container.label.x",
  "container.labels container.host_pid container.host_network container.host_ipc",
  "fd.num fd.type fd.typechar fd.name fd.directory fd.filename fd.ip fd.cip fd.sip fd.lip fd.rip fd.port fd.cport fd.sport fd.lport fd.rport",
  "fd.l4proto fd.sockfamily fd.is_server fd.uid fd.containername fd.containerdirectory fd.proto fd.cproto fd.sproto fd.lproto fd.rproto fd.net",
  "fd.cnet fd.snet fd.lnet fd.rnet fd.connected fd.name_changed fd.cip.name fd.sip.name fd.lip.name fd.rip.name fd.dev fd.dev.major",
  "fd.dev.minor fd.ino fd.nameraw fd.types fd.is_upper_layer fd.is_lower_layer",
  "fs.path.name fs.path.nameraw fs.path.source fs.path.sourceraw fs.path.target fs.path.targetraw",
  "syslog.facility.str syslog.facility syslog.severity.str syslog.severity syslog.message fdlist.nums fdlist.names fdlist.cips fdlist.sips",
  "fdlist.cports fdlist.sports",
  "k8s.ns.name k8s.pod.name k8s.pod.id k8s.pod.uid k8s.pod.sandbox_id k8s.pod.full_sandbox_id k8s.pod.label.x k8s.pod.labels k8s.pod.ip",
  "k8s.pod.cni.json",
  "k8s.ns.id k8s.ns.label.x k8s.ns.labels k8s.rc.name k8s.rc.id k8s.rc.label.x k8s.svc.name k8s.svc.id k8s.svc.label.x k8s.rs.name k8s.rs.id",
  "k8s.deployment.name k8s.deployment.id k8s.deployment.label.x k8smeta.pod.name k8smeta.pod.uid k8smeta.pod.label[x] k8smeta.pod.labels",
  "k8smeta.pod.ip k8smeta.ns.name k8smeta.ns.uid k8smeta.ns.label[x] k8smeta.ns.labels k8smeta.deployment.name k8smeta.deployment.uid",
  "k8smeta.deployment.label[x] k8smeta.deployment.labels k8smeta.svc.name k8smeta.svc.uid k8smeta.rs.name k8smeta.rs.uid k8smeta.rc.name",
  "ka.auditid ka.stage ka.auth.decision ka.auth.reason ka.auth.openshift.decision ka.user.name ka.user.groups ka.impuser.name ka.verb ka.uri",
  "ka.uri.param[x] ka.target.name ka.target.namespace ka.target.resource ka.target.subresource ka.target.pod.name",
  "ka.validations.admission.policy.failure ka.req.binding.subjects ka.req.binding.role ka.req.binding.subject.has_name[x] ka.req.configmap.name",
  "ka.req.configmap.obj ka.req.pod.containers.image ka.req.container.image ka.req.pod.containers.image.repository",
  "ka.req.container.image.repository ka.req.pod.host_ipc ka.req.pod.host_network ka.req.container.host_network ka.req.pod.host_pid",
  "ka.req.pod.containers.host_port ka.req.pod.containers.privileged ka.req.container.privileged",
  "ka.req.pod.containers.allow_privilege_escalation ka.req.pod.containers.read_only_fs ka.req.pod.run_as_user ka.req.pod.containers.run_as_user",
  "ka.req.pod.containers.eff_run_as_user ka.req.pod.run_as_group ka.req.pod.containers.run_as_group ka.req.pod.containers.eff_run_as_group",
  "ka.req.pod.containers.proc_mount ka.req.role.rules ka.req.role.rules.apiGroups ka.req.role.rules.nonResourceURLs ka.req.role.rules.verbs",
  "ka.req.role.rules.resources ka.req.pod.fs_group ka.req.pod.supplemental_groups ka.req.pod.containers.add_capabilities ka.req.service.type",
  "ka.req.service.ports ka.req.pod.volumes.hostpath ka.req.volume.hostpath[x] ka.req.pod.volumes.flexvolume_driver",
  "ka.req.pod.volumes.volume_type ka.resp.name ka.response.code ka.response.reason ka.useragent ka.sourceips ka.cluster.name jevt.time",
  "jevt.time.iso8601 jevt.rawtime jevt.value[/a] jevt.obj",
].flatMap((line) => line.split(" "));

for (const field of documented)
  test(`${field} of Falco's reference is a field here, told or not`, () => {
    const source = /^(ka|jevt)\./.test(field) ? "k8s_audit" : "syscall";
    const { problems } = compiled([rule("r", `${field} exists`, { source, output: `%${field}` })]);
    assert.deepEqual(
      problems.filter(({ severity }) => severity === "error"),
      [],
    );
  });

test("a rule on what nobody supplies is blind and says which field; it is not refused", () => {
  const { detector } = engineOf(compiled([rule("r", "evt.type = execve and proc.stdin.type = pipe")]));
  const [state] = detector.rules();
  assert.deepEqual([state?.sight, state?.sightBecause], ["blind", "no sensor here supplies proc.stdin.type"]);
});

test("a rule's word is never a member that every object has: nothing is run, nothing is there", () => {
  const words = ["constructor", "toString", "valueOf", "__defineGetter__", "__proto__", "hasOwnProperty"];
  const fields = words.flatMap((word) => [`evt.arg[${word}]`, `k8s.pod.label[${word}]`]);
  const { detector, told } = engineOf(
    compiled(fields.map((field, index) => rule(`r${index}`, `${field} exists`, { output: `%${field}` }))),
  );
  detector.take([file(9, "unlink", "/tmp/a")], () => ({ ...inShop, podLabels: { app: "web" } }));
  assert.deepEqual(
    told.map((detection) => `${detection.rule} ${detection.output}`),
    [],
  );
});

const renamed = { ...file(9, "rename", "/tmp/a", { target: "/tmp/b" }), requestedPath: "a" };
const linked = file(9, "link", "/etc/shadow", { target: "/tmp/s" });
const removed = { ...file(9, "unlink", "/tmp/a"), requestedPath: "../tmp/a" };
const paths: readonly (readonly [condition: string, event: FileDeedEvent, holds: boolean])[] = [
  ["fs.path.name = /tmp/a and fs.path.nameraw = ../tmp/a", removed, true],
  ["fs.path.name exists", { ...removed, error: 2 }, false],
  ["fs.path.name exists", renamed, false],
  ["fs.path.source = /tmp/a and fs.path.sourceraw = a and fs.path.target = /tmp/b", renamed, true],
  ["fs.path.source = /tmp/s and fs.path.target = /etc/shadow", linked, true],
  ["fs.path.source = ln and fs.path.target = /etc", file(9, "mount", "/etc", { target: "ln" }), true],
  ["evt.abspath.src = /tmp/a and evt.abspath.dst = /tmp/b", renamed, true],
  ["evt.abspath = /tmp/a", { ...removed, error: 2 }, true],
  ["fd.dev.major = 8 and fd.dev.minor = 17", { ...removed, device: 0x811 }, true],
];
for (const [condition, event, holds] of paths)
  test(`${event.deed}${event.error === 0 ? "" : " that failed"}: ${condition} is ${holds}`, () => {
    const { detector, told } = engineOf(compiled([rule("r", condition)]));
    detector.take([event], () => inShop);
    assert.equal(told.length, holds ? 1 : 0);
  });

test("leaders of a session and a process group: by number, else the eldest ancestor that is in it", () => {
  const facts = (session: number, processGroup: number): NonNullable<ExecEvent["facts"]> => ({
    ...blankFacts,
    session,
    processGroup,
  });
  const { detector, told } = engineOf(
    compiled([
      rule("r", "proc.name = id and evt.type = execve", {
        output: "%proc.sname %proc.sid.exe %proc.sid.exepath %proc.pgid.name %proc.vpgid.exe",
      }),
    ]),
  );
  const events: readonly ExecEvent[] = [
    { ...exec(2, 1, ["/bin/bash"]), facts: facts(2, 2) },
    { ...exec(3, 2, ["/bin/sh"]), facts: facts(2, 99) },
    { ...exec(4, 3, ["/bin/id"]), facts: facts(2, 99) },
  ];
  detector.take(events, () => inShop);
  assert.equal(told[0]?.output, "bash /bin/bash /bin/bash sh /bin/sh");
});

const blankFacts: NonNullable<ExecEvent["facts"]> = {
  device: 1,
  inode: 1,
  fileModifiedMs: 0,
  fileChangedMs: 0,
  isFileless: false,
  isUpper: false,
  mountNamespace: 1,
  pidNamespace: 1,
  innerPid: 0,
  processGroup: 0,
  session: 0,
  loginUid: 0,
  terminal: 0,
  capabilitiesPermitted: 0,
  capabilitiesInheritable: 0,
  seccompMode: 0,
  script: "",
};

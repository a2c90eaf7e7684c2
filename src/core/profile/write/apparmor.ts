// An AppArmor profile from what was executed, mapped, read, written and connected. Complain first: what is outside is logged and passes. Whole in itself: it
// includes no file of the node, so that it means the same everywhere.
import type { WrittenProfile } from "../../../model/posture.ts";
import { defaultCapabilities } from "../capabilities.ts";
import { usedCapabilities } from "./capabilities.ts";
import { generalize, pathLimits, quotePath } from "./apparmor-paths.ts";
import { containerPatch } from "./patch.ts";
import { commonWarnings, describeTarget, profileName, promotionOf, type ProfileRequest } from "./target.ts";

export interface FileFacts {
  readonly executables: readonly string[];
  /** Mapped as code. */
  readonly libraries: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** "inet stream", "inet6 dgram", "unix stream", "packet raw". */
  readonly networks: readonly string[];
  /** Why paths may be missing, one sentence each. */
  readonly because: readonly string[];
}

/** What every program touches; the kernel's and the C library's own. */
const always = [
  "/dev/{null,zero,full,random,urandom,tty,console,stdin,stdout,stderr} rw,",
  "/dev/pts/[0-9]* rw,",
  "/dev/shm/** rwmk,",
  "/etc/{ld.so.cache,ld.so.preload,ld-musl-*.path} r,",
  "/etc/{hosts,hostname,resolv.conf,nsswitch.conf,passwd,group,localtime,timezone,services,protocols} r,",
  "/proc/ r,",
  "/proc/[0-9]*/** r,",
  "/proc/{cpuinfo,meminfo,stat,uptime,loadavg,version,filesystems,mounts,self/**,thread-self/**} r,",
  "/sys/{devices/system/cpu/**,fs/cgroup/**,kernel/mm/transparent_hugepage/**} r,",
];

/** Written after all that is allowed: a deny rule wins over every allow rule. */
const never = [
  "deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,",
  "deny /proc/sys/kernel/{core_pattern,modprobe,hotplug} wklx,",
  "deny /sys/{firmware,kernel/security,kernel/debug}/** rwklx,",
];

export function appArmorText(request: ProfileRequest & { readonly files: FileFacts }): string {
  const { target, mode, files, learnt, confidence } = request;
  const flags = [...(mode === "log" ? ["complain"] : []), "attach_disconnected", "mediate_deleted"];
  const rules = [
    ...section(
      "capabilities",
      usedCapabilities(learnt).map((name) => `capability ${name},`),
    ),
    ...section(
      "network",
      [...new Set(files.networks)].toSorted().map((one) => `network ${one},`),
    ),
    ...section("signals and ptrace within the container, signals of the runtime", [
      "signal (send, receive) peer=@{profile_name},",
      "signal (receive) peer=unconfined,",
      "signal (receive) peer={runc,crun,/usr/bin/runc,/usr/bin/crun},",
      "ptrace (read) peer=@{profile_name},",
    ]),
    ...pathSections(request).flatMap(({ title, rules: kept, leftOut }) => [
      ...section(title, kept),
      ...(leftOut === 0 ? [] : [`# ${leftOutWords(title, leftOut)}`, ""]),
    ]),
    ...section("what every program touches", always),
    ...section("whatever else is allowed", never),
  ];
  return [
    `# ${describeTarget(target)}: written by Garrison from ${confidence.hours} h of ${confidence.replicas} containers, confidence ${confidence.level}.`,
    `profile garrison-${profileName(target)} flags=(${flags.join(",")}) {`,
    ...rules.map((line) => (line === "" ? "" : `  ${line}`)),
    "}",
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# ${title}`, ...lines, ""];
}

function without(paths: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Set(others);
  return paths.filter((path) => !left.has(path));
}

interface PathSection {
  readonly title: string;
  readonly rules: readonly string[];
  /** Rules beyond `rulesMax`. */
  readonly leftOut: number;
}

function pathSections({ files, learnt }: ProfileRequest & { readonly files: FileFacts }): readonly PathSection[] {
  const parts = [
    ["executed", [...files.executables, ...learnt.executables], "ixmr"],
    ["mapped as code", files.libraries, "mr"],
    ["read", without(files.reads, files.writes), "r"],
    ["written", files.writes, "rwkl"],
  ] as const;
  return parts.map(([title, paths, access]) => {
    const all = generalize(paths).map((path) => `${quotePath(path)} ${access},`);
    return { title, rules: all.slice(0, pathLimits.rulesMax), leftOut: Math.max(0, all.length - pathLimits.rulesMax) };
  });
}

function leftOutWords(title: string, leftOut: number): string {
  return `${leftOut} rules of what was ${title} are left out: a profile takes ${pathLimits.rulesMax} of them`;
}

export function writeAppArmor(request: ProfileRequest & { readonly files: FileFacts }): WrittenProfile {
  const { target, mode, files, learnt } = request;
  const name = `garrison-${profileName(target)}`;
  const used = usedCapabilities(learnt);
  return {
    kind: "apparmor",
    mode,
    name,
    text: appArmorText(request),
    path: `/etc/apparmor.d/${name}`,
    patch: containerPatch(target, ["appArmorProfile:", "  type: Localhost", `  localhostProfile: ${name}`]),
    difference: {
      base: "capabilities of the runtime's default profile",
      kept: used.filter((one) => defaultCapabilities.includes(one)),
      removed: defaultCapabilities.filter((one) => !used.includes(one)).toSorted(),
      added: used.filter((one) => !defaultCapabilities.includes(one)),
    },
    warnings: [
      ...commonWarnings(request),
      ...files.because,
      ...(files.executables.length + learnt.executables.length === 0
        ? ["no executable was seen: the profile would let nothing start"]
        : []),
      ...pathSections(request).flatMap(({ title, leftOut }) =>
        leftOut === 0
          ? []
          : [
              `${leftOutWords(title, leftOut)}; ${mode === "log" ? "they are logged" : "enforced they are refused"}: put a folder with ** in their place`,
            ],
      ),
      `load it on every node first: apparmor_parser -r /etc/apparmor.d/${name}`,
    ],
    promotion: promotionOf(request),
  };
}

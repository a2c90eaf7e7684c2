// What a node can promise for a rule, and why: prevented (it does not happen), killed (the process that did it ends), or only detected. Never more than the
// kernel let in when it was tried.
import type { GuardPlanes } from "./guard-port.ts";
import type { ParsedRuntimePolicy, RuntimeRule } from "./model.ts";
import { startOfPattern } from "./rules-of.ts";

/** allow, audit: the rule stops nothing by itself. */
export type Guarantee = "prevent" | "kill" | "kill-late" | "detect" | "allow" | "audit";

export interface PlannedRule {
  readonly place: string;
  /** "exec of /usr/bin/nc", "connect tcp 10.0.0.0/8 port 443". */
  readonly what: string;
  readonly action: RuntimeRule["action"];
  readonly guarantee: Guarantee;
  /** One sentence: by which means, or why not better. */
  readonly because: string;
}

export interface PolicyPlan {
  readonly policy: string;
  readonly mode: ParsedRuntimePolicy["mode"];
  readonly rules: readonly PlannedRule[];
  /** The weakest guarantee among the rules that block; undefined when none does. */
  readonly weakest: Guarantee | undefined;
}

export function planPolicy(policy: ParsedRuntimePolicy, planes: GuardPlanes): PolicyPlan {
  const rules = policy.rules.map((rule) => planRule(rule, planes));
  const blocking = rules.filter(({ action }) => action === "Block").map(({ guarantee }) => guarantee);
  const weakest = (["detect", "kill-late", "kill", "prevent"] as const).find((guarantee) =>
    blocking.includes(guarantee),
  );
  return { policy: policy.name, mode: policy.mode, rules, weakest };
}

export function planRule(rule: RuntimeRule, planes: GuardPlanes): PlannedRule {
  const { action, place } = rule;
  const what = ruleWords(rule);
  if (action === "Allow") return { place, what, action, guarantee: "allow", because: "it stops nothing" };
  const promise = promiseOf(rule, planes);
  if (action === "Audit") {
    const because = promise.guarantee === "detect" ? promise.because : "told, not stopped";
    return { place, what, action, guarantee: "audit", because };
  }
  return { place, what, action, ...promise };
}

interface Pledge {
  readonly guarantee: Guarantee;
  readonly because: string;
}

const noLsm = (planes: GuardPlanes): string => `no LSM programs here (${planes.lsm})`;

function promiseOf(rule: RuntimeRule, planes: GuardPlanes): Pledge {
  switch (rule.kind) {
    case "exec":
    case "file":
      return pathPromise(rule, planes);
    case "only":
      return rule.of === "network" ? network(planes) : rule.of === "exec" ? exec(planes) : file(planes);
    case "network":
      return rule.fromSource.length > 0
        ? detect("cgroup hooks do not know which program asks: write the rule without fromSource")
        : network(planes);
    case "socket":
      return socket(rule, planes);
    case "capability":
      if (rule.fromSource.length > 0) return detect("sources are known for exec and files only");
      return lsmOr(planes, "capability", "capable", () =>
        detect(`only LSM is asked for capabilities, and ${noLsm(planes)}`),
      );
    case "call":
      return call(rule, planes);
  }
}

function detect(because: string): Pledge {
  return { guarantee: "detect", because };
}

/** Prevented by the LSM hook of that ability, else what `otherwise` says. */
function lsmOr(planes: GuardPlanes, ability: string, hook: string, otherwise: () => Pledge): Pledge {
  if (planes.lsm !== "") return otherwise();
  const missing = planes.lsmMissing[ability];
  if (missing !== undefined) return detect(`this kernel lacks the LSM hook ${hook}: ${missing}`);
  return { guarantee: "prevent", because: `LSM ${hook}: refused with EPERM before it happens` };
}

function pathPromise(rule: Extract<RuntimeRule, { kind: "exec" | "file" }>, planes: GuardPlanes): Pledge {
  const { subject } = rule;
  if (subject.kind === "pattern" && startOfPattern(subject.pattern) === undefined)
    return detect(
      rule.kind === "exec"
        ? "the kernel looks up beginnings of paths; a wildcard in another place is compared in user space, after the fact"
        : "the kernel looks up beginnings of paths; a wildcard in another place is left to detection rules",
    );
  return rule.kind === "exec" ? exec(planes) : file(planes);
}

function exec(planes: GuardPlanes): Pledge {
  return lsmOr(planes, "exec", "bprm_check_security", () =>
    planes.kill === ""
      ? {
          guarantee: "kill",
          because: `killed at exec, before the program's first instruction; a script (by any name, also as "sh script") and what a loader (ld.so) runs are killed when they are opened, before they are read; not scripts of "only", nor what a shell reads by itself ("sh < script", ". script"); ${noLsm(planes)}`,
        }
      : detect(`no kill at exec: ${planes.kill}; ${noLsm(planes)}`),
  );
}

function file(planes: GuardPlanes): Pledge {
  return lsmOr(planes, "file", "file_open and path_*", () =>
    planes.killAtOpen === ""
      ? {
          guarantee: "kill-late",
          because: `killed when the open returns, before it reads; but another process that shares its descriptors (CLONE_FILES) can read, O_TRUNC and O_CREAT have done their work, and unlink, rename and io_uring are not seen; ${noLsm(planes)}`,
        }
      : detect(`no kill after open: ${planes.killAtOpen}; ${noLsm(planes)}`),
  );
}

function network(planes: GuardPlanes): Pledge {
  if (planes.cgroup === "")
    return {
      guarantee: "prevent",
      because:
        "cgroup hook: refused with EPERM before a packet is sent; raw sockets and other protocols are refused with it, of packet sockets the maker is killed or refused; not seen: raw ICMP sockets with headers of their own (drop NET_RAW)",
    };
  return detect(`no cgroup hooks: ${planes.cgroup}`);
}

function socket(rule: Extract<RuntimeRule, { kind: "socket" }>, planes: GuardPlanes): Pledge {
  if (rule.fromSource.length > 0) return detect("sources are known for exec and files only");
  if (["tcp", "udp", "icmp", "raw", "other"].includes(rule.socket)) {
    if (planes.cgroup === "")
      return { guarantee: "prevent", because: "cgroup hook sock_create: the socket is not made" };
    return detect(`no cgroup hooks: ${planes.cgroup}`);
  }
  return lsmOr(planes, "socket", "socket_create", () =>
    planes.killAtCall === ""
      ? {
          guarantee: "kill",
          because: `killed at the call socket: cgroup hooks see Internet sockets only, and ${noLsm(planes)}`,
        }
      : detect(`cgroup hooks see Internet sockets only, ${noLsm(planes)}, and ${planes.killAtCall}`),
  );
}

/** Effects of these calls end with the process; those of the others stay when it is killed. */
const endsWithProcess = new Set(["setns", "unshare"]);

function call(rule: Extract<RuntimeRule, { kind: "call" }>, planes: GuardPlanes): Pledge {
  if (rule.fromSource.length > 0) return detect("sources are known for exec and files only");
  if (rule.call === "fileless-exec" || rule.call === "drift-exec") return exec(planes);
  const killed = (why: string): Pledge => {
    if (planes.killAtCall !== "") return detect(`no kill at system calls: ${planes.killAtCall}${why}`);
    if (endsWithProcess.has(rule.call))
      return { guarantee: "kill", because: `killed at the call: what it did ends with the process${why}` };
    return {
      guarantee: "kill-late",
      because: `killed at the call, which is still done once: its effect may stay${why}`,
    };
  };
  if (endsWithProcess.has(rule.call)) return killed("; LSM has no hook for it");
  return lsmOr(planes, rule.call, hookByCall[rule.call] ?? rule.call, () => killed(`; ${noLsm(planes)}`));
}

const hookByCall: Readonly<Record<string, string>> = {
  mount: "sb_mount and move_mount",
  ptrace: "ptrace_access_check",
  module: "kernel_read_file and kernel_load_data",
  bpf: "bpf",
};

/** The rule in a few words, for tables. */
export function ruleWords(rule: RuntimeRule): string {
  const by = rule.fromSource.length > 0 ? ` by ${rule.fromSource.join(", ")}` : "";
  switch (rule.kind) {
    case "exec":
      return `exec of ${subjectWords(rule.subject)}${by}${ownerWords(rule)}`;
    case "file":
      return `${rule.isWriteOnly ? "writing to" : "opening"} ${subjectWords(rule.subject)}${by}${ownerWords(rule)}`;
    case "network":
      return `${[rule.operation, rule.protocol].filter(Boolean).join(" ")} ${rule.address === "" ? "any address" : addressWords(rule)}${rule.port === 0 ? "" : ` port ${rule.port}`}${by}`;
    case "socket":
      return `${rule.socket} sockets${by}`;
    case "capability":
      return `capability ${rule.capability}${by}`;
    case "call":
      return `${rule.call}${by}`;
    case "only":
      return `any other ${rule.of === "network" ? "connection" : rule.of}`;
  }
}

function ownerWords({ isOwnerExempt }: { readonly isOwnerExempt: boolean }): string {
  return isOwnerExempt ? ", by others than its owner" : "";
}

function subjectWords(subject: Extract<RuntimeRule, { kind: "exec" }>["subject"]): string {
  if (subject.kind === "pattern") return subject.pattern;
  return subject.kind === "path" ? subject.path : `${subject.path}${subject.isRecursive ? "**" : "*"}`;
}

function addressWords({ address, prefixBits }: { readonly address: string; readonly prefixBits: number }): string {
  const bits = address.includes(":") ? prefixBits : prefixBits - 96;
  return bits === (address.includes(":") ? 128 : 32) ? address : `${address}/${bits}`;
}

// KubeArmorPolicy (security.kubearmor.com/v1) to the one model: process, file, network, capabilities, and of system calls those that the guard knows.
// An Allow makes its class an allow-list, as there. The format: https://docs.kubearmor.io, "Security policy specification for containers".
import { guardedCalls, type GuardedCall, type SocketKind } from "../../../model/runtime-policy.ts";
import type { PathSubject, RuntimeAction, RuntimeRule } from "../model.ts";
import { capabilityOf, directoryOf, pathOf, patternOf } from "../rules-of.ts";
import { child, flagAt, isAbsent, items, onlyFields, refuse, rulePlace, shown, textAt, warn, type At } from "./at.ts";
import { taken } from "./own.ts";

const common = ["severity", "tags", "message", "action"] as const;
/** What a policy does that says nothing. */
const kubeArmorDefault: RuntimeAction = "Block";
const sections = ["process", "file", "network", "capabilities", "syscalls"] as const;

/** `at` is the spec. */
export function kubeArmorRules(at: At): readonly RuntimeRule[] {
  onlyFields(at, [...common, ...sections, "selector", "apparmor"]);
  if (!isAbsent(child(at, "apparmor")))
    refuse(
      child(at, "apparmor"),
      "not-supported",
      "a whole AppArmor profile is not a rule",
      "apply the profile itself",
    );
  const action = actionAt(at, kubeArmorDefault);
  const rules = [
    ...pathSection(child(at, "process"), "exec", action),
    ...pathSection(child(at, "file"), "file", action),
    ...protocols(child(at, "network"), action),
    ...capabilities(child(at, "capabilities"), action),
    ...systemCalls(child(at, "syscalls"), action),
  ];
  // Protocols are kinds of sockets here: addresses stay free.
  for (const kind of ["exec", "file", "socket"] as const) {
    const allowed = rules.find((rule) => rule.action === "Allow" && rule.kind === kind);
    if (allowed !== undefined)
      rules.push({ kind: "only", of: kind, action: "Block", fromSource: [], place: `${allowed.place} (Allow)` });
  }
  return rules;
}

/** The action of a rule, a section or the policy; the nearest one counts. */
function actionAt(at: At, outer: RuntimeAction): RuntimeAction {
  const given = child(at, "action");
  if (isAbsent(given)) return outer;
  const text = textAt(given);
  const action = (["Allow", "Audit", "Block"] as const).find((each) => each.toLowerCase() === text.toLowerCase());
  if (action === undefined) refuse(given, "bad-action", `action ${shown(given.value)}`, "Allow, Audit or Block");
  return action ?? outer;
}

function sourcesAt(at: At): readonly string[] | undefined {
  const list = items(child(at, "fromSource"));
  const found: string[] = [];
  for (const source of list) {
    onlyFields(source, ["path", "dir", "recursive"]);
    if (!isAbsent(child(source, "dir"))) {
      refuse(child(source, "dir"), "not-supported", "sources are single programs here", "name each program with path");
      return undefined;
    }
    const path = taken(pathOf(textAt(child(source, "path"))), child(source, "path"));
    if (path?.kind !== "path") return undefined;
    found.push(path.path);
  }
  return found;
}

function pathSection(section: At, kind: "exec" | "file", outer: RuntimeAction): RuntimeRule[] {
  const known = ["matchPaths", "matchDirectories", "matchPatterns"] as const;
  onlyFields(section, [...common, ...known]);
  const action = actionAt(section, outer);
  const rules: RuntimeRule[] = [];
  for (const list of known) {
    for (const item of items(child(section, list))) {
      rules.push(...pathRules(item, list, { kind, action }));
    }
  }
  return rules;
}

const subjectField = { matchPaths: "path", matchDirectories: "dir", matchPatterns: "pattern" } as const;

/**
 * `readOnly`: nobody writes; `ownerOnly`: nobody but the owner. Both narrow, whatever the action: what a Block with them leaves to the others stays free, and an
 * Allow gives what they leave.
 */
function pathRules(
  item: At,
  list: keyof typeof subjectField,
  outer: { readonly kind: "exec" | "file"; readonly action: RuntimeAction },
): readonly RuntimeRule[] {
  const field = subjectField[list];
  const own = outer.kind === "file" ? ["readOnly"] : [];
  if (!onlyFields(item, [...common, ...own, field, "recursive", "ownerOnly", "fromSource"])) return [];
  const subject = subjectAt(item, list);
  const fromSource = sourcesAt(item);
  if (subject === undefined || fromSource === undefined) return [];
  const action = actionAt(item, outer.action);
  const rule = (does: RuntimeAction, of: "all" | "writing" | "others"): RuntimeRule => {
    const shared = { action: does, fromSource, place: rulePlace(item), subject, isOwnerExempt: of === "others" };
    return outer.kind === "exec"
      ? { ...shared, kind: "exec" }
      : { ...shared, kind: "file", isWriteOnly: of === "writing" };
  };
  const narrowing = action === "Allow" ? "Block" : action;
  const narrow = [
    ...(flagAt(child(item, "readOnly"), false) ? [rule(narrowing, "writing")] : []),
    ...(flagAt(child(item, "ownerOnly"), false) ? [rule(narrowing, "others")] : []),
  ];
  return action === "Allow" || narrow.length === 0 ? [...narrow, rule(action, "all")] : narrow;
}

function subjectAt(item: At, list: keyof typeof subjectField): PathSubject | undefined {
  const at = child(item, subjectField[list]);
  const text = textAt(at);
  if (list === "matchPaths") return taken(pathOf(text), at);
  if (list === "matchDirectories") return taken(directoryOf(text, flagAt(child(item, "recursive"), false)), at);
  return taken(patternOf(text), at);
}

const socketByProtocol: Readonly<Record<string, SocketKind>> = {
  tcp: "tcp",
  udp: "udp",
  icmp: "icmp",
  icmpv6: "icmp",
  raw: "raw",
  packet: "packet",
};

/** "tcp, udp" is a list, in these two sections. */
function namesOf(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}

/** Names that every object has are none of the table. */
function inTable<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function protocols(section: At, outer: RuntimeAction): RuntimeRule[] {
  onlyFields(section, [...common, "matchProtocols"]);
  const action = actionAt(section, outer);
  return items(child(section, "matchProtocols")).flatMap((item): RuntimeRule[] => {
    if (!onlyFields(item, [...common, "protocol", "fromSource"])) return [];
    const at = child(item, "protocol");
    const kinds = namesOf(textAt(at).toLowerCase()).flatMap((name) =>
      name === "all" ? (["tcp", "udp", "icmp", "raw"] as const) : [inTable(socketByProtocol, name)],
    );
    const fromSource = sourcesAt(item);
    if (fromSource === undefined) return [];
    return kinds.flatMap((socket): RuntimeRule[] => {
      if (socket !== undefined)
        return [{ kind: "socket", socket, action: actionAt(item, action), fromSource, place: rulePlace(item) }];
      refuse(at, "not-supported", `protocol ${shown(at.value)}`, "TCP, UDP, ICMP, RAW, packet or all");
      return [];
    });
  });
}

function capabilities(section: At, outer: RuntimeAction): RuntimeRule[] {
  onlyFields(section, [...common, "matchCapabilities"]);
  const action = actionAt(section, outer);
  return items(child(section, "matchCapabilities")).flatMap((item): RuntimeRule[] => {
    if (!onlyFields(item, [...common, "capability", "fromSource"])) return [];
    const at = child(item, "capability");
    const fromSource = sourcesAt(item);
    if (fromSource === undefined) return [];
    return namesOf(textAt(at)).flatMap((name): RuntimeRule[] => {
      const capability = taken(capabilityOf(name), at);
      if (capability === undefined) return [];
      return [{ kind: "capability", capability, action: actionAt(item, action), fromSource, place: rulePlace(item) }];
    });
  });
}

const callByName: Readonly<Record<string, GuardedCall>> = {
  mount: "mount",
  move_mount: "mount",
  ptrace: "ptrace",
  init_module: "module",
  finit_module: "module",
  bpf: "bpf",
  setns: "setns",
  unshare: "unshare",
};
const writingCalls = new Set([
  "unlink",
  "unlinkat",
  "rmdir",
  "rename",
  "renameat",
  "renameat2",
  "truncate",
  "chmod",
  "fchmodat",
  "chown",
  "fchownat",
]);

function systemCalls(section: At, outer: RuntimeAction): RuntimeRule[] {
  onlyFields(section, [...common, "matchSyscalls", "matchPaths"]);
  const action = actionAt(section, outer);
  const plain = items(child(section, "matchSyscalls")).flatMap((item) => callRules(item, actionAt(item, action)));
  const paths = items(child(section, "matchPaths")).flatMap((item) => callPathRules(item, actionAt(item, action)));
  return [...plain, ...paths];
}

function callRules(item: At, action: RuntimeAction): RuntimeRule[] {
  onlyFields(item, [...common, "syscall", "fromSource"]);
  const fromSource = sourcesAt(item);
  if (fromSource === undefined) return [];
  return items(child(item, "syscall")).flatMap((at): RuntimeRule[] => {
    const call = inTable(callByName, textAt(at));
    if (call !== undefined) return [{ kind: "call", call, action, fromSource, place: rulePlace(at) }];
    const known = `calls that are guarded: ${[...Object.keys(callByName), ...guardedCalls.filter((each) => each.includes("-"))].join(", ")}`;
    refuse(at, "not-supported", `the system call ${shown(at.value)} is not guarded`, known);
    return [];
  });
}

/** Calls about a path that change it are a rule about writing to that path. */
function callPathRules(item: At, action: RuntimeAction): RuntimeRule[] {
  if (!onlyFields(item, [...common, "path", "recursive", "syscall", "fromSource"])) return [];
  const fromSource = sourcesAt(item);
  const text = textAt(child(item, "path"));
  const isFolder = text.endsWith("/") || flagAt(child(item, "recursive"), false);
  const made = isFolder ? directoryOf(text, flagAt(child(item, "recursive"), false)) : pathOf(text);
  const subject = taken(made, child(item, "path"));
  if (fromSource === undefined || subject === undefined) return [];
  const calls = items(child(item, "syscall"));
  const other = calls.find((at) => !writingCalls.has(textAt(at)));
  if (other !== undefined) {
    refuse(
      other,
      "not-supported",
      `${shown(other.value)} with a path`,
      `calls that write: ${[...writingCalls].join(", ")}`,
    );
    return [];
  }
  warn(child(item, "syscall"), "broader", "these calls become one rule: every way of writing to the path");
  return [
    { kind: "file", subject, isWriteOnly: true, isOwnerExempt: false, action, fromSource, place: rulePlace(item) },
  ];
}

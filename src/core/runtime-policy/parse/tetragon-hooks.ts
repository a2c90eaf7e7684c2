// The translation table of Tetragon's calls: what each stands for here, and how its arguments become a rule. A new call is one line.
import type { GuardedCall } from "../../../model/runtime-policy.ts";
import type { NetworkRule, PathSubject, RuntimeAction, RuntimeRule } from "../model.ts";
import { capabilityNames } from "../../../model/capability-names.ts";
import { directoryOf, networkOf, pathOf, patternOf } from "../rules-of.ts";
import { runtimeLimits } from "../limits.ts";
import { child, refuse, rulePlace, shown, type At } from "./at.ts";
import { taken } from "./own.ts";

export interface MatchArgument {
  readonly index: number;
  readonly operator: string;
  /** As `args` of the call declares it. */
  readonly type: string;
  readonly values: readonly string[];
  readonly at: At;
}

export interface Source {
  readonly in: readonly string[];
  readonly notIn: readonly string[];
}

type Hook =
  | { readonly kind: "exec"; readonly pathIndex: number }
  | { readonly kind: "file"; readonly pathIndex: number; readonly maskIndex?: number; readonly isWriteOnly: boolean }
  | { readonly kind: "network"; readonly operation: "connect" | "bind" | "send" }
  | { readonly kind: "socket" }
  | { readonly kind: "capability"; readonly index: number }
  | { readonly kind: "call"; readonly call: GuardedCall };

const hooks: Readonly<Record<string, Hook>> = {
  security_bprm_check: { kind: "exec", pathIndex: 0 },
  bprm_check_security: { kind: "exec", pathIndex: 0 },
  sys_execve: { kind: "exec", pathIndex: 0 },
  sys_execveat: { kind: "exec", pathIndex: 1 },
  security_file_open: { kind: "file", pathIndex: 0, isWriteOnly: false },
  file_open: { kind: "file", pathIndex: 0, isWriteOnly: false },
  security_file_permission: { kind: "file", pathIndex: 0, maskIndex: 1, isWriteOnly: false },
  security_path_truncate: { kind: "file", pathIndex: 0, isWriteOnly: true },
  sys_open: { kind: "file", pathIndex: 0, isWriteOnly: false },
  sys_openat: { kind: "file", pathIndex: 1, isWriteOnly: false },
  fd_install: { kind: "file", pathIndex: 1, isWriteOnly: false },
  sys_unlink: { kind: "file", pathIndex: 0, isWriteOnly: true },
  sys_unlinkat: { kind: "file", pathIndex: 1, isWriteOnly: true },
  tcp_connect: { kind: "network", operation: "connect" },
  security_socket_connect: { kind: "network", operation: "connect" },
  socket_connect: { kind: "network", operation: "connect" },
  sys_connect: { kind: "network", operation: "connect" },
  security_socket_bind: { kind: "network", operation: "bind" },
  sys_bind: { kind: "network", operation: "bind" },
  udp_sendmsg: { kind: "network", operation: "send" },
  security_socket_create: { kind: "socket" },
  sys_socket: { kind: "socket" },
  cap_capable: { kind: "capability", index: 2 },
  security_capable: { kind: "capability", index: 2 },
  sys_mount: { kind: "call", call: "mount" },
  sys_move_mount: { kind: "call", call: "mount" },
  security_sb_mount: { kind: "call", call: "mount" },
  sys_ptrace: { kind: "call", call: "ptrace" },
  security_ptrace_access_check: { kind: "call", call: "ptrace" },
  sys_bpf: { kind: "call", call: "bpf" },
  security_bpf: { kind: "call", call: "bpf" },
  sys_init_module: { kind: "call", call: "module" },
  sys_finit_module: { kind: "call", call: "module" },
  do_init_module: { kind: "call", call: "module" },
  security_kernel_read_file: { kind: "call", call: "module" },
  sys_setns: { kind: "call", call: "setns" },
  sys_unshare: { kind: "call", call: "unshare" },
};

export const tetragonCalls: readonly string[] = Object.keys(hooks);

/** "__x64_sys_mount", "sys_mount" and "mount" of the raw table are one. */
export function hookOf(name: string): Hook | undefined {
  const plain = name.replace(/^__(x64|arm64|ia32)_/, "");
  return Object.hasOwn(hooks, plain) ? hooks[plain] : undefined;
}

export interface Selected {
  readonly arguments: readonly MatchArgument[];
  readonly action: RuntimeAction;
  readonly source: Source;
  readonly at: At;
}

/** The rules of one selector. NotIn programs are allowed first, everybody else has the action. */
export function subjectRules(hook: Hook, selected: Selected): readonly RuntimeRule[] {
  const { action, source, at } = selected;
  const shared = { action, fromSource: source.in, place: rulePlace(at) };
  const rules = rulesOfHook(hook, selected, shared);
  if (source.notIn.length === 0) return rules;
  const allowed = rules.map((rule): RuntimeRule => ({ ...rule, action: "Allow", fromSource: source.notIn }));
  return [...allowed, ...rules];
}

type Shared = Pick<RuntimeRule, "action" | "fromSource" | "place">;

function rulesOfHook(hook: Hook, selected: Selected, shared: Shared): readonly RuntimeRule[] {
  switch (hook.kind) {
    case "exec":
      return pathRules(hook, selected, shared);
    case "file":
      return pathRules(hook, selected, shared);
    case "network":
      return networkRules(hook.operation, selected, shared);
    case "socket":
      return socketRules(selected, shared);
    case "capability":
      return capabilityRules(hook.index, selected, shared);
    case "call":
      return selected.arguments.length === 0
        ? [{ ...shared, kind: "call", call: hook.call }]
        : refuseArguments(selected.arguments, "arguments of this call cannot be asked in the kernel here");
  }
}

function refuseArguments(given: readonly MatchArgument[], message: string): readonly [] {
  for (const { at } of given) refuse(at, "not-supported", message);
  return [];
}

const everyFile: PathSubject = { kind: "directory", path: "/", isRecursive: true };

function pathRules(
  hook: Extract<Hook, { kind: "exec" | "file" }>,
  { arguments: given }: Selected,
  shared: Shared,
): readonly RuntimeRule[] {
  let isWriteOnly = hook.kind === "file" && hook.isWriteOnly;
  let subjects: { readonly list: readonly PathSubject[]; readonly isOther: boolean } | undefined;
  for (const each of given) {
    const isMask = hook.kind === "file" && each.index === hook.maskIndex;
    if (
      isMask &&
      each.operator === "Equal" &&
      each.values.every((value) => value === "2" || value === "4" || value === "6")
    )
      isWriteOnly = !each.values.includes("4");
    else if (each.index === hook.pathIndex && subjects === undefined) subjects = subjectsOf(each);
    else return refuseArguments([each], `argument ${each.index} ${each.operator} cannot be asked in the kernel here`);
    if (!isMask && subjects === undefined) return [];
  }
  const { list, isOther } = subjects ?? { list: [everyFile], isOther: false };
  const make = (subject: PathSubject, action: RuntimeAction): RuntimeRule =>
    hook.kind === "exec"
      ? { ...shared, action, kind: "exec", subject, isOwnerExempt: false }
      : { ...shared, action, kind: "file", subject, isOwnerExempt: false, isWriteOnly };
  if (!isOther) return list.map((subject) => make(subject, shared.action));
  // "Everything but these": these are allowed, and the rest has the action.
  return [...list.map((subject) => make(subject, "Allow")), make(everyFile, shared.action)];
}

const beginning = (value: string): ReturnType<typeof pathOf> =>
  value.endsWith("/") ? directoryOf(value, true) : patternOf(`${value}**`);

const makeByOperator: Readonly<Record<string, typeof pathOf>> = {
  Equal: pathOf,
  NotEqual: pathOf,
  Prefix: beginning,
  NotPrefix: beginning,
  Postfix: (value) => patternOf(`**${value}`),
};

function subjectsOf({
  operator,
  values,
  at,
}: MatchArgument): { readonly list: readonly PathSubject[]; readonly isOther: boolean } | undefined {
  const make = Object.hasOwn(makeByOperator, operator) ? makeByOperator[operator] : undefined;
  if (make === undefined) {
    refuse(
      child(at, "operator"),
      "not-supported",
      `the operator ${shown(operator)} on a path`,
      "Equal, NotEqual, Prefix, NotPrefix, Postfix",
    );
    return undefined;
  }
  const list = values.map((value, index) => taken(make(value), child(child(at, "values"), index)));
  const whole = list.filter((subject) => subject !== undefined);
  return whole.length === list.length ? { list: whole, isOther: operator.startsWith("Not") } : undefined;
}

function networkRules(
  operation: NetworkRule["operation"],
  { arguments: given }: Selected,
  shared: Shared,
): readonly RuntimeRule[] {
  const found = {
    addresses: [""] as readonly string[],
    ports: [0] as readonly number[],
    protocol: "" as NetworkRule["protocol"],
  };
  let protocols: readonly string[] = [];
  for (const each of given) {
    const { operator, values } = each;
    if (operator === "DAddr" || (operation === "bind" && operator === "SAddr")) found.addresses = values;
    else if (operator === "DPort" || (operation === "bind" && operator === "SPort")) {
      const ports = values.flatMap(portsOf);
      if (
        ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535) ||
        ports.length > runtimeLimits.portsMax
      )
        return refuseArguments(
          [each],
          `ports ${values.join(", ").slice(0, 60)}: not ports, or more than portsMax = ${runtimeLimits.portsMax}`,
        );
      found.ports = ports;
    } else if (operator === "Protocol") {
      protocols = values.map((value) => value.replace("IPPROTO_", "").toLowerCase());
      // Left out, the rule would be about every protocol.
      if (protocols.length === 0 || protocols.some((name) => name !== "tcp" && name !== "udp"))
        return refuseArguments([each], `of protocols only TCP and UDP can be asked of an address here`);
    } else
      return refuseArguments([each], `the operator ${shown(operator)} on a socket cannot be asked in the kernel here`);
  }
  const [protocol] = new Set(protocols).size === 1 ? protocols : [];
  if (protocol === "tcp" || protocol === "udp") found.protocol = protocol;
  const made: RuntimeRule[] = [];
  for (const text of found.addresses) {
    const network = taken(
      networkOf(text),
      given[0]?.at ?? { value: text, path: [], sink: { file: "", lineOf: () => 0, problems: [] } },
    );
    if (network === undefined) return [];
    for (const port of found.ports)
      made.push({ ...shared, kind: "network", operation, protocol: found.protocol, ...network, port });
  }
  return made;
}

function portsOf(text: string): readonly number[] {
  const [from = Number.NaN, to = from] = text.split(/[:-]/).map(Number);
  const count = Math.min(to - from + 1, runtimeLimits.portsMax + 1);
  return count >= 1 ? Array.from({ length: count }, (_, index) => from + index) : [Number.NaN];
}

const kindByFamily: Readonly<Record<string, "packet" | "netlink" | "unix">> = {
  "1": "unix",
  AF_UNIX: "unix",
  "16": "netlink",
  AF_NETLINK: "netlink",
  "17": "packet",
  AF_PACKET: "packet",
};
const kindByType: Readonly<Record<string, "tcp" | "udp" | "raw">> = {
  "1": "tcp",
  SOCK_STREAM: "tcp",
  "2": "udp",
  SOCK_DGRAM: "udp",
  "3": "raw",
  SOCK_RAW: "raw",
};

function socketRules({ arguments: given, at }: Selected, shared: Shared): readonly RuntimeRule[] {
  const [first] = given;
  const table = first?.index === 0 ? kindByFamily : first?.index === 1 ? kindByType : undefined;
  if (first === undefined || table === undefined || given.length > 1 || first.operator !== "Equal") {
    refuse(
      first?.at ?? at,
      "not-supported",
      "which sockets? one Equal on the family (packet, netlink, unix) or the type (stream, datagram, raw)",
    );
    return [];
  }
  return first.values.flatMap((value): readonly RuntimeRule[] => {
    const socket = Object.hasOwn(table, value) ? table[value] : undefined;
    if (socket !== undefined) return [{ ...shared, kind: "socket", socket }];
    return refuseArguments([first], `the socket ${shown(value)} is not guarded`);
  });
}

function capabilityRules(index: number, { arguments: given, at }: Selected, shared: Shared): readonly RuntimeRule[] {
  const [first] = given;
  if (first === undefined || given.length > 1 || first.index !== index || first.operator !== "Equal") {
    refuse(first?.at ?? at, "not-supported", `which capability? one Equal on argument ${index}`);
    return [];
  }
  return first.values.flatMap((value): readonly RuntimeRule[] => {
    const name = capabilityNames.find((each) => value.toUpperCase() === `CAP_${each}`);
    const capability = name ?? capabilityNames[Number(value)];
    if (capability !== undefined) return [{ ...shared, kind: "capability", capability }];
    return refuseArguments([first], `there is no capability ${shown(value)}`);
  });
}

// A seccomp profile in the form of the OCI runtime specification, as Kubernetes' localhostProfile, runc and Docker read it.
import type { ProfileDifference, WrittenProfile } from "../../../model/posture.ts";
import { defaultCapabilities } from "../capabilities.ts";
import { runtimeBases, type Runtime } from "../data/runtime-base.ts";
import {
  conditionalCalls,
  runtimeDefaultVersion,
  type ArgumentCondition,
  type ConditionalCall,
} from "../data/runtime-default.ts";
import { runtimeDefault } from "../runtime-default.ts";
import { isArchitecture, systemCallNames, type Architecture } from "../system-calls.ts";
import { containerPatch } from "./patch.ts";
import { commonWarnings, profileName, promotionOf, type ProfileRequest } from "./target.ts";

const ociArchitecture: Readonly<Record<Architecture, string>> = {
  x86_64: "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
};
const EPERM = 1;
const ENOSYS = 38;
/** Takes its flags from memory, which no filter reads. C libraries try it first and fall back to clone when the kernel says that it has no such call; EPERM would be taken for a failure. */
const unreadableCall = "clone3";
/** Whoever holds it may make namespaces: RuntimeDefault leaves clone and clone3 to it, and so does a written profile. */
const namespaceCapability = "sys_admin";

export const kubeletSeccompFolder = "/var/lib/kubelet/seccomp";

interface OciRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly ArgumentCondition[];
}

export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly OciRule[];
}

/** Everything that was seen, and what the runtime needs to start a container. Names that none of the architectures has are left out. Sorted. */
export function allowedCalls(
  seen: readonly string[],
  runtime: Runtime,
  architectures: readonly Architecture[],
): readonly string[] {
  const exist = new Set(architectures.flatMap((architecture) => systemCallNames(architecture)));
  return [...new Set([...seen, ...runtimeBases[runtime].systemCalls])].filter((name) => exist.has(name)).toSorted();
}

/**
 * Calls that RuntimeDefault allows with some arguments only keep its conditions, unless the container uses the capability that frees them.
 * Without sys_admin clone3 answers ENOSYS when enforced; in log mode it passes when it is among the allowed, because nothing may change there.
 */
export function ociSeccomp(
  allowed: readonly string[],
  architectures: readonly Architecture[],
  mode: ProfileRequest["mode"],
  capabilities: readonly string[] = [],
): OciSeccomp {
  const isEnforced = mode === "enforce";
  const lasting = isEnforced ? lastingCalls(allowed, capabilities) : allowed;
  const conditional = conditionsOn(lasting, capabilities);
  const free = lasting.filter((name) => !conditional.some((one) => one.name === name));
  return {
    defaultAction: isEnforced ? "SCMP_ACT_ERRNO" : "SCMP_ACT_LOG",
    ...(isEnforced ? { defaultErrnoRet: EPERM } : {}),
    architectures: architectures.map((architecture) => ociArchitecture[architecture]),
    syscalls: [
      { names: free, action: "SCMP_ACT_ALLOW" },
      ...conditional.flatMap(({ name, anyOf }) =>
        anyOf.map((condition) => ({ names: [name], action: "SCMP_ACT_ALLOW", args: [condition] })),
      ),
      ...(isEnforced && !lasting.includes(unreadableCall)
        ? [{ names: [unreadableCall], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS }]
        : []),
    ],
  };
}

/** Without clone3, unless the container makes namespaces. */
function lastingCalls(allowed: readonly string[], capabilities: readonly string[]): readonly string[] {
  return capabilities.includes(namespaceCapability) ? allowed : allowed.filter((name) => name !== unreadableCall);
}

/** Those of RuntimeDefault on the allowed calls, for what uses these capabilities. */
function conditionsOn(allowed: readonly string[], capabilities: readonly string[]): readonly ConditionalCall[] {
  return conditionalCalls.filter(({ name, freeWith }) => allowed.includes(name) && !capabilities.includes(freeWith));
}

/** Of the calls that the default profile allows with the default capabilities; a call that has a condition of the base is kept, and the condition named. */
export function seccompDifference(
  allowed: readonly string[],
  architecture: Architecture,
  capabilities: readonly string[] = [],
): ProfileDifference {
  const base = runtimeDefault(architecture, defaultCapabilities);
  const lasting = lastingCalls(allowed, capabilities);
  const mine = new Set(lasting);
  const conditional = conditionsOn(lasting, capabilities);
  const freed = conditionalCalls.filter((one) => mine.has(one.name) && !conditional.includes(one));
  return {
    base: runtimeDefaultVersion,
    kept: lasting.filter((name) => base.has(name)),
    removed: [...base].filter((name) => !mine.has(name)).toSorted(),
    added: lasting.filter((name) => !base.has(name)),
    conditions: [
      ...conditional.map(({ name, words }) => `${name} ${words}`),
      ...freed.map(({ name, freeWith }) => `${name} with any arguments, because ${freeWith} is used`),
    ],
  };
}

/** The profile, its place on the node, and the patch that makes the container use it. */
export function writeSeccomp(request: ProfileRequest & { readonly runtime: Runtime }): WrittenProfile {
  const { target, mode, learnt, runtime } = request;
  const known = learnt.architectures.filter(isArchitecture);
  const architectures: readonly Architecture[] = known.length === 0 ? ["x86_64"] : known;
  const allowed = allowedCalls(learnt.systemCalls, runtime, architectures);
  const name = `${profileName(target)}.json`;
  const capabilities = [...learnt.capabilities, ...learnt.capabilitiesInferred];
  const difference = seccompDifference(allowed, architectures[0] ?? "x86_64", capabilities);
  const unusual = difference.added.filter((call) => learnt.systemCalls.includes(call));
  return {
    kind: "seccomp",
    mode,
    name,
    text: `${seccompText(ociSeccomp(allowed, architectures, mode, capabilities))}\n`,
    path: `${kubeletSeccompFolder}/garrison/${name}`,
    patch: containerPatch(target, ["seccompProfile:", "  type: Localhost", `  localhostProfile: garrison/${name}`]),
    difference,
    warnings: [
      ...commonWarnings(request),
      ...(learnt.systemCallsUnnamed.length > 0
        ? [`calls without a name cannot be allowed: ${learnt.systemCallsUnnamed.join(", ")}`]
        : []),
      ...(unusual.length > 0 ? [`allowed although RuntimeDefault refuses them: ${unusual.join(", ")}`] : []),
      ...(allowed.includes(unreadableCall) && !capabilities.includes(namespaceCapability)
        ? ["clone3 was seen: enforced it answers ENOSYS, as with RuntimeDefault, and C libraries use clone instead"]
        : []),
      `united with what ${runtimeBases[runtime].version} needs to start a container`,
      onNodesWarning,
    ],
    promotion: promotionOf(request),
  };
}

/** Of a workload; a command that somebody runs has no nodes. */
export const onNodesWarning =
  "the file must be on every node that may run the pod: without it the container does not start";

/** JSON with one name per line would be 80 lines: names are filled into lines instead. */
function seccompText(profile: OciSeccomp): string {
  const marked = JSON.stringify(
    profile,
    (key, value: unknown) => (key === "names" ? `@${(value as string[]).join(" ")}` : value),
    2,
  );
  return marked.replace(/"@([^"]*)"/g, (_all, names: string) => `[\n        ${fill(names.split(" "))}\n      ]`);
}

function fill(names: readonly string[]): string {
  const lines: string[] = [];
  let line = "";
  for (const [index, name] of names.entries()) {
    const piece = `"${name}"${index === names.length - 1 ? "" : ","}`;
    if (line !== "" && line.length + piece.length > 100) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? piece : ` ${piece}`;
  }
  return [...lines, line].join("\n        ");
}

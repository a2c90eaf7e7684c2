// A seccomp profile in the form of the OCI runtime specification, as Kubernetes' localhostProfile, runc and Docker read it.
import type { ProfileDifference, WrittenProfile } from "../../../model/posture.ts";
import { defaultCapabilities } from "../capabilities.ts";
import { runtimeBases, type Runtime } from "../data/runtime-base.ts";
import { runtimeDefaultVersion } from "../data/runtime-default.ts";
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
/** C libraries try these first and fall back when the kernel says that it has no such call; EPERM would be taken for a failure. */
const probedCalls = ["clone3"] as const;

export const kubeletSeccompFolder = "/var/lib/kubelet/seccomp";

interface OciRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
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

export function ociSeccomp(
  allowed: readonly string[],
  architectures: readonly Architecture[],
  mode: ProfileRequest["mode"],
): OciSeccomp {
  const isEnforced = mode === "enforce";
  const probed = probedCalls.filter((name) => !allowed.includes(name));
  return {
    defaultAction: isEnforced ? "SCMP_ACT_ERRNO" : "SCMP_ACT_LOG",
    ...(isEnforced ? { defaultErrnoRet: EPERM } : {}),
    architectures: architectures.map((architecture) => ociArchitecture[architecture]),
    syscalls: [
      { names: allowed, action: "SCMP_ACT_ALLOW" },
      ...(isEnforced && probed.length > 0
        ? [{ names: probed, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS } as const]
        : []),
    ],
  };
}

/** Of the calls that the default profile allows with the default capabilities. */
export function seccompDifference(allowed: readonly string[], architecture: Architecture): ProfileDifference {
  const base = runtimeDefault(architecture, defaultCapabilities);
  const mine = new Set(allowed);
  return {
    base: runtimeDefaultVersion,
    kept: allowed.filter((name) => base.has(name)),
    removed: [...base].filter((name) => !mine.has(name)).toSorted(),
    added: allowed.filter((name) => !base.has(name)),
  };
}

/** The profile, its place on the node, and the patch that makes the container use it. */
export function writeSeccomp(request: ProfileRequest & { readonly runtime: Runtime }): WrittenProfile {
  const { target, mode, learnt, runtime } = request;
  const known = learnt.architectures.filter(isArchitecture);
  const architectures: readonly Architecture[] = known.length === 0 ? ["x86_64"] : known;
  const allowed = allowedCalls(learnt.systemCalls, runtime, architectures);
  const name = `${profileName(target)}.json`;
  const difference = seccompDifference(allowed, architectures[0] ?? "x86_64");
  const unusual = difference.added.filter((call) => learnt.systemCalls.includes(call));
  return {
    kind: "seccomp",
    mode,
    name,
    text: `${seccompText(ociSeccomp(allowed, architectures, mode))}\n`,
    path: `${kubeletSeccompFolder}/garrison/${name}`,
    patch: containerPatch(target, ["seccompProfile:", "  type: Localhost", `  localhostProfile: garrison/${name}`]),
    difference,
    warnings: [
      ...commonWarnings(request),
      ...(learnt.systemCallsUnnamed.length > 0
        ? [`calls without a name cannot be allowed: ${learnt.systemCallsUnnamed.join(", ")}`]
        : []),
      ...(unusual.length > 0 ? [`allowed although RuntimeDefault refuses them: ${unusual.join(", ")}`] : []),
      `united with what ${runtimeBases[runtime].version} needs to start a container`,
      "the file must be on every node that may run the pod: without it the container does not start",
    ],
    promotion: promotionOf(request),
  };
}

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

// The capabilities of a container: all dropped, those added that were used. There is no mode that only logs: the patch is the enforcement.
import type { WrittenProfile } from "../../../model/posture.ts";
import { dangerousCapabilities, defaultCapabilities, kubernetesCapability } from "../capabilities.ts";
import { inferFromNames } from "../infer-capabilities.ts";
import type { Learnt } from "../learnt.ts";
import { containerPatch } from "./patch.ts";
import { commonWarnings, profileName, promotionOf, type ProfileRequest } from "./target.ts";

/** Seen, concluded from calls, and concluded from names of calls. Sorted. */
export function usedCapabilities(learnt: Learnt): readonly string[] {
  // Where the kernel told of its checks, what names suggest is not needed.
  const byName = learnt.capabilities.length > 0 ? [] : inferFromNames(learnt.systemCalls);
  return [...new Set([...learnt.capabilities, ...learnt.capabilitiesInferred, ...byName])].toSorted();
}

/** What a program may have needed without its being visible, where only calls tell: these work on one's own things without the capability too. */
const invisible: Readonly<Record<string, readonly string[]>> = {
  chown: ["chown", "fchown", "fchownat", "lchown"],
  fowner: ["chmod", "fchmod", "fchmodat", "fchmodat2", "utimensat"],
  setgid: ["setgid", "setgroups", "setregid", "setresgid"],
  setuid: ["setuid", "setreuid", "setresuid"],
  kill: ["kill", "tkill"],
  net_bind_service: ["bind"],
};

export function writeCapabilities(request: ProfileRequest): WrittenProfile {
  const { target, mode, learnt } = request;
  const used = usedCapabilities(learnt);
  const lines = [
    "capabilities:",
    '  drop: ["ALL"]',
    ...(used.length === 0 ? [] : [`  add: [${used.map((name) => `"${kubernetesCapability(name)}"`).join(", ")}]`]),
  ];
  const patch = containerPatch(target, lines);
  const isInferred = learnt.capabilities.length === 0;
  const possible = Object.entries(invisible)
    .filter(([name, calls]) => !used.includes(name) && calls.some((call) => learnt.systemCalls.includes(call)))
    .map(([name]) => name);
  const dangerous = used.filter((name) => dangerousCapabilities.has(name));
  return {
    kind: "capabilities",
    mode,
    name: profileName(target),
    text: `${["securityContext:", ...lines.map((line) => `  ${line}`)].join("\n")}\n`,
    path: "",
    patch,
    difference: {
      base: "default capabilities of containerd 2.0",
      kept: used.filter((name) => defaultCapabilities.includes(name)),
      removed: defaultCapabilities.filter((name) => !used.includes(name)).toSorted(),
      added: used.filter((name) => !defaultCapabilities.includes(name)),
    },
    warnings: [
      ...commonWarnings(request),
      ...(mode === "log" ? ["capabilities have no mode that only logs: try the patch on one replica first"] : []),
      ...(isInferred
        ? [
            "concluded from calls: this kernel does not allow its own check to be watched (LSM or fentry), so dac_override and fowner cannot be seen",
          ]
        : []),
      ...(isInferred && possible.length > 0 ? [`maybe needed too, its calls were seen: ${possible.join(", ")}`] : []),
      ...(dangerous.length > 0 ? [`enough to take over the node: ${dangerous.join(", ")}`] : []),
    ],
    promotion: promotionOf(request),
  };
}

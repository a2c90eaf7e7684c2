// Where declared and effective are not the same, as findings: a protection that is written down and not there, or a right that nobody declared.
import { podSecurityLevels } from "../../../model/runtime-words.ts";
import type { PodSecurityResult, PostureDifference, PostureLayer, PostureLayerName } from "../../../model/posture.ts";

interface Rule {
  readonly rule: string;
  readonly severity: PostureDifference["severity"];
  readonly title: string;
}

/** One per layer whose verdict may be "differs". */
const ruleByLayer: Partial<Readonly<Record<PostureLayerName, Rule>>> = {
  user: { rule: "user-differs", severity: "high", title: "Runs as another user than is declared" },
  groups: { rule: "groups-differ", severity: "low", title: "Is not in the groups that are declared" },
  "user-namespace": {
    rule: "user-namespace-missing",
    severity: "high",
    title: "User namespace declared, the node's users in force",
  },
  capabilities: { rule: "capabilities-undeclared", severity: "high", title: "Holds capabilities that nobody declared" },
  "no-new-privileges": {
    rule: "escalation-possible",
    severity: "high",
    title: "Privilege escalation forbidden in the spec, possible in the kernel",
  },
  seccomp: { rule: "seccomp-not-loaded", severity: "high", title: "Seccomp declared, none loaded" },
  apparmor: { rule: "apparmor-not-in-force", severity: "medium", title: "AppArmor declared, not in force" },
  selinux: { rule: "selinux-not-in-force", severity: "medium", title: "SELinux declared, not in force" },
  "root-filesystem": {
    rule: "root-filesystem-writable",
    severity: "medium",
    title: "Read-only root declared, writable in the kernel",
  },
  "host-mounts": {
    rule: "host-mount-undeclared",
    severity: "high",
    title: "A part of the host is mounted that nobody declared",
  },
  "proc-paths": { rule: "proc-unmasked", severity: "high", title: "Paths of /proc are open that should be masked" },
  namespaces: {
    rule: "namespace-undeclared",
    severity: "high",
    title: "Shares namespaces with the host that nobody declared",
  },
  sysctls: { rule: "sysctl-differs", severity: "low", title: "A declared sysctl has another value" },
  limits: { rule: "limit-not-in-force", severity: "medium", title: "Memory limit declared, none in force" },
  devices: { rule: "devices-undeclared", severity: "high", title: "Devices of the host are open that nobody declared" },
};

export function differencesOf(
  layers: readonly PostureLayer[],
  levels: { readonly declared: PodSecurityResult; readonly effective: PodSecurityResult },
): PostureDifference[] {
  const ofLayers = layers.flatMap(({ layer, verdict, note, declared, effective }): PostureDifference[] => {
    const rule = ruleByLayer[layer];
    if (verdict !== "differs" || rule === undefined) return [];
    const evidence = [note, `declared: ${declared.text}`, `effective: ${effective.text} (${effective.source})`];
    return [{ ...rule, layer, evidence: evidence.filter((text) => text !== "") }];
  });
  const { declared, effective } = levels;
  if (declared.level === "unknown" || effective.level === "unknown") return ofLayers;
  if (podSecurityLevels.indexOf(effective.level) >= podSecurityLevels.indexOf(declared.level)) return ofLayers;
  return [
    ...ofLayers,
    {
      rule: "pod-security-weaker",
      layer: "kernel",
      severity: effective.level === "privileged" ? "high" : "medium",
      title: `Declared ${declared.level}, live ${effective.level}`,
      evidence: effective.violations
        .filter(({ level }) => (effective.level === "privileged" ? level === "baseline" : true))
        .map(({ control, detail }) => `${control}: ${detail}`),
    },
  ];
}

// The change of a workload's manifest that makes a profile take effect, as YAML for `kubectl patch --patch-file`. A strategic merge: containers by name.
import type { ProfileTarget } from "./target.ts";

/** Keys above the pod's spec, by kind; a kind without an entry has no manifest. */
const podSpecPath: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  Deployment: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

/** `lines` are the inside of the container's securityContext. "" for what is not of Kubernetes. */
export function containerPatch(target: ProfileTarget, lines: readonly string[]): string {
  const keys = podSpecPath[target.workloadKind];
  if (keys === undefined || target.namespace === "host") return "";
  const indent = "  ".repeat(keys.length);
  return `${[
    ...keys.map((key, depth) => `${"  ".repeat(depth)}${key}:`),
    `${indent}containers:`,
    `${indent}  - name: ${JSON.stringify(target.container || target.workload)}`,
    `${indent}    securityContext:`,
    ...lines.map((line) => `${indent}      ${line}`),
  ].join("\n")}\n`;
}

/** `lines` are the inside of the pod's securityContext. */
export function podPatch(target: ProfileTarget, lines: readonly string[]): string {
  const keys = podSpecPath[target.workloadKind];
  if (keys === undefined || target.namespace === "host") return "";
  const indent = "  ".repeat(keys.length);
  return `${[
    ...keys.map((key, depth) => `${"  ".repeat(depth)}${key}:`),
    `${indent}securityContext:`,
    ...lines.map((line) => `${indent}  ${line}`),
  ].join("\n")}\n`;
}

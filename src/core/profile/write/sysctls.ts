// The sysctls that a workload sets by itself, as a declaration: what is declared is set by the runtime before the container starts, and needs no right to write /proc/sys.
import type { WrittenProfile } from "../../../model/posture.ts";
import { safeSysctls } from "../posture/safe-sysctls.ts";
import { podPatch } from "./patch.ts";
import { commonWarnings, profileName, promotionOf, type ProfileRequest } from "./target.ts";

export interface SysctlFacts {
  /** Paths below /proc/sys that it opened to write. */
  readonly written: readonly string[];
  /** As they are now in its namespaces, by name with dots. */
  readonly values: Readonly<Record<string, string>>;
}

/** "/proc/sys/net/core/somaxconn" -> "net.core.somaxconn"; "" for another path. */
export function sysctlName(path: string): string {
  const rest = /^\/proc\/sys\/([A-Za-z0-9_\-./]+)$/.exec(path)?.[1] ?? "";
  return rest
    .split("/")
    .filter((part) => part !== "")
    .join(".");
}

export function writeSysctls(request: ProfileRequest & { readonly sysctls: SysctlFacts }): WrittenProfile {
  const { target, mode, sysctls } = request;
  const names = [...new Set(sysctls.written.map(sysctlName))].filter((name) => name !== "").toSorted();
  const known = names.filter((name) => sysctls.values[name] !== undefined);
  const lines =
    known.length === 0
      ? ["sysctls: []"]
      : [
          "sysctls:",
          ...known.flatMap((name) => [
            `  - name: ${JSON.stringify(name)}`,
            `    value: ${JSON.stringify(sysctls.values[name] ?? "")}`,
          ]),
        ];
  const unsafe = names.filter((name) => !safeSysctls.has(name));
  return {
    kind: "sysctls",
    mode,
    name: profileName(target),
    text: `${["securityContext:", ...lines.map((line) => `  ${line}`)].join("\n")}\n`,
    path: "",
    patch: known.length === 0 ? "" : podPatch(target, lines),
    difference: { base: "no sysctls declared", kept: [], removed: [], added: known },
    warnings: [
      ...commonWarnings(request),
      ...names
        .filter((name) => !known.includes(name))
        .map((name) => `${name} was written, but its value in the container is not known`),
      ...(unsafe.length > 0
        ? [`not in the safe set of Kubernetes, each node must allow it: ${unsafe.join(", ")}`]
        : []),
    ],
    promotion: promotionOf(request),
  };
}

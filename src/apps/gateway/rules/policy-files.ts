// WafPolicy and WafFloor manifests from files, as `garrison apply -f` takes them. One that is wrong stops the load with its place, not the process.
import { readFileSync } from "node:fs";
import { Fault } from "../../../base/fault.ts";
import { readYaml } from "../../../edge/manifests/read-yaml.ts";
import { ResourceManifest } from "../../../model/resource.ts";
import { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import { gatewayLimits } from "../config.ts";
import type { NamedWafFloor, NamedWafPolicy } from "../../../core/waf/policy/named.ts";

export interface ReadPolicies {
  readonly policies: readonly NamedWafPolicy[];
  readonly floor: NamedWafFloor | undefined;
}

/** Throws the Fault "gateway/policy" for a file that cannot be read, and for a manifest that is none or is of another kind. */
export function readPolicyFiles(files: readonly string[]): ReadPolicies {
  const policies: NamedWafPolicy[] = [];
  let floor: NamedWafFloor | undefined;
  for (const file of files) {
    for (const { value, where } of documentsOf(file)) {
      const manifest = ResourceManifest.safeParse(value);
      if (!manifest.success) throw wrong(where, manifest.error.issues[0]);
      const { kind, scope, name, spec } = manifest.data;
      if (kind === "WafFloor") {
        const parsed = WafFloor.safeParse(spec);
        if (!parsed.success) throw wrong(`${where} spec`, parsed.error.issues[0]);
        floor = { scope, name, spec: parsed.data };
      } else if (kind === "WafPolicy") {
        const parsed = WafPolicy.safeParse(spec);
        if (!parsed.success) throw wrong(`${where} spec`, parsed.error.issues[0]);
        policies.push({ scope, name, spec: parsed.data });
      } else throw wrong(where, { path: ["kind"], message: `${kind} is neither WafPolicy nor WafFloor` });
    }
  }
  return { policies, floor };
}

function documentsOf(file: string): readonly { readonly value: unknown; readonly where: string }[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Fault(`the policy file ${file} cannot be read: ${(cause as Error).message}`, {
      code: "gateway/policy",
      kind: "usage",
      hint: "--policy names files with manifests of WafPolicy and WafFloor",
      cause,
    });
  }
  if (text.length > gatewayLimits.policyFileBytesMax) {
    throw new Fault(`the policy file ${file} is over ${gatewayLimits.policyFileBytesMax} bytes`, {
      code: "gateway/policy",
      kind: "usage",
    });
  }
  return readYaml(text).flatMap(({ value, line, errors: [error] }) => {
    if (error !== undefined) throw wrong(`${file} line ${error.line}`, { path: [], message: error.message });
    return value === undefined || value === null ? [] : [{ value, where: `${file} line ${line}` }];
  });
}

function wrong(
  where: string,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): Fault {
  const path = issue?.path.map(String).join(".") ?? "";
  return new Fault(`${where}${path === "" ? "" : ` ${path}`}: ${issue?.message ?? "invalid"}`, {
    code: "gateway/policy",
    kind: "usage",
    hint: "kinds WafPolicy and WafFloor with apiVersion garrison/v1, name and spec",
  });
}

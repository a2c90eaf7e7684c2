// What the WAF policies say of a workload now. Labels are not asked here: a policy that selects by labels is "unknown", with its name.
import { WafPolicy } from "../../../model/waf-policy.ts";
import type { Resource } from "../../../model/resource.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { waf } from "../contract/waf.ts";

type WafWorkload = ResponseOf<(typeof waf)["wafBoard"]>["workloads"][number];
export type ModeSaid = Pick<WafWorkload, "mode" | "policies" | "because">;

export interface KeptPolicy {
  readonly scope: string;
  readonly name: string;
  readonly spec: WafPolicy;
}

export interface AskedWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
}

/** Resources that parse; another one is the gateways' to refuse. */
export function keptPolicies(resources: readonly Resource[]): readonly KeptPolicy[] {
  return resources.flatMap(({ scope, name, spec }) => {
    const parsed = WafPolicy.safeParse(spec);
    return parsed.success ? [{ scope, name, spec: parsed.data }] : [];
  });
}

type Selects = "yes" | "no" | "maybe";

function selects({ scope, spec: { target } }: KeptPolicy, asked: AskedWorkload): Selects {
  const isHere =
    scope === "global" || scope === `cluster/${asked.cluster}` || scope.startsWith(`node/${asked.cluster}/`);
  if (!isHere) return "no";
  if (target.namespace !== "" && target.namespace !== asked.namespace) return "no";
  if (target.workload !== "" && target.workload !== asked.workload) return "no";
  const service = target.service.split(":")[0] ?? "";
  if (service !== "" && service !== asked.service) return asked.service === "" ? "maybe" : "no";
  return target.selector === "" ? "yes" : "maybe";
}

/** The modes of all policies that select it; of several that differ "mixed", for routes decide. No policy: off. */
export function modeOf(policies: readonly KeptPolicy[], asked: AskedWorkload): ModeSaid {
  if (asked.workload === "") return { mode: "unknown", policies: [], because: "the workload is not known" };
  const found = policies.map((policy) => ({ policy, selects: selects(policy, asked) }));
  const certain = found.flatMap((each) => (each.selects === "yes" ? [each.policy] : []));
  const doubtful = found.flatMap((each) => (each.selects === "maybe" ? [each.policy.name] : []));
  const refs = certain.map(({ scope, name }) => ({ scope, name }));
  if (doubtful.length > 0)
    return { mode: "unknown", policies: refs, because: `${doubtful.join(", ")} may select it, by labels or service` };
  const modes = [...new Set(certain.map(({ spec }) => spec.mode))];
  const isRouted = certain.some(({ spec }) => spec.target.routes.length > 0);
  const [only] = modes;
  if (only === undefined) return { mode: "off", policies: [], because: "no policy selects it" };
  if (modes.length > 1 || (isRouted && only !== "off")) return { mode: "mixed", policies: refs, because: "" };
  return { mode: only, policies: refs, because: "" };
}

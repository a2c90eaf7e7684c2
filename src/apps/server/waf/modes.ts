// What the WAF policies say of a workload now, as gateways choose: the most specific policy, raised by the floor. Labels and gateways' own policies are not known
// here: where they may decide, the mode is "unknown", by name.
import { compareRanks, rankOf, targetOf } from "../../../core/waf/policy/target.ts";
import { floorsInOrder } from "../../../core/waf/policy/floor-in-force.ts";
import type { NamedWafFloor, NamedWafPolicy } from "../../../core/waf/policy/named.ts";
import { raise } from "../../../core/waf/policy/raise.ts";
import { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import type { Resource } from "../../../model/resource.ts";
import type { ResponseOf } from "../contract/endpoint.ts";
import type { waf } from "../contract/waf.ts";

type WafWorkload = ResponseOf<(typeof waf)["wafBoard"]>["workloads"][number];
export type ModeSaid = Pick<WafWorkload, "mode" | "policies" | "because">;
export type KeptPolicy = NamedWafPolicy;

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

/** The floor that holds in a cluster; gateways may have one of their own scope. */
export function floorOf(resources: readonly Resource[], cluster: string): NamedWafFloor | undefined {
  for (const { scope, name, spec } of floorsInOrder(resources, { cluster })) {
    const parsed = WafFloor.safeParse(spec);
    if (parsed.success) return { scope, name, spec: parsed.data };
  }
  return undefined;
}

type Selects = "yes" | "no" | "maybe";

function selects({ scope, spec: { target } }: KeptPolicy, asked: AskedWorkload): Selects {
  const isOfGateway = scope.startsWith(`node/${asked.cluster}/`);
  if (scope !== "global" && scope !== `cluster/${asked.cluster}` && !isOfGateway) return "no";
  if (target.namespace !== "" && target.namespace !== asked.namespace) return "no";
  if (target.workload !== "" && target.workload !== asked.workload) return "no";
  const [service = "", port = ""] = target.service.split(":");
  if (service !== "" && service !== asked.service && asked.service !== "") return "no";
  const isCertain = target.selector === "" && (service === "" || asked.service !== "") && port === "" && !isOfGateway;
  return isCertain ? "yes" : "maybe";
}

/** Whether a policy is for this workload alone: changing it changes nothing else. */
function isOwn({ spec: { target } }: KeptPolicy, asked: AskedWorkload): boolean {
  return target.namespace === asked.namespace && target.workload === asked.workload && asked.workload !== "";
}

interface Found {
  readonly policy: KeptPolicy;
  readonly selects: Selects;
  readonly rank: readonly number[];
}

function ranked(policies: readonly KeptPolicy[], asked: AskedWorkload): readonly Found[] {
  return policies
    .flatMap((policy): readonly Found[] => {
      const target = targetOf(policy.spec, () => undefined);
      const how = selects(policy, asked);
      return target === undefined || how === "no"
        ? []
        : [{ policy, selects: how, rank: rankOf(policy.scope, target, undefined) }];
    })
    .toSorted((one, other) => compareRanks(one.rank, other.rank) || (one.policy.name < other.policy.name ? -1 : 1));
}

/** Those that select a workload, or may, most specific first. */
export function policiesFor(policies: readonly KeptPolicy[], asked: AskedWorkload): readonly KeptPolicy[] {
  return ranked(policies, asked).map(({ policy }) => policy);
}

/** The first of `policies` is the one that decides where no route is named. */
export function modeOf(
  { policies, floor }: { readonly policies: readonly KeptPolicy[]; readonly floor: NamedWafFloor | undefined },
  asked: AskedWorkload,
): ModeSaid {
  if (asked.workload === "") return { mode: "unknown", policies: [], because: "the workload is not known" };
  const found = ranked(policies, asked);
  const at = found.findIndex(({ policy, selects: how }) => how === "yes" && policy.spec.target.routes.length === 0);
  const before = at < 0 ? found : found.slice(0, at);
  const decides = found[at]?.policy;
  const refs = [...(decides === undefined ? [] : [decides]), ...before.map(({ policy }) => policy)].map((policy) => ({
    scope: policy.scope,
    name: policy.name,
    isOwn: isOwn(policy, asked),
  }));
  const doubtful = before.filter(({ selects: how }) => how === "maybe").map(({ policy }) => policy.name);
  if (doubtful.length > 0)
    return {
      mode: "unknown",
      policies: refs,
      because: `${doubtful.join(", ")} may select it: by labels, port or gateway`,
    };
  if (before.length > 0) return { mode: "mixed", policies: refs, because: "" };
  if (decides === undefined) return unselected(floor);
  const { mode } = raise(decides.spec, floor?.spec, () => undefined);
  const because =
    mode === decides.spec.mode ? "" : `floor ${floor?.name ?? ""} holds it; the policy says ${decides.spec.mode}`;
  return { mode, policies: refs, because };
}

function unselected(floor: NamedWafFloor | undefined): ModeSaid {
  if (floor === undefined || floor.spec.unselected === "off")
    return { mode: "off", policies: [], because: "no policy selects it" };
  return {
    mode: floor.spec.unselected,
    policies: [],
    because: `no policy selects it: floor ${floor.name} says ${floor.spec.unselected}`,
  };
}

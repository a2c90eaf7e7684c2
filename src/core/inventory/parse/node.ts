// Node objects: where they are reached, whether they are ready, what they run.
import type { ClusterNode } from "../../../model/inventory.ts";
import { parseAddress } from "../../../base/ip.ts";
import { inventoryLimits } from "../limits.ts";
import { conditionsOf } from "./conditions.ts";
import { isWhole } from "./namespace.ts";
import { wholeQuantity } from "./quantity.ts";
import { commonOf, list, type ParseContext, type Raw, record } from "./raw.ts";

export function parseNode(context: ParseContext, raw: Raw): ClusterNode | string {
  const { because, ...common } = commonOf(context, record(raw["metadata"]));
  if (!isWhole(common)) return because;
  const [spec, status] = [record(raw["spec"]), record(raw["status"])];
  const [info, allocatable] = [record(status["nodeInfo"]), record(status["capacity"])];
  const conditions = conditionsOf(context, status["conditions"]);
  const text = (value: unknown) => context.text(value);
  return {
    kind: "Node",
    ...common,
    addresses: nodeAddresses(context, status["addresses"]),
    ready: conditions.find(({ type }) => type === "Ready")?.status ?? "Unknown",
    unschedulable: spec["unschedulable"] === true,
    conditions,
    kubeletVersion: text(info["kubeletVersion"]),
    osImage: text(info["osImage"]),
    operatingSystem: text(info["operatingSystem"]),
    architecture: text(info["architecture"]),
    kernelVersion: text(info["kernelVersion"]),
    containerRuntime: text(info["containerRuntimeVersion"]),
    cpuMillis: wholeQuantity(allocatable["cpu"], 1000),
    memoryBytes: wholeQuantity(allocatable["memory"]),
    podsMax: wholeQuantity(allocatable["pods"]),
    zone: common.labels["topology.kubernetes.io/zone"] ?? common.labels["failure-domain.beta.kubernetes.io/zone"] ?? "",
    podCidrs: podCidrs(context, spec),
  };
}

/** Addresses of every type but names. */
function nodeAddresses(context: ParseContext, value: unknown): string[] {
  const addresses = list(value, inventoryLimits.addressesMax).map((item) => record(item)["address"]);
  return addressesOf(context, addresses);
}

/** Those of `values` that are addresses, each once, as they are written. */
export function addressesOf(context: ParseContext, values: readonly unknown[]): string[] {
  const addresses = new Set<string>();
  for (const value of values) {
    if (typeof value === "string" && value.length <= 64 && parseAddress(value) !== undefined)
      addresses.add(context.text(value));
  }
  return [...addresses];
}

function podCidrs(context: ParseContext, spec: Raw): string[] {
  const several = list(spec["podCIDRs"], 8).map((cidr) => context.text(cidr));
  const all = several.length > 0 ? several : [context.text(spec["podCIDR"])];
  return all.filter((cidr) => cidr !== "");
}

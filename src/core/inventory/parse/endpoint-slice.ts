// Who stands behind a service: EndpointSlice (v1, and v1beta1 of old clusters), or the older Endpoints, read into the same noun.
import type { EndpointSlice } from "../../../model/inventory.ts";
import { inventoryLimits } from "../limits.ts";
import { portNumber } from "./container.ts";
import { isWhole } from "./namespace.ts";
import { addressesOf } from "./node.ts";
import { commonOf, list, type ParseContext, type Raw, record } from "./raw.ts";

type Endpoint = EndpointSlice["endpoints"][number];

export function parseEndpointSlice(context: ParseContext, raw: Raw): EndpointSlice | string {
  const { because, ...common } = commonOf(context, record(raw["metadata"]));
  if (!isWhole(common)) return because;
  const cut = (count: number) => context.cut("endpoints", count);
  const isOfEndpoints = Array.isArray(raw["subsets"]) || raw["kind"] === "Endpoints";
  const subsets = list(raw["subsets"], inventoryLimits.portsMax, cut).map(record);
  const endpoints = isOfEndpoints
    ? subsets.flatMap((subset) => endpointsOf(context, subset)).slice(0, inventoryLimits.endpointsMax)
    : list(raw["endpoints"], inventoryLimits.endpointsMax, cut).map((item) => sliceEndpoint(context, record(item)));
  const ports = isOfEndpoints
    ? subsets.flatMap(({ ports: some }) => portsOf(context, some))
    : portsOf(context, raw["ports"]);
  return {
    kind: "EndpointSlice",
    ...common,
    service: isOfEndpoints ? common.name : (common.labels["kubernetes.io/service-name"] ?? ""),
    ports: context.share(ports.slice(0, inventoryLimits.portsMax)),
    endpoints,
  };
}

function portsOf(context: ParseContext, value: unknown): EndpointSlice["ports"] {
  return list(value, inventoryLimits.portsMax).flatMap((item) => {
    const { name, protocol, port } = record(item);
    const number = portNumber(port);
    return number === 0 ? [] : [{ name: context.text(name), protocol: context.text(protocol) || "TCP", port: number }];
  });
}

function sliceEndpoint(context: ParseContext, endpoint: Raw): Endpoint {
  // An unknown readiness counts as ready, as the API says.
  const ready = record(endpoint["conditions"])["ready"] !== false;
  const topology = record(endpoint["topology"]);
  return {
    addresses: addressesOf(context, list(endpoint["addresses"], inventoryLimits.addressesMax)),
    ready,
    ...podOf(context, record(endpoint["targetRef"])),
    node: context.text(endpoint["nodeName"] ?? topology["kubernetes.io/hostname"]),
  };
}

function podOf(context: ParseContext, target: Raw): Pick<Endpoint, "podUid" | "podName"> {
  if (target["kind"] !== "Pod") return { podUid: "", podName: "" };
  return { podUid: context.text(target["uid"]), podName: context.text(target["name"]) };
}

function endpointsOf(context: ParseContext, subset: Raw): Endpoint[] {
  const of = (key: string, ready: boolean) =>
    list(subset[key], inventoryLimits.endpointsMax).map((item): Endpoint => {
      const { ip, nodeName, targetRef } = record(item);
      const addresses = addressesOf(context, [ip]);
      return { addresses, ready, ...podOf(context, record(targetRef)), node: context.text(nodeName) };
    });
  return [...of("addresses", true), ...of("notReadyAddresses", false)];
}

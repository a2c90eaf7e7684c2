// Service objects: addresses, ports and whom they select.
import type { Service } from "../../../model/inventory.ts";
import { inventoryLimits } from "../limits.ts";
import { portNumber } from "./container.ts";
import { isWhole } from "./namespace.ts";
import { addressesOf } from "./node.ts";
import { commonOf, labelsOf, list, type ParseContext, type Raw, record } from "./raw.ts";

export function parseService(context: ParseContext, raw: Raw): Service | string {
  const { because, ...common } = commonOf(context, record(raw["metadata"]));
  if (!isWhole(common)) return because;
  const [spec, status] = [record(raw["spec"]), record(raw["status"])];
  const ingress = list(record(status["loadBalancer"])["ingress"], inventoryLimits.addressesMax);
  const outside = [
    ...list(spec["externalIPs"], inventoryLimits.addressesMax),
    ...ingress.map((item) => record(item)["ip"]),
  ];
  return {
    kind: "Service",
    ...common,
    type: context.text(spec["type"]) || "ClusterIP",
    // "None" of a headless service is no address.
    addresses: addressesOf(context, [spec["clusterIP"], ...list(spec["clusterIPs"], inventoryLimits.addressesMax)]),
    externalAddresses: addressesOf(context, outside),
    externalName: context.text(spec["externalName"]),
    ports: portsOf(context, spec["ports"]),
    selector: labelsOf(context, spec["selector"]),
  };
}

function portsOf(context: ParseContext, value: unknown): Service["ports"] {
  const cut = (count: number) => context.cut("ports", count);
  return list(value, inventoryLimits.portsMax, cut).flatMap((item) => {
    const { name, protocol, port, targetPort, nodePort } = record(item);
    const number = portNumber(port);
    if (number === 0) return [];
    const target = typeof targetPort === "number" ? String(portNumber(targetPort)) : context.text(targetPort);
    return [
      {
        name: context.text(name),
        protocol: context.text(protocol) || "TCP",
        port: number,
        targetPort: target === "0" ? "" : target,
        nodePort: portNumber(nodePort),
      },
    ];
  });
}

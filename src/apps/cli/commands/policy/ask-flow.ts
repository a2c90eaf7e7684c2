// --from, --to and --port as a flow: names are looked up in the world, so that a typing error is an error and not an answer.
import { protocolNumbers } from "../../../../core/policy/protocols.ts";
import { Fault } from "../../../../base/fault.ts";
import { parseAddress } from "../../../../base/ip.ts";
import { nearest } from "../../../../base/nearest.ts";
import type { PolicySet } from "../../../../core/policy/model.ts";
import type { FlowEnd, PolicyFlow, World, WorldEndpoint } from "../../../../core/policy/world.ts";
import type { Context } from "../../context.ts";
import type { FlowFlags } from "./flags.ts";

const portDefault = "80/tcp";

/** As flowOf; a port that nobody gave is said on standard error, since the answer hangs on it. */
export function askedFlow(
  { say }: Pick<Context, "say">,
  flags: FlowFlags,
  { world, set }: { readonly world: World; readonly set: PolicySet },
): PolicyFlow {
  const flow = flowOf(flags, world, set);
  if (flags.port === undefined) say(`port ${portDefault} assumed (--port)`);
  return flow;
}

/** Throws a Fault that names what is missing or not there, with the nearest name. */
export function flowOf(flags: FlowFlags, world: World, set: PolicySet): PolicyFlow {
  const { from, to } = flags;
  if (from === undefined || to === undefined)
    throw usage("--from and --to are needed", "for example --from shop/web --to shop/db");
  const { protocol, port, icmp } = portOf(flags.port ?? portDefault);
  const flow: PolicyFlow = {
    source: endOf(from, world, set),
    destination: endOf(to, world, set),
    protocol,
    sourcePort: numberIn(flags.sourcePort ?? "0", 65_535, "--source-port"),
    destinationPort: port,
  };
  const names = flags.name === undefined ? flow : { ...flow, domains: flags.name };
  return icmp === undefined ? names : { ...names, icmp };
}

export function endOf(text: string, world: World, set: PolicySet): FlowEnd {
  if (parseAddress(text) !== undefined) return { endpoint: "", address: text };
  const endpoint = endpointOf(text, world);
  if (endpoint !== undefined) return { endpoint: endpoint.id, address: "" };
  const host = set.hostEndpoints.find(({ name }) => text === name || text === `hostEndpoint/${name}`);
  if (host !== undefined) return { endpoint: `hostEndpoint/${host.name}`, address: "" };
  throw notThere(text, world);
}

/** An exact name wins over a workload, whose first pod by name stands for all. */
function endpointOf(text: string, { endpoints }: World): WorldEndpoint | undefined {
  const exact = endpoints.find(({ id }) => id === text || id === `pod/${text}`);
  if (exact !== undefined) return exact;
  const [namespace = "", ...rest] = text.split("/");
  const workload = rest.join("/");
  return endpoints
    .filter(
      (one) => one.namespace === namespace && (one.workload === workload || one.workload.endsWith(`/${workload}`)),
    )
    .sort((one, other) => (one.id < other.id ? -1 : 1))[0];
}

function notThere(text: string, { endpoints }: World): Fault {
  if (endpoints.length === 0) {
    return usage(
      `"${text}": no pods were given`,
      "give the world: --world FILE, from kubectl get pods,namespaces,services -A -o yaml",
    );
  }
  const names = endpoints.flatMap(({ namespace, name, workload }) => [
    `${namespace}/${name}`,
    `${namespace}/${workload.slice(workload.indexOf("/") + 1)}`,
  ]);
  const meant = nearest(text.slice(0, 128), [...new Set(names)]);
  return new Fault(`there is no "${text}" in the world`, {
    code: "policy/no-such-end",
    kind: "not-found",
    hint:
      meant === undefined
        ? "use namespace/pod, namespace/workload, node/NAME or an address"
        : `did you mean "${meant}"?`,
  });
}

/** "5432" is TCP; "icmp/8" a type; "47" after no slash would be a port, so protocols by number are "proto/47". */
export function portOf(text: string): {
  readonly protocol: number;
  readonly port: number;
  readonly icmp?: { readonly type: number; readonly code: number };
} {
  const [first = "", second] = text.toLowerCase().split("/");
  if (first === "icmp" || first === "icmpv6") {
    const protocol = protocolNumbers[first] ?? 1;
    const type = second === undefined ? (first === "icmp" ? 8 : 128) : numberIn(second, 255, "--port");
    return { protocol, port: 0, icmp: { type, code: 0 } };
  }
  if (first === "proto") return { protocol: numberIn(second ?? "", 255, "--port"), port: 0 };
  const protocol = protocolNumbers[second ?? "tcp"];
  if (protocol === undefined)
    throw usage(`--port ${text}: no protocol "${second ?? ""}"`, "5432/tcp, 53/udp, 9/sctp, icmp, proto/47");
  return { protocol, port: numberIn(first, 65_535, "--port") };
}

function numberIn(text: string, max: number, flag: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= max) return Number(text);
  throw usage(`${flag} ${text}: expected a number up to ${max}`, "5432/tcp, 53/udp, icmp, proto/47");
}

export function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

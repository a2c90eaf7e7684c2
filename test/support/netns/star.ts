// A star of network namespaces: a router in the middle, one namespace per pod on a routed point-to-point link of its own, as a node and its pods.
import { writeFileSync } from "node:fs";
import { addAddress, addRoute, addVeth, setUp } from "./links.ts";
import { createNamespace, type NetworkNamespace } from "./namespace.ts";

export interface StarPod {
  readonly name: string;
  /** IPv4 and IPv6 addresses, at most a few of each. */
  readonly addresses: readonly string[];
}

export interface StarOptions {
  readonly pods: readonly StarPod[];
  /** Addresses of the router ("node") itself, on its loopback; it speaks to pods from these. */
  readonly routerAddresses?: readonly string[];
  /** First letters of the router's links to pods; their names go on with the pod's number. */
  readonly linkPrefix?: string;
}

export interface Star {
  readonly router: NetworkNamespace;
  readonly pods: ReadonlyMap<string, NetworkNamespace>;
  /** The router's link to a pod. */
  linkOf(pod: string): string;
  pod(name: string): NetworkNamespace;
  /** Adds a pod to the running star. */
  addPod(pod: StarPod): NetworkNamespace;
  removePod(name: string): void;
  close(): void;
}

const gateway4 = "169.254.1.1";
const gateway6 = "fe80::1";
const routerSysctls: readonly (readonly [string, string])[] = [
  ["ipv4/ip_forward", "1"],
  ["ipv6/conf/all/forwarding", "1"],
  ["ipv4/conf/all/rp_filter", "0"],
  ["ipv4/conf/default/rp_filter", "0"],
  ["ipv6/conf/default/accept_dad", "0"],
  ["ipv4/icmp_ratelimit", "0"],
  ["ipv6/icmp/ratelimit", "0"],
];

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);

/** Builds the star; needs root (see mayMakeNamespaces). Everything is gone after close(). */
export function openStar(options: StarOptions): Star {
  const router = createNamespace("router");
  const pods = new Map<string, NetworkNamespace>();
  const links = new Map<string, string>();
  const prefix = options.linkPrefix ?? "gp";
  const routerAddresses = options.routerAddresses ?? ["10.255.255.254", "fd00:ffff::1"];
  let number = 0;
  for (const [key, value] of routerSysctls) router.sysctl(key, value);
  router.inside(() => {
    for (const address of routerAddresses) addAddress(1, address, familyOf(address) === 4 ? 32 : 128);
  });

  function addPod(pod: StarPod): NetworkNamespace {
    const namespace = createNamespace(pod.name);
    const link = `${prefix}${number}`;
    number += 1;
    pods.set(pod.name, namespace);
    links.set(pod.name, link);
    namespace.inside(() => writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0"));
    router.inside(() => addVeth(link, { name: "eth0", netnsDescriptor: namespace.descriptor }));
    const routerSide = router.linkIndex(link);
    const podSide = namespace.linkIndex("eth0");
    namespace.inside(() => {
      for (const address of pod.addresses) addAddress(podSide, address, familyOf(address) === 4 ? 32 : 128);
      setUp(podSide);
    });
    router.inside(() => {
      setUp(routerSide);
      addAddress(routerSide, gateway4, 32);
      addAddress(routerSide, gateway6, 64);
      for (const to of pod.addresses) {
        const family = familyOf(to);
        const source = routerAddresses.find((address) => familyOf(address) === family);
        addRoute({ to, family, index: routerSide, ...(source === undefined ? {} : { source }) });
      }
    });
    namespace.inside(() => {
      addRoute({ to: "default", family: 4, index: podSide, gateway: gateway4 });
      addRoute({ to: "default", family: 6, index: podSide, gateway: gateway6 });
    });
    return namespace;
  }

  const star: Star = {
    router,
    pods,
    linkOf: (pod) => links.get(pod) ?? missing(pod),
    pod: (name) => pods.get(name) ?? missing(name),
    addPod,
    removePod: (name) => {
      star.pod(name).close();
      pods.delete(name);
      links.delete(name);
    },
    close: () => {
      for (const pod of pods.values()) pod.close();
      router.close();
    },
  };
  try {
    for (const pod of options.pods) addPod(pod);
  } catch (error) {
    star.close();
    throw error;
  }
  return star;
}

function missing(pod: string): never {
  throw new Error(`no pod ${pod} in this star`);
}

// Parents, destinations, listening ports and DNS names as items of a baseline. Undefined: nothing can be said of it, which is no drift.

/** Also understood by RE2: the store leaves the same ones out. */
export const runtimeNamePattern =
  "^(runc(:.*)?|crun|conmon|conmonrs|youki|kata-.*|containerd-shim.*|dockerd|docker-init)$";
const runtimeNames = new RegExp(runtimeNamePattern);

/** What a container's runtime does of itself while it makes the container; it is not the workload's doing. */
export function isRuntimeName(name: string): boolean {
  return runtimeNames.test(name);
}

/** "nginx -> /bin/sh". `parent` is a short name; numbers of workers fold, runtimes are one. "?" for a parent that nobody knows. */
export function parentItem(parent: string, executable: string): string {
  return `${parentName(parent)} -> ${executable}`;
}

export function parentName(name: string): string {
  if (name === "") return "?";
  if (isRuntimeName(name)) return "runtime";
  return name.replaceAll(" -> ", " ").replaceAll(/([:/#[-])\d+/g, "$1*");
}

/** The columns of a flow row that say where it went. */
export interface DestinationColumns {
  readonly destinationKind: string;
  readonly destinationNamespace: string;
  readonly destinationWorkload: string;
  readonly destinationDomain: string;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  readonly destinationReason: string;
  readonly protocol: string;
}

/**
 * "workload shop/db 5432/tcp", "domain example.com 443/tcp", "network 203.0.113.0/24 443/tcp". Undefined for this machine's loopback, and for an address
 * inside the cluster whose owner is not known.
 */
export function destinationItem(flow: DestinationColumns): string | undefined {
  const port = `${flow.destinationPort === 0 ? "*" : flow.destinationPort}/${flow.protocol}`;
  if (flow.destinationWorkload !== "" && flow.destinationKind !== "External" && flow.destinationKind !== "Unknown")
    return `workload ${flow.destinationNamespace}/${flow.destinationWorkload} ${port}`;
  if (flow.destinationDomain !== "") return `domain ${domainItem(flow.destinationDomain)} ${port}`;
  const network = networkOf(flow.destinationAddress);
  if (network === undefined || (flow.destinationReason !== "" && flow.destinationKind !== "External")) return undefined;
  return `network ${network} ${port}`;
}

/** IPv4 by /24, IPv6 by /64. Undefined for loopback, unspecified and what is no address. */
export function networkOf(address: string): string | undefined {
  const bare = address.startsWith("::ffff:") ? address.slice(7) : address;
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/.exec(bare);
  if (four !== null) {
    if (four[1] === "127" || bare === "0.0.0.0") return undefined;
    return `${four[1]}.${four[2]}.${four[3]}.0/24`;
  }
  if (!bare.includes(":") || bare === "::" || bare === "::1") return undefined;
  const [head = "", tail] = bare.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = (tail === undefined ? left : [...left, ...zeros, ...right]).slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}

/** Ports from here on are given out by the kernel for answers; as UDP servers they say nothing. */
const ephemeralPort = 32_768;

/** "8080/tcp". */
export function listenItem(port: number, protocol: string): string | undefined {
  if (port === 0 || (protocol !== "tcp" && protocol !== "udp")) return undefined;
  if (protocol === "udp" && port >= ephemeralPort) return undefined;
  return `${port}/${protocol}`;
}

/** Below these, names belong to different people: one label more is kept. Not the whole list of public suffixes; what is missing is kept coarser. */
const sharedSuffixes: ReadonlySet<string> = new Set(
  `co.uk org.uk ac.uk gov.uk com.au net.au co.jp ne.jp com.br co.in co.za com.cn com.tr co.kr co.nz
amazonaws.com cloudfront.net azurewebsites.net windows.net azureedge.net cloudapp.net googleapis.com appspot.com run.app web.app github.io
githubusercontent.com gitlab.io netlify.app vercel.app pages.dev workers.dev herokuapp.com fastly.net akamaized.net duckdns.org no-ip.org ngrok.io ngrok-free.app trycloudflare.com fly.dev onrender.com`.split(
    /\s+/,
  ),
);

/**
 * A DNS question as the suffix that stands for it: "img3.cdn.example.com" -> "example.com". Names of the cluster are kept whole, what the resolver's search list
 * makes of other names is folded to "*.ns.svc.cluster.local", reverse look-ups to their zone.
 */
export function domainItem(question: string): string {
  const name = question.toLowerCase().replace(/\.$/, "");
  const labels = name.split(".");
  for (const zone of ["in-addr.arpa", "ip6.arpa"]) if (name.endsWith(zone)) return zone;
  const service = labels.lastIndexOf("svc");
  if (service >= 0 && labels.length > service + 1 && name.endsWith(".local"))
    return service <= 2 ? name : `*.${labels.slice(service - 1).join(".")}`;
  if (name.endsWith(".cluster.local")) return "*.cluster.local";
  if (labels.length <= 2) return name;
  const two = labels.slice(-2).join(".");
  return sharedSuffixes.has(two) ? labels.slice(-3).join(".") : two;
}

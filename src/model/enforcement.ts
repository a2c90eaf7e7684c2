// A resource kind: whether and how nodes enforce network policies. The narrowest scope that has one decides: node, then cluster, then global.
// Without one nothing is enforced.
import { z } from "zod";

const port = z.int().min(1).max(65_535);

export const Failsafe = z.strictObject({
  protocol: z.enum(["tcp", "udp"]),
  port,
  /** Only to or from this prefix; empty: any. */
  net: z.string().default(""),
});

/** What cards, tunnels and bridges of nodes are called; a pattern that one of them begins with, or that begins so, would cut the node off. */
const ownNames = [
  "lo",
  "eth",
  "en",
  "wl",
  "ww",
  "ib",
  "bond",
  "team",
  "br",
  "wg",
  "tun",
  "tap",
  "vxlan",
  "flannel",
  "cni",
  "docker",
  "virbr",
  "ppp",
];

const WorkloadInterfaces = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{2,14}\*$/, 'the beginning of names and a star: "cali*"')
  .refine((pattern) => {
    const beginning = pattern.slice(0, -1);
    return !ownNames.some((name) => name.startsWith(beginning) || beginning.startsWith(name));
  }, "a node's own interfaces may be called so: it would be cut off");

export const Enforcement = z.strictObject({
  /** off: our table is removed. preview: compiled, checked and reported, no packet is touched. enforce: in the kernel. */
  mode: z.enum(["off", "preview", "enforce"]).default("off"),
  /** What becomes of connections that a changed policy denies. */
  onPolicyChange: z.enum(["keep", "reevaluate"]).default("keep"),
  /** A workload's packets to its own node, after its egress policy passed them. */
  workloadToHost: z.enum(["accept", "drop"]).default("accept"),
  /**
   * Interfaces of this node that lead to workloads, by how they begin: "cali*", "veth*". Packets of one that leads to no endpoint we know are dropped in
   * both directions until it is told of. Empty: whoever nobody told of is open. Names that a node's own way out may have are refused.
   */
  workloadInterfaces: z.array(WorkloadInterfaces).max(16).default([]),
  /** Always allowed on this node's own interfaces, before any policy. Defaults are those of the field: SSH, DHCP, etcd, BGP, Kubernetes API. */
  failsafe: z
    .strictObject({
      inbound: z
        .array(Failsafe)
        .max(64)
        .default([
          { protocol: "tcp", port: 22, net: "" },
          { protocol: "udp", port: 68, net: "" },
          { protocol: "tcp", port: 179, net: "" },
          { protocol: "tcp", port: 2379, net: "" },
          { protocol: "tcp", port: 2380, net: "" },
          { protocol: "tcp", port: 6443, net: "" },
          { protocol: "tcp", port: 10_250, net: "" },
        ]),
      outbound: z
        .array(Failsafe)
        .max(64)
        .default([
          { protocol: "udp", port: 53, net: "" },
          { protocol: "udp", port: 67, net: "" },
          { protocol: "tcp", port: 179, net: "" },
          { protocol: "tcp", port: 2379, net: "" },
          { protocol: "tcp", port: 2380, net: "" },
          { protocol: "tcp", port: 6443, net: "" },
        ]),
    })
    .prefault({}),
  /** A change that would deny more than this share of the flows that are live now needs a confirmation. */
  cutShareMax: z.number().min(0).max(1).default(0.05),
  /** The digest that the refusal of a change named: that change, and only that, may go on. */
  confirm: z.string().max(64).default(""),
  /** The digest of a change that shall be taken back and not be applied: the set before it stays. */
  takeBack: z.string().max(64).default(""),
  /** A change is taken back after so long unless it was confirmed; 0: it stays. */
  rollbackAfterSeconds: z.int().min(0).max(86_400).default(0),
  /**
   * Any name of a change that is on its way in pieces: nodes go on with what they have until this is "" again, or nothing more came of it for half a
   * minute. `garrison policy apply` sets and clears it. Counts in mode enforce only.
   */
  hold: z.string().max(64).default(""),
  dns: z
    .strictObject({
      /** closed: without our proxy no client of DNS rules gets answers. open: their questions go straight to the server, sets are filled no more. */
      failMode: z.enum(["closed", "open"]).default("closed"),
      /** Servers whose answers may fill sets, as address or address:port; empty: those of the node's resolv.conf and the cluster's DNS service. */
      upstreams: z.array(z.string().max(64)).max(16).default([]),
      ttlSecondsMin: z.int().min(1).max(86_400).default(60),
      addressesPerNameMax: z.int().min(1).max(1000).default(50),
      namesPerClientMax: z.int().min(1).max(10_000).default(500),
      /** Answers in the cluster's own, private, loopback or link-local ranges are refused, but for these prefixes. */
      privateAllowed: z.array(z.string().max(64)).max(64).default([]),
    })
    .prefault({}),
});
export type Enforcement = z.infer<typeof Enforcement>;

// A resource kind: what the processes of chosen workloads may run, open, talk to and call. In our own form, or a KubeArmorPolicy or TracingPolicy as it was
// written (`manifest`). Dry run is the default: the kernel says what it would have done, and does nothing.
import { z } from "zod";

export const runtimeActions = ["Allow", "Audit", "Block"] as const;
export const runtimeModes = ["off", "dry-run", "enforce"] as const;

/** System calls and ways of execution that a rule may name. */
export const guardedCalls = [
  "mount",
  "ptrace",
  "module",
  "bpf",
  "setns",
  "unshare",
  /** The program's file has no name: memfd, or deleted before it ran. */
  "fileless-exec",
  /** The program is from the container's writable layer: it is not of the image. */
  "drift-exec",
] as const;
export type GuardedCall = (typeof guardedCalls)[number];

export const socketKinds = ["tcp", "udp", "icmp", "raw", "packet", "netlink", "unix", "other"] as const;
export type SocketKind = (typeof socketKinds)[number];

/** All that the kernel's key holds of a path; longer rules are refused. */
export const runtimePathBytesMax = 240;

const absolutePath = z
  .string()
  .min(1)
  .max(runtimePathBytesMax)
  .regex(/^\/[^\0]*$/, "an absolute path, as processes of the workload see it");

/** Exactly one of path, directory and pattern; which files or programs are meant. */
const pathSubject = {
  path: absolutePath.optional().describe("One file, by its resolved path: symbolic links do not hide it"),
  directory: absolutePath.optional().describe("Everything below it"),
  recursive: z.boolean().default(true).describe("Of directories: false means direct children only"),
  pattern: z.string().min(1).max(runtimePathBytesMax).optional().describe("A glob: '/usr/bin/nc*', '/tmp/**', '*/sh'"),
};

const fromSource = z
  .array(absolutePath)
  .max(16)
  .default([])
  .describe("Only when done by one of these programs (of an exec: by their child); none: whoever does it");

const action = z.enum(runtimeActions).default("Block");
const isOneSubject = (rule: { path?: unknown; directory?: unknown; pattern?: unknown }): boolean =>
  [rule.path, rule.directory, rule.pattern].filter((subject) => subject !== undefined).length === 1;
const oneSubject = { message: "give one of path, directory and pattern" };

export const ExecRule = z
  .strictObject({ ...pathSubject, fromSource, ownerOnly: z.boolean().default(false), action })
  .refine(isOneSubject, oneSubject);

export const FileRule = z
  .strictObject({
    ...pathSubject,
    fromSource,
    readOnly: z.boolean().default(false).describe("Only writing is meant: reading stays free"),
    ownerOnly: z.boolean().default(false).describe("The owner of the file is left alone"),
    action,
  })
  .refine(isOneSubject, oneSubject);

export const NetworkRule = z.strictObject({
  operation: z.enum(["connect", "bind", "send", "socket"]).default("connect"),
  protocol: z.enum(["any", ...socketKinds]).default("any"),
  /** "10.0.0.0/8", "2001:db8::/32"; empty: every address. */
  address: z.string().max(64).default(""),
  /** 0: every port. */
  port: z.int().min(0).max(65_535).default(0),
  fromSource,
  action,
});

export const CapabilityRule = z.strictObject({
  /** "NET_RAW" or "CAP_NET_RAW". */
  capability: z
    .string()
    .max(40)
    .regex(/^(CAP_|cap_)?[A-Za-z_]+$/),
  fromSource,
  action,
});

export const CallRule = z.strictObject({ call: z.enum(guardedCalls), fromSource, action });

const rulesMax = 512;

export const RuntimePolicy = z.strictObject({
  target: z
    .strictObject({
      /** A selector over labels, as in network policies; empty: all. */
      selector: z.string().max(1024).default(""),
      namespace: z.string().max(63).default(""),
      /** The owner of the pods: "checkout"; empty: all. */
      workload: z.string().max(253).default(""),
      container: z.string().max(253).default(""),
      /** A glob over the image's name: "docker.io/library/nginx:*". */
      image: z.string().max(512).default(""),
      /** Outside Kubernetes: the v2 cgroup by its path below the hierarchy's root, "/system.slice/shop.service". */
      cgroup: z.string().max(1024).default(""),
    })
    .prefault({}),
  mode: z.enum(runtimeModes).default("dry-run"),
  /** Of the policy's own form. */
  exec: z.array(ExecRule).max(rulesMax).default([]),
  files: z.array(FileRule).max(rulesMax).default([]),
  network: z.array(NetworkRule).max(rulesMax).default([]),
  capabilities: z.array(CapabilityRule).max(64).default([]),
  calls: z.array(CallRule).max(32).default([]),
  /** What no rule of that class allows is blocked: "only these programs". */
  only: z
    .strictObject({
      exec: z.boolean().default(false),
      files: z.boolean().default(false),
      network: z.boolean().default(false),
    })
    .prefault({}),
  /** Left out: a stop, or what would have been one, is high, anything else medium. */
  severity: z.int().min(1).max(10).optional(),
  tags: z.array(z.string().max(128)).max(32).default([]),
  message: z.string().max(500).default(""),
  /** Enforced also when the agent is dead or stopped (needs a bpffs on the node). Without it a dead agent blocks nothing. */
  pin: z.boolean().default(false),
  /** A running workload is stopped where it stands, or cut off from the network, until a time; undone then, or when this is deleted. */
  hold: z
    .strictObject({
      action: z.enum(["freeze", "isolate"]),
      until: z.iso.datetime(),
      reason: z.string().min(3).max(500),
    })
    .optional(),
  /** Somebody else's form instead of ours: KubeArmorPolicy, TracingPolicy or TracingPolicyNamespaced. Target and rules come from it; mode is ours. */
  manifest: z
    .looseObject({ apiVersion: z.string().min(1).max(253), kind: z.string().min(1).max(63) })
    .optional()
    .describe("The object as in the cluster: apiVersion, kind, metadata, spec"),
});
export type RuntimePolicy = z.infer<typeof RuntimePolicy>;

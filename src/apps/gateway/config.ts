// What the gateway can be told. Without a server it stands by itself before one application; with one it is a node like an agent.
import { availableParallelism } from "node:os";
import { z } from "zod";
import { parsePrefix } from "../../base/ip.ts";

const address = z.string().max(256).default("");

export const GatewayConfig = z.strictObject({
  /** Folders and files of rules, in order. */
  rules: z.array(z.string().min(1)).min(1).max(64),
  /** host:port, or unix:PATH; empty: no such door. */
  listen: address,
  /** "http://host:port", "h2c://host:port", "https://host:port". */
  upstream: address,
  extProc: address,
  extAuthz: address,
  authRequest: address,
  status: address,
  mode: z.enum(["off", "detect", "block"]).default("detect"),
  paranoia: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).default(1),
  thresholds: z
    .strictObject({
      inbound: z.int().min(1).max(10_000).default(5),
      outbound: z.int().min(1).max(10_000).default(4),
    })
    .prefault({}),
  responseBodies: z.boolean().default(false),
  /** `^` and `$` of rules match at line ends too, as in libmodsecurity 3; the Core Rule Set expects that they do not. */
  isMultiline: z.boolean().default(false),
  settings: z.record(z.string(), z.string()).default({}),
  /** What stands behind the doors, for policies' targets: "namespace/workload". */
  workload: z.string().max(507).default(""),
  /** Services that lead to it. */
  services: z.array(z.string().max(253)).max(16).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  /** Manifests of WafPolicy and WafFloor. */
  policies: z.array(z.string().min(1)).max(64).default([]),
  /** Threads that serve; 0: the main one does. */
  workers: z.int().min(0).max(64).default(Math.min(16, availableParallelism())),
  trustedProxies: z
    .array(z.string().refine((text) => parsePrefix(text) !== undefined, "must be an address or a prefix: 10.0.0.0/8"))
    .max(256)
    .default([]),
  onBodyTooLarge: z.enum(["block", "pass"]).default("block"),
  heldBytesMax: z
    .int()
    .min(1024)
    .max(1 << 30)
    .default(16 * 1024 * 1024),
  /** How often files are looked at for changes; 0: on SIGHUP only. */
  watchSeconds: z.number().min(0).max(3600).default(2),
  drainSeconds: z.number().min(0).max(600).default(10),
  /** NDJSON of events: a file, "-" for standard output; empty: none. */
  events: z.string().max(4096).default(""),
  /** A file with one line per matched rule in ModSecurity's format; empty: none. */
  log: z.string().max(4096).default(""),
  /** Empty: no server. */
  server: z.strictObject({ address: z.string().max(256).default("") }).prefault({}),
  /** Of this node; empty: "<host name>-waf". */
  node: z.string().max(253).default(""),
  cluster: z.string().max(253).default(""),
  join: z.strictObject({ token: z.string().default(""), tokenFile: z.string().default("") }).prefault({}),
  /** Absolute; needed with a server. */
  data: z.string().max(4096).default(""),
  spool: z
    .strictObject({
      bytesMax: z
        .int()
        .min(1024 * 1024)
        .default(256 * 1024 * 1024),
    })
    .prefault({}),
});
export type GatewayConfig = z.infer<typeof GatewayConfig>;

/** Named limits of the main thread. */
export const gatewayLimits = {
  /** Rows that wait to become blocks. */
  queueRowsMax: 50_000,
  blockRowsMax: 2000,
  flushEveryMs: 1000,
  gapEveryMs: 2000,
  spoolEveryMs: 10_000,
  /** Bytes of a file of events or lines that the disk has not taken. */
  fileBytesMax: 8 * 1024 * 1024,
  /** A file that failed is opened again after so long. */
  fileRetryMs: 5000,
  /** Lines on stderr per second; the others are counted. */
  noticesPerSecondMax: 20,
  policyFileBytesMax: 4 * 1024 * 1024,
  drainMsMax: 3000,
  /** Problems that are told one by one at a load. */
  problemsToldMax: 20,
} as const;

// What the server can be told: addresses, names, TLS, stores, limits. Defaults watch one machine on loopback.
// Names of flags and environment variables are derived from the paths (edge/config).
import { z } from "zod";
import { ClusterName } from "./contract/common.ts";

const port = z.int().min(0).max(65_535);
const names = z.array(z.string().min(1).max(253));

export const ServerConfig = z.strictObject({
  data: z.string().min(1).describe("The data folder; absolute"),
  cluster: ClusterName.default("local").describe("Name of the cluster that this machine's agent joins"),
  console: z
    .strictObject({
      address: z.string().default("127.0.0.1").describe("Address of console and API; off loopback TLS is required"),
      port: port.default(8686).describe("Port of console and API; 0 takes a free one"),
      allowedHosts: names.default([]).describe("Further names by which browsers reach the console (Host header)"),
      tlsCertificate: z.string().default("").describe("PEM file: certificate chain"),
      tlsKey: z.string().default("").describe("PEM file: private key"),
      files: z.string().default("").describe("Folder of the built console; empty: the one of this program"),
      sessionHours: z
        .int()
        .min(1)
        .max(24 * 366)
        .default(7 * 24)
        .describe("How long a browser stays logged in"),
    })
    .prefault({}),
  agents: z
    .strictObject({
      address: z.string().default("127.0.0.1").describe("Address of the agents' door (always TLS)"),
      port: port.default(8687).describe("Port of the agents' door; 0 takes a free one"),
      names: names.default([]).describe("Further names and addresses in the door's certificate"),
      seedFolder: z
        .string()
        .default("")
        .describe("Folder with ca.key, ca.crt and join-token of `garrison install`, taken at the first start"),
    })
    .prefault({}),
  store: z
    .strictObject({
      start: z
        .boolean()
        .default(true)
        .describe("Start the embedded store as a child process; off when it runs by itself (`garrison run store`)"),
      url: z
        .string()
        .default("")
        .describe("A ClickHouse server or cluster; empty: the embedded store of the data folder"),
      user: z.string().default("default").describe("User at the ClickHouse server"),
      passwordFile: z.string().default("").describe("File with the password at the ClickHouse server"),
      database: z.string().default("garrison").describe("Database at the ClickHouse server"),
      cluster: z.string().default("").describe("Name of the ClickHouse cluster; empty: a single server"),
    })
    .prefault({}),
  state: z
    .strictObject({
      url: z.string().default("").describe("postgresql://... ; empty: state.sqlite in the data folder"),
    })
    .prefault({}),
  kubeconfig: z.string().default("").describe("Kubeconfig file of a cluster whose inventory is read; empty: none"),
  kubernetes: z
    .strictObject({
      context: z.string().default("").describe("Context of that kubeconfig; empty: its current one"),
      cluster: z
        .union([z.literal(""), ClusterName])
        .default("")
        .describe("Name of that cluster here; empty: the context's name"),
      inCluster: z
        .boolean()
        .default(false)
        .describe("Read the cluster that this server runs in, by its service account"),
      folder: z
        .string()
        .default("")
        .describe("Folder of kubeconfigs, one cluster each, named by the file; empty: clusters in the data folder"),
    })
    .prefault({}),
  audit: z
    .strictObject({
      files: z
        .array(z.string().min(3).max(4096))
        .default([])
        .describe('Audit logs of API servers to follow, "cluster=/path/of/audit.log" each'),
    })
    .prefault({}),
  waf: z
    .strictObject({
      rules: z
        .string()
        .default("")
        .describe(
          "Folder of WAF rules (a Core Rule Set) that exclusions are proved with; empty: the system's packaged one",
        ),
    })
    .prefault({}),
  images: z
    .strictObject({
      advisories: z
        .string()
        .default("")
        .describe("Folder of the advisory database; empty: advisories in the data folder"),
      advisoriesKey: z
        .string()
        .default("")
        .describe(
          "Public key that the advisory database must be signed by; empty: advisories.pub of the data folder, when there",
        ),
      registries: names
        .default([])
        .describe("Registries that the server may pull images from (host, or host:port); empty: it pulls none"),
      scanRunning: z.boolean().default(true).describe("Analyse running images of those registries by itself"),
      pullSecrets: z.string().default("").describe("Docker config.json with credentials for those registries"),
      tokenRealms: names
        .default([])
        .describe("Further hosts that may give tokens for those registries (some have theirs elsewhere)"),
      registryCa: z
        .string()
        .default("")
        .describe("PEM file: further authorities that those registries' certificates may come from"),
    })
    .prefault({}),
  sinks: z
    .strictObject({
      secretsFolder: z
        .string()
        .default("")
        .describe("Folder of the secrets that sinks may name; empty: sinks/secrets in the data folder"),
      filesFolder: z
        .string()
        .default("")
        .describe("Folder below which sinks may write files; empty: sinks/files in the data folder"),
      allowedAddresses: names
        .default([])
        .describe("Link-local or metadata addresses and prefixes that sinks may connect to all the same"),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      drainSeconds: z.number().min(0).max(300).default(10).describe("How long requests may end by themselves"),
    })
    .prefault({}),
});
export type ServerConfig = z.infer<typeof ServerConfig>;

/** Named limits of the console's door. */
export const serverLimits = {
  connectionsMax: 1024,
  headerBytesMax: 16 * 1024,
  headersMsMax: 10_000,
  /** How often open connections are held against the two times: what sends nothing keeps its place this much longer. */
  connectionsCheckMs: 1000,
  requestMsMax: 60_000,
  bodyBytesMax: 1024 * 1024,
  /** Nesting of a JSON body. */
  bodyDepthMax: 64,
  streamsMax: 64,
  streamRowsPerTickMax: 1000,
  streamTickMs: 1000,
  streamHeartbeatMs: 15_000,
  /** Refused logins per minute, all clients together: a guess at 256 random bits has no better chance with more. */
  loginRefusalsPerMinuteMax: 30,
  /** How often what is over its time is dropped. */
  retentionMs: 60_000,
  /** How often rollups are compared with raw rows. */
  rollupCheckMs: 6 * 3_600_000,
  oneTimeTokenMs: 5 * 60_000,
  /** An agent that was not heard of for so long is stale, then gone. */
  agentStaleMs: 30_000,
  agentGoneMs: 10 * 60_000,
} as const;

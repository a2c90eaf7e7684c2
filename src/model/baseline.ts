// What a workload of one image does, as a frozen copy that people can read, edit and version: agents tell what is outside it (drift), and in protecting mode
// the guard ends programs outside it. Learning needs no resource: it is a question to the store.
import { z } from "zod";
import { workloadKinds } from "./identity.ts";

/**
 * executables: paths. parents: "nginx -> /bin/sh", short name of the parent and path of the child; a container's runtime is "runtime".
 * reads, writes, loads (mapped code): a file, or a folder with all below it ("/var/lib/mysql/"); `*` stands for a segment that changes (a number, a hash, a temporary name).
 * destinations: "workload shop/db 5432/tcp", "domain example.com 443/tcp", "network 10.1.2.0/24 53/udp"; "*" for any port. listens: "8080/tcp".
 * domains: a DNS name with all below it.
 */
export const baselineItemKinds = [
  "executables",
  "parents",
  "reads",
  "writes",
  "loads",
  "destinations",
  "listens",
  "domains",
] as const;
export const BaselineItemKind = z.enum(baselineItemKinds);
export type BaselineItemKind = z.infer<typeof BaselineItemKind>;

export const baselineModes = ["monitoring", "protecting"] as const;
export type BaselineMode = (typeof baselineModes)[number];

/** Most items of a kind in one baseline; a workload with more is too busy to be told by a list. */
export const baselineItemsMax = 2000;

const items = z.array(z.string().min(1).max(1024)).max(baselineItemsMax).default([]);

export const BaselineItems = z.strictObject({
  executables: items,
  parents: items,
  reads: items,
  writes: items,
  loads: items,
  destinations: items,
  listens: items,
  domains: items,
});
export type BaselineItems = z.infer<typeof BaselineItems>;

export const Baseline = z.strictObject({
  target: z.strictObject({
    namespace: z.string().max(253).default(""),
    /** The owner of the pods; outside Kubernetes a container, a systemd unit or a session. */
    workload: z.string().min(1).max(253),
    kind: z.enum(workloadKinds).optional().describe("Absent: of any kind."),
    /** "": any image, or none (units and sessions of a host have none). */
    imageDigest: z.string().max(256).default(""),
    /** Name of that image, "docker.io/library/nginx:1.25"; the guard chooses containers by it. "": every container of the workload. */
    image: z.string().max(512).default(""),
  }),
  mode: z.enum(baselineModes).default("monitoring"),
  /** Protecting only: tell what would be ended, end nothing. */
  dryRun: z.boolean().default(true),
  /** What drift is told of. Reading is not by itself: most programs read far and wide. */
  judged: z
    .array(BaselineItemKind)
    .max(baselineItemKinds.length)
    .default(["executables", "parents", "writes", "loads", "destinations", "listens", "domains"]),
  items: BaselineItems.prefault({}),
  /** What it was made from; for people, nothing is decided by it. */
  learnt: z
    .strictObject({
      since: z.iso.datetime(),
      until: z.iso.datetime(),
      /** Distinct hours in which it was seen. */
      hours: z.int().min(0),
      replicas: z.int().min(0),
      restarts: z.int().min(0),
      /** Since when nothing new was seen, in hours. */
      quietHours: z.int().min(0),
      confidence: z.int().min(0).max(100),
      because: z.array(z.string().max(300)).max(16).default([]),
    })
    .optional(),
  /** Drift that somebody accepted; the items stand in `items` too. */
  accepted: z
    .array(
      z.strictObject({
        kind: BaselineItemKind,
        item: z.string().min(1).max(1024),
        reason: z.string().max(500).default(""),
        by: z.string().max(253).default(""),
        time: z.iso.datetime(),
      }),
    )
    .max(2000)
    .default([]),
});
export type Baseline = z.infer<typeof Baseline>;

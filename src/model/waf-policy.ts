// Resource kinds of the workload WAF. WafFloor is the operator's: what holds for everybody. WafPolicy is a team's: its workloads, its mode, its own rules and
// exclusions, never less than the floor. One compiled rule set serves all of them.
import { z } from "zod";

const prefix = z.string().max(64).describe("An address or a prefix: 10.0.0.0/8, fd00::/8");

const Paranoia = z.int().min(1).max(4);

/** Taken from rules that fire wrongly: the narrowest thing that helps. Without an end it stays until somebody removes it. */
export const WafExclusion = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  /** "942100", "942000-942999". Rules, tags or both: rules in either. */
  rules: z
    .array(
      z
        .string()
        .max(32)
        .regex(/^\d{1,15}(-\d{1,15})?$/),
    )
    .max(64)
    .default([]),
  tags: z.array(z.string().min(1).max(128)).max(16).default([]),
  /** As in SecLang: "ARGS:comment", "REQUEST_COOKIES:/^sess/", "ARGS_NAMES". Empty: the rule as a whole. */
  target: z.string().max(256).default(""),
  /** Glob over the path: `*` within a segment, `**` over segments. Empty: every path. */
  path: z.string().max(512).default(""),
  methods: z.array(z.string().min(1).max(32)).max(16).default([]),
  reason: z.string().min(3).max(500),
  owner: z.string().max(253).default(""),
  /** After it the exclusion does nothing, and says so. */
  expiresAt: z.iso.datetime().optional(),
});
export type WafExclusion = z.infer<typeof WafExclusion>;

/** Rules that hold a known weakness shut until its fix has landed. */
export const VirtualPatch = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  /** "CVE-2026-12345", "GHSA-...". */
  vulnerabilities: z.array(z.string().min(1).max(64)).min(1).max(16),
  /** SecLang. */
  rules: z.string().min(1).max(65_536),
  reason: z.string().min(3).max(500),
  owner: z.string().max(253).default(""),
  expiresAt: z.iso.datetime(),
});
export type VirtualPatch = z.infer<typeof VirtualPatch>;

const Route = z.strictObject({
  /** "shop.example", "*.example", "": any. */
  host: z.string().max(253).default(""),
  /** Begins with it, at a segment's end. */
  path: z.string().max(512).default(""),
  methods: z.array(z.string().min(1).max(32)).max(16).default([]),
});

const thresholds = z.strictObject({
  inbound: z.int().min(1).max(10_000).default(5),
  outbound: z.int().min(1).max(10_000).default(4),
});

export const wafModes = ["off", "detect", "block"] as const;

export const WafPolicy = z.strictObject({
  target: z
    .strictObject({
      /** A selector over labels, as in network policies; empty: all. */
      selector: z.string().max(1024).default(""),
      namespace: z.string().max(63).default(""),
      /** The owner of the pods: "checkout"; empty: all. */
      workload: z.string().max(253).default(""),
      /** "checkout", or "checkout:8080". */
      service: z.string().max(260).default(""),
      /** None: all requests. */
      routes: z.array(Route).max(64).default([]),
    })
    .prefault({}),
  mode: z.enum(wafModes).default("detect"),
  /** Levels that count to the score. */
  paranoia: Paranoia.default(1),
  /** Levels that are looked at and told, without counting; at least `paranoia`. */
  detectionParanoia: Paranoia.default(1),
  thresholds: thresholds.prefault({}),
  responseBodies: z.boolean().default(false),
  budget: z
    .strictObject({
      milliseconds: z.int().min(1).max(60_000).default(200),
      bytes: z
        .int()
        .min(1024)
        .max(1 << 30)
        .default(16 * 1024 * 1024),
      /** What blocking mode does with a request that goes over it. Told either way. */
      onExceeded: z.enum(["block", "pass"]).default("block"),
    })
    .prefault({}),
  /** Transparent mode: what the port does while the gateway is not there. */
  onGatewayDown: z.enum(["open", "closed"]).default("open"),
  /** Transparent mode: ports of the workload that are looked at; none: no transparent mode. */
  ports: z.array(z.int().min(1).max(65_535)).max(64).default([]),
  /** Whose X-Forwarded-For is believed. */
  trustedProxies: z.array(prefix).max(64).default([]),
  exclusions: z.array(WafExclusion).max(1000).default([]),
  /** SecLang, restricted: new rules and their own exclusions only. */
  rules: z.string().max(262_144).default(""),
  /** Word lists of those rules by file name. */
  wordLists: z.record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/), z.string().max(262_144)).default({}),
  virtualPatches: z.array(VirtualPatch).max(64).default([]),
  /** tx values of crs-setup that a team may set: "allowed_methods", "arg_length", ... */
  settings: z.record(z.string().regex(/^[a-z_][a-z0-9_.]{0,63}$/), z.string().max(4096)).default({}),
});
export type WafPolicy = z.infer<typeof WafPolicy>;

export const WafFloor = z.strictObject({
  /** Policies below these are raised to them, and say so. */
  modeMin: z.enum(wafModes).default("off"),
  paranoiaMin: Paranoia.default(1),
  thresholdsMax: z
    .strictObject({ inbound: z.int().min(1).default(10_000), outbound: z.int().min(1).default(10_000) })
    .prefault({}),
  /** For workloads that no WafPolicy selects; "off": they are not looked at. */
  unselected: z.enum(wafModes).default("off"),
  exclusions: z.array(WafExclusion).max(1000).default([]),
  /** SecLang, all of it; after the rules of the folder. */
  rules: z.string().max(262_144).default(""),
  wordLists: z.record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/), z.string().max(262_144)).default({}),
  virtualPatches: z.array(VirtualPatch).max(256).default([]),
});
export type WafFloor = z.infer<typeof WafFloor>;

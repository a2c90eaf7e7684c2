// The policy that `garrison waf exclude` adds to: the manifest of --into as it was written, or a new one as strict as what judged the request, for its workload.
import { z } from "zod";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { ResourceManifest } from "../../../../model/resource.ts";
import { WafPolicy, type WafExclusion, wafModes } from "../../../../model/waf-policy.ts";
import type { WafExcludeFlags } from "./exclude.ts";
import { numberOf, paranoiaOf, settingsOf, usage } from "./flags.ts";

/** What of a row is asked; rows of the server's API have more. */
export const ExcludableRow = z.looseObject({
  transactionId: z.string(),
  verdict: z.string(),
  mode: z.enum(wafModes).optional(),
  method: z.string(),
  path: z.string(),
  namespace: z.string().default(""),
  workload: z.string().default(""),
  phase: z.coerce.number().default(2),
  decidingRule: z.coerce.number(),
  ruleIds: z.array(z.coerce.number()),
  variables: z.array(z.string()),
  scores: z.array(z.coerce.number()),
  paranoias: z.array(z.coerce.number()).default([]),
  places: z.array(z.string()).default([]),
  inboundScore: z.coerce.number().optional(),
  outboundScore: z.coerce.number().default(0),
  inboundThreshold: z.coerce.number().default(5),
  outboundThreshold: z.coerce.number().default(4),
});
export type ExcludableRow = z.infer<typeof ExcludableRow>;

export interface PolicyHome {
  readonly scope: string;
  readonly name: string;
  readonly spec: WafPolicy;
  /** The manifest as it was written: what was left out stays left out. */
  readonly written: ResourceManifest;
  readonly hasScope: boolean;
  /** Nobody said whom a new policy is for. */
  readonly isForAll: boolean;
}

/** `text`: of --into. Throws a usage Fault for what is no WafPolicy. */
export function policyHome(event: ExcludableRow, flags: WafExcludeFlags, text: string | undefined): PolicyHome {
  if (text === undefined) return newHome(event, flags);
  const own = (["name", "workload", "paranoia", "setting", "inboundThreshold"] as const).find(
    (flag) => flags[flag] !== undefined,
  );
  if (own !== undefined)
    throw usage("--into and settings of a new policy do not go together", "the policy's own settings hold");
  const into = flags.into ?? "";
  const [document, ...others] = readYaml(text);
  const [broken] = document?.errors ?? [];
  if (document === undefined || broken !== undefined || others.length > 0)
    throw usage(`${into} is no WafPolicy manifest`, broken?.message ?? "it has to hold one document");
  const hasScope = typeof document.value === "object" && document.value !== null && "scope" in document.value;
  return { ...homeOf(document.value, `${into} is no WafPolicy manifest`), hasScope, isForAll: false };
}

function homeOf(value: unknown, what: string): Omit<PolicyHome, "hasScope" | "isForAll"> {
  const manifest = ResourceManifest.safeParse(value);
  if (!manifest.success) throw notOne(what, manifest.error.issues[0]);
  const written = manifest.data;
  if (written.kind !== "WafPolicy") throw usage(what, `its kind is ${written.kind}`);
  const spec = WafPolicy.safeParse(written.spec);
  if (!spec.success) throw notOne(what, spec.error.issues[0], "spec");
  return { scope: written.scope, name: written.name, spec: spec.data, written };
}

function newHome(event: ExcludableRow, flags: WafExcludeFlags): PolicyHome {
  const { namespace, workload } = whoseOf(event, flags.workload);
  const scored = event.paranoias.filter((_, index) => (event.scores[index] ?? 0) > 0);
  const paranoia = flags.paranoia === undefined ? Math.min(4, Math.max(1, ...scored)) : paranoiaOf(flags.paranoia);
  const thresholds = {
    inbound:
      flags.inboundThreshold === undefined
        ? Math.max(1, event.inboundThreshold)
        : numberOf(flags.inboundThreshold, "--inbound-threshold", { min: 1, max: 10_000 }),
    outbound: Math.max(1, event.outboundThreshold),
  };
  const settings = Object.fromEntries(settingsOf(flags.setting));
  const spec = {
    ...(workload === "" ? {} : { target: { ...(namespace === "" ? {} : { namespace }), workload } }),
    mode: event.mode ?? (event.verdict === "blocked" ? "block" : "detect"),
    ...(paranoia === 1 ? {} : { paranoia, detectionParanoia: paranoia }),
    ...(thresholds.inbound === 5 && thresholds.outbound === 4 ? {} : { thresholds }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  };
  const manifest = { apiVersion: "garrison/v1", kind: "WafPolicy", name: flags.name ?? "waf", spec };
  return { ...homeOf(manifest, "no policy can be made of this"), hasScope: false, isForAll: workload === "" };
}

function whoseOf(
  event: ExcludableRow,
  asked: string | undefined,
): { readonly namespace: string; readonly workload: string } {
  if (asked === undefined) return event;
  const [, namespace = "", workload = ""] = /^(?:([^/]+)\/)?([^/]+)$/.exec(asked) ?? [];
  if (workload === "") throw usage(`--workload ${asked} is none`, "write NAMESPACE/NAME, for example shop/checkout");
  return { namespace, workload };
}

/** The whole manifest with the exclusions added, checked as gateways and the server check it. Throws a usage Fault. */
export function withAdded(home: PolicyHome, added: readonly WafExclusion[]): object {
  const { scope, kind, name, apiVersion, spec: written } = home.written;
  const before = Array.isArray(written["exclusions"]) ? written["exclusions"] : [];
  const spec = { ...written, exclusions: [...before, ...added.map(withoutEmpty)] };
  const manifest = { apiVersion, kind, ...(home.hasScope ? { scope } : {}), name, spec };
  homeOf(manifest, "no gateway would take this policy");
  return manifest;
}

/** Fields that say nothing are left out of what a person reads. */
function withoutEmpty(exclusion: WafExclusion): object {
  return Object.fromEntries(Object.entries(exclusion).filter(([, value]) => value !== undefined && value.length > 0));
}

function notOne(
  what: string,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
  above = "",
): Error {
  const at = [...(above === "" ? [] : [above]), ...(issue?.path ?? []).map(String)].join(".");
  return usage(what, `${at === "" ? "" : `${at}: `}${issue?.message ?? "it cannot be read"}`);
}

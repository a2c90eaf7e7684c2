// For tests of this room: a small rule set that scores, policies and floors from parts of their specs, one workload.
import { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import type { RuleFiles } from "../seclang/parsed.ts";
import { compileWafPolicies } from "./compile-policies.ts";
import type { CompiledWafPolicies } from "./compile-policies.ts";
import type { NamedWafFloor, NamedWafPolicy } from "./named.ts";
import type { WafPolicyFacts, WafWorkload } from "./target.ts";

/** 2026-11-26T00:00:00Z. */
export const nowMs = 1_795_651_200_000;
export const later = "2026-12-01T00:00:00Z";
export const earlier = "2026-11-25T00:00:00Z";

export const rules = `
  SecAction "id:901001,phase:1,pass,tag:'CRS',setvar:tx.score=0,setvar:tx.inbound_anomaly_score_threshold=5"
  SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,deny,status:400"
  SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,deny,status:400"
  SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" "id:200004,phase:2,deny,status:400"
  SecRule TX:detection_paranoia_level "@lt 1" "id:942011,phase:2,pass,tag:'CRS',skipAfter:END"
  SecRule ARGS "@rx union" "id:942100,phase:2,block,tag:'CRS',tag:'attack-sqli',setvar:tx.score=+5"
  SecRule ARGS "@rx select" "id:942200,phase:2,block,tag:'CRS',tag:'attack-sqli',setvar:tx.score=+5"
  SecRule TX:/^header_/ "@rx x" "id:942300,phase:2,block,tag:'CRS'"
  SecMarker END
  SecRule TX:score "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,tag:'CRS'"`;
export const reader: RuleFiles = { include: () => [], wordList: () => ({ refused: "it is not there" }) };

export function policy(name: string, spec: object = {}, scope = "global"): NamedWafPolicy {
  return { scope, name, spec: WafPolicy.parse(spec) };
}

export function floorOf(spec: object): NamedWafFloor {
  return { scope: "global", name: "floor", spec: WafFloor.parse(spec) };
}

export function compile(policies: readonly NamedWafPolicy[], floor?: NamedWafFloor, at = nowMs): CompiledWafPolicies {
  return compileWafPolicies({
    policies,
    floor,
    base: { files: [{ file: "crs.conf", text: rules }], reader },
    nowMs: at,
  });
}

export const checkout: WafWorkload = {
  namespace: "shop",
  workload: "checkout",
  services: ["checkout", "pay"],
  labels: { app: "checkout", tier: "front" },
};

export function facts(given: Partial<WafPolicyFacts> = {}): WafPolicyFacts {
  return { workload: checkout, port: 8080, host: "shop.example", path: "/", method: "GET", ...given };
}

export const codes = ({ problems }: CompiledWafPolicies): readonly string[] => problems.map(({ code }) => code);
export const nameFor = (compiled: CompiledWafPolicies, given: Partial<WafPolicyFacts> = {}): string | undefined =>
  compiled.policyFor(facts(given))?.policy.name;

// TX variables that a policy says: they are there before the first rule, and a plain SecAction of the set-up file does not change them.
import type { TransactionPolicy } from "./engine.ts";

/** Names of CRS 4 and CRS 3 for the same thing. */
export const pinnedNames = [
  "blocking_paranoia_level",
  "detection_paranoia_level",
  "paranoia_level",
  "executing_paranoia_level",
  "inbound_anomaly_score_threshold",
  "outbound_anomaly_score_threshold",
] as const;

/** What a policy sets, by name. Its own settings come last, but never over level and thresholds. */
export function pinnedValues(policy: TransactionPolicy): ReadonlyMap<string, string> {
  const detection = String(Math.max(policy.paranoia, policy.detectionParanoia));
  const values = new Map(policy.settings);
  values.set("blocking_paranoia_level", String(policy.paranoia));
  values.set("detection_paranoia_level", detection);
  values.set("paranoia_level", String(policy.paranoia));
  values.set("executing_paranoia_level", detection);
  values.set("inbound_anomaly_score_threshold", String(policy.inboundThreshold));
  values.set("outbound_anomaly_score_threshold", String(policy.outboundThreshold));
  return values;
}

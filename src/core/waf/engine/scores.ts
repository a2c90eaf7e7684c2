// Anomaly scores as the report tells them: the points of the levels that count under the policy. CRS 4 and CRS 3 name them differently.
import type { State } from "./state.ts";
import { readVariable, wholeNumber } from "./variable-store.ts";

export function scoresOf(state: State): { readonly inbound: number; readonly outbound: number } {
  let inbound = 0;
  let outbound = 0;
  for (let level = 1; level <= state.policy.paranoia; level++) {
    inbound += points(state, `inbound_anomaly_score_pl${level}`) + points(state, `anomaly_score_pl${level}`);
    outbound += points(state, `outbound_anomaly_score_pl${level}`);
  }
  return { inbound, outbound };
}

function points(state: State, name: string): number {
  return wholeNumber(readVariable(state.store, state.compiled.names, name));
}

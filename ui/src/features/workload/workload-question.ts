// What every part of the workload page asks with: which workload, which window, how often again.
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import type { CallSettings } from "../../api/client.ts";
import { quoteValue } from "../../app/url-state.ts";

export interface WorkloadQuestion {
  readonly params: {
    readonly cluster: string;
    readonly namespace: string;
    readonly kind: WorkloadKind;
    readonly name: string;
  };
  readonly query: { readonly since: string; readonly until?: string };
  readonly settings: CallSettings;
}

/** The workload as a filter over flows and events. */
export function workloadFilter({ cluster, namespace, name }: WorkloadQuestion["params"]): string {
  return `cluster:${quoteValue(cluster)} ns:${quoteValue(namespace)} workload:${quoteValue(name)}`;
}

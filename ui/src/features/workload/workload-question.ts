// What every part of the workload page asks with: which workload, which window, how often again.
import type { WorkloadKind } from "../../../../src/model/identity.ts";
import type { CallSettings } from "../../api/client.ts";

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

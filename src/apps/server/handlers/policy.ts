// Network policies: the handlers of contract/policy.ts over the server's policy desk.
import { Fault } from "../../../base/fault.ts";
import type { policy } from "../contract/policy.ts";
import type { HandlersOf } from "../http/calls.ts";

export function policyHandlers(): HandlersOf<keyof typeof policy> {
  const notYet = async (): Promise<never> => {
    throw new Fault("policies are not answered yet", { code: "policy/not-yet", kind: "unavailable" });
  };
  return {
    policyBoard: notYet,
    policyDetail: notYet,
    policyPreview: notYet,
    policyExplain: notYet,
    policyTrace: notYet,
    policyRecommend: notYet,
    policyFlows: notYet,
    policySchema: notYet,
  };
}

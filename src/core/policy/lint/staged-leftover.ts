// Staged policies that have done their work: what they stage is enforced already, or what they would delete is not there.
import type { Policy } from "../model.ts";
import { targetOf } from "../evaluate/ordered-policies.ts";
import { type LintCheck, onPolicy } from "./check.ts";

export const stagedLeftover: LintCheck = {
  id: "staged-leftover",
  title: "staged policies that change nothing any more",
  needsWorld: false,
  *find({ ordered }) {
    const enforced = new Map(
      ordered.filter(({ staged }) => staged === undefined).map((policy) => [targetOf(policy), policy]),
    );
    for (const policy of ordered) {
      if (policy.staged === undefined) continue;
      const twin = enforced.get(targetOf(policy));
      const message = leftover(policy, twin);
      if (message === "") continue;
      yield {
        check: stagedLeftover.id,
        severity: "note",
        ...onPolicy(policy),
        message,
        fix: "remove the staged policy",
      };
    }
  },
};

function leftover(policy: Policy, twin: Policy | undefined): string {
  if (policy.staged === "Delete" && twin === undefined) return "would delete a policy that is not there";
  if (policy.staged === "Set" && twin !== undefined && same(policy, twin)) return "is enforced already, word for word";
  return "";
}

function same(one: Policy, other: Policy): boolean {
  const decisive = ({ selector, order, directions, ingress, egress, doNotTrack, preDnat, applyOnForward }: Policy) =>
    JSON.stringify([selector.text, String(order), directions, ingress, egress, doNotTrack, preDnat, applyOnForward]);
  return decisive(one) === decisive(other);
}

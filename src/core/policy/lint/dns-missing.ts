// Egress that lets a pod talk to names but not ask for them: the commonest way to break everything with a correct-looking policy.
import type { Policy, Rule } from "../model.ts";
import { type LintCheck, type LintFinding, onPolicy } from "./check.ts";
import { selectorCovers } from "./covers.ts";

export const dnsMissing: LintCheck = {
  id: "dns-not-allowed",
  title: "egress rules by name or selector, but no way to DNS for the same pods",
  needsWorld: false,
  *find({ ordered }) {
    const enforced = ordered.filter(({ staged, directions }) => staged === undefined && directions.includes("egress"));
    const allowing = enforced.filter(({ egress }) => egress.some(allowsDns));
    for (const policy of enforced) {
      const allows = policy.egress.filter(({ action }) => action === "Allow");
      if (allows.length === 0 || mayAsk(policy, allowing)) continue;
      yield finding(
        policy,
        allows.some(({ destination }) => destination.domains !== undefined),
      );
    }
  },
};

/** Another policy for all its endpoints (as far as words tell) or a way onward gives them DNS. */
function mayAsk(policy: Policy, allowing: readonly Policy[]): boolean {
  if (!policy.endsTier || policy.egress.some(allowsDns)) return true;
  return allowing.some((other) => selectorCovers(other.selector, policy.selector));
}

function allowsDns(rule: Rule): boolean {
  if (rule.action !== "Allow" && rule.action !== "Pass") return false;
  if (rule.protocol !== undefined && rule.protocol !== 17) return false;
  if (rule.destination.domains !== undefined) return false;
  const { ports } = rule.destination;
  if (ports === undefined) return rule.destination.nets === undefined || rule.action === "Pass" || isWide(rule);
  return ports.some((port) => ("name" in port ? /dns/.test(port.name) : port.from <= 53 && port.to >= 53));
}

/** A block that large may well hold the cluster's DNS. */
function isWide({ destination }: Rule): boolean {
  return (destination.nets ?? []).some(({ text }) => {
    const bits = Number(text.split("/")[1] ?? "128");
    return bits <= (text.includes(":") ? 64 : 16);
  });
}

function finding(policy: Policy, hasNames: boolean): LintFinding {
  return {
    check: dnsMissing.id,
    severity: hasNames ? "error" : "warning",
    ...onPolicy(policy),
    message: hasNames
      ? "allows destinations by name, but its pods may not ask DNS: the names are never learnt"
      : "restricts egress, but no policy lets the same pods ask DNS (53/udp)",
    fix: "allow 53/udp and 53/tcp to the cluster's DNS pods (kube-system, k8s-app=kube-dns)",
  };
}

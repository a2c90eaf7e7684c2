// Allows that take in far more than a workload needs: everybody on every port, or the whole internet.
import type { EntityMatch, Rule } from "../model.ts";
import { type LintCheck, nameOf, onPolicy, rulesOf, ruleWords } from "./check.ts";

export const overBroad: LintCheck = {
  id: "over-broad",
  title: "allows from everywhere on all ports, or to every address",
  needsWorld: false,
  *find({ ordered }) {
    for (const at of rulesOf(ordered)) {
      if (at.rule.action !== "Allow") continue;
      const message = tooMuch(at.rule, at.direction);
      if (message === "") continue;
      yield {
        check: overBroad.id,
        severity: "warning",
        ...onPolicy(at.policy, ruleWords(at)),
        message,
        fix: `name the peers and ports; \`garrison policy recommend\` shows what ${nameOf(at.policy)} needs`,
      };
    }
  },
};

function tooMuch(rule: Rule, direction: "ingress" | "egress"): string {
  const peer = direction === "ingress" ? rule.source : rule.destination;
  const hasPort = rule.destination.ports !== undefined || rule.http !== undefined || rule.icmp !== undefined;
  const isOwnWord = rule.protocol === 1 || rule.protocol === 58;
  if (isAnyone(peer)) {
    if (hasPort || isOwnWord) return "";
    const whom = direction === "ingress" ? "from everybody" : "to everybody";
    return `allows all traffic ${whom}${rule.protocol === undefined ? "" : " of its protocol"} on every port`;
  }
  const all = peer.nets?.find(({ text }) => text === "0.0.0.0/0" || text === "::/0");
  if (all === undefined || (peer.selector !== undefined && peer.selector.node.op !== "all")) return "";
  const excluded = (peer.notNets ?? []).length > 0 ? " (but for what is excluded)" : "";
  if (direction === "egress")
    return `allows to every address${excluded}: ${all.text}${hasPort ? "" : ", on every port"}`;
  return hasPort ? "" : `allows from every address${excluded} on every port: ${all.text}`;
}

function isAnyone(entity: EntityMatch): boolean {
  const isFree =
    entity.nets === undefined &&
    entity.notNets === undefined &&
    entity.notSelector === undefined &&
    entity.service === undefined &&
    entity.domains === undefined;
  return isFree && entity.selector === undefined;
}

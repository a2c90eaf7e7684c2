// Network sets that no rule selects: lists that somebody keeps up to date for nothing.
import { type LintCheck, rulesOf } from "./check.ts";

export const unusedNetworkSet: LintCheck = {
  id: "network-set-unused",
  title: "network sets that no rule selects",
  needsWorld: false,
  *find({ ordered, engine, set }) {
    if (set.networkSets.length === 0) return;
    const used = new Set<string>();
    const selectors = new Map(
      [...rulesOf(ordered)].flatMap(({ rule }) =>
        [
          rule.source.selector,
          rule.source.notSelector,
          rule.destination.selector,
          rule.destination.notSelector,
        ].flatMap((selector) => (selector === undefined ? [] : [[selector.id, selector] as const])),
      ),
    );
    for (const selector of selectors.values()) {
      for (const { id } of engine.selected(selector, ["networkSet"])) used.add(id);
    }
    for (const { namespace, name, place } of set.networkSets) {
      if (used.has(`networkSet/${namespace === "" ? "-" : namespace}/${name}`)) continue;
      yield {
        check: unusedNetworkSet.id,
        severity: "note",
        object: `${namespace === "" ? "GlobalNetworkSet" : "NetworkSet"}/${namespace === "" ? "-" : namespace}/${name}`,
        rule: "",
        place,
        message: "no rule selects it",
        fix: "remove it, or compare its labels with the selectors that should find it",
      };
    }
  },
};

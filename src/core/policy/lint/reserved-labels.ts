// Pods that carry labels which only Garrison gives: somebody tries to pose as another namespace. They are not believed, and they are told of.
import { type LintCheck } from "./check.ts";

const reserved = /^(?:pcns\.|pcsa\.|projectcalico\.org\/)/;
const noPlace = { file: "", document: 0, line: 0 } as const;

export const reservedLabels: LintCheck = {
  id: "reserved-label",
  title: "pods with labels of a reserved prefix (pcns., pcsa., projectcalico.org/)",
  needsWorld: true,
  *find({ world }) {
    for (const { id, labels } of world?.endpoints ?? []) {
      const keys = Object.keys(labels).filter((key) => reserved.test(key));
      if (keys.length === 0) continue;
      yield {
        check: reservedLabels.id,
        severity: "error",
        object: id,
        rule: "",
        place: noPlace,
        message: `carries ${keys.slice(0, 5).join(", ")}: such labels come from namespace and service account alone and are not believed`,
        fix: "remove the label, and ask who set it",
      };
    }
  },
};

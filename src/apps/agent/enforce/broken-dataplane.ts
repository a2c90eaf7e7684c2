// Stands in for a kernel that cannot be reached: whatever would change or read it says why.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { Fault } from "../../../base/fault.ts";

export function brokenDataplane(fault: Fault): Dataplane {
  const refuse = (): never => {
    throw fault;
  };
  return {
    apply: refuse,
    readBack: refuse,
    addElements: refuse,
    deleteElements: refuse,
    listElements: refuse,
    counters: () => [],
    connections: () => ({ connections: [], more: 0 }),
    originalOf: () => undefined,
    cut: refuse,
    remove: refuse,
    watch: () => () => undefined,
    packets: () => Promise.reject(fault),
    close: () => undefined,
  };
}

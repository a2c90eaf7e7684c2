// A workload that stands still or is cut off, as a security event with its receipt. Pure.
import { formatInstant } from "../../../base/instant.ts";
import type { Fidelity, Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import type { Hold } from "./holds.ts";

const words = {
  freeze: {
    action: "frozen",
    title: "Frozen: every process of it stands still",
    receipt: "kernel: every process of the cgroup stands still",
  },
  isolate: {
    action: "isolated",
    title: "Isolated: it receives and sends nothing",
    receipt: "kernel: the program that drops the cgroup's packets is attached",
  },
} as const;

/** Somebody wanted it: no alarm, but part of the workload's story. `timeMs`: when it was so. */
export function holdRow(
  { policy, action, cgroupPath, untilMs, reason }: Hold,
  { subject, fidelity, timeMs }: { readonly subject: Subject; readonly fidelity: Fidelity; readonly timeMs: number },
): Row<"security_events"> {
  const { receipt, title, action: done } = words[action];
  const until = formatInstant(untilMs);
  return {
    time: timeMs,
    severity: "info",
    source: "garrison",
    rule: policy,
    title,
    message: reason,
    tags: [],
    techniques: [],
    evidence: [`${formatInstant(timeMs)} ${action}: ${receipt}, until ${until}`],
    action: done,
    policy,
    receipt: `${receipt} (${cgroupPath})`,
    ancestors: [],
    outputFields: [],
    count: 1,
    processId: "",
    pid: 0,
    process: "",
    executable: "",
    ...subject,
    fidelity,
  };
}

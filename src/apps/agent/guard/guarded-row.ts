// What the kernel's guard did or would have done, as a security event with its receipt.
import { explainGuarded, type KnownRule } from "../../../core/runtime-policy/rule-book.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { Fidelity, Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";

/** Who did it, as the pipeline knows the process. */
export interface Doer {
  readonly subject: Subject;
  readonly processId: string;
  readonly process: string;
  readonly executable: string;
  readonly ancestors: readonly string[];
  readonly fidelity: Fidelity;
}

const actionByOutcome = {
  killed: "killed",
  denied: "denied",
  "would-kill": "would-kill",
  "would-deny": "would-deny",
  audited: "detected",
} as const satisfies Record<GuardedEvent["outcome"], Row<"security_events">["action"]>;

const techniqueByHook: Readonly<Partial<Record<GuardedEvent["hook"], string>>> = {
  exec: "T1059",
  connect: "T1071",
  send: "T1071",
  bind: "T1571",
  socket: "T1095",
  mount: "T1611",
  ptrace: "T1055.008",
  module: "T1547.006",
  setns: "T1611",
  unshare: "T1611",
};

/** `count`: equal ones in the same drain, told once. */
export function guardedRow(
  event: GuardedEvent,
  known: KnownRule | undefined,
  doer: Doer,
  count: number,
): Row<"security_events"> {
  const policy = known?.policy.name ?? "";
  const receipt = explainGuarded(event, known);
  const technique = techniqueByHook[event.hook];
  const isDone = event.outcome === "killed" || event.outcome === "denied";
  return {
    time: event.timeMs,
    severity: severityOf(known?.policy.severity ?? (event.outcome === "audited" ? levelOfAudit : levelOfStop)),
    source: "garrison",
    rule: policy === "" ? "runtime policy" : policy,
    title: titleOf(event),
    message: known?.policy.message || receipt,
    tags: [...(known?.policy.tags ?? [])],
    techniques: technique === undefined ? [] : [technique],
    evidence: [`${new Date(event.timeMs).toISOString()} ${event.hook}: ${receipt}`],
    action: actionByOutcome[event.outcome],
    policy,
    receipt: isDone ? receipt : "",
    ancestors: [...doer.ancestors],
    outputFields: [`guard.rule=${known?.rule.place ?? event.rule}`, `guard.plane=${event.plane}`],
    count,
    processId: doer.processId,
    pid: event.process.pid,
    process: doer.process || event.comm,
    executable: event.hook === "exec" ? event.path : doer.executable,
    ...doer.subject,
    fidelity: doer.fidelity,
  };
}

/** Where a policy names none. Whoever blocks has said that it must not happen, by a policy or by a baseline. */
const levelOfStop = 7;
const levelOfAudit = 5;

/** KubeArmor's 1-10 to ours. */
function severityOf(level: number): Row<"security_events">["severity"] {
  if (level >= 9) return "critical";
  if (level >= 7) return "high";
  return level >= 4 ? "medium" : "low";
}

function titleOf({ outcome, hook, path, tuple }: GuardedEvent): string {
  const object =
    path !== ""
      ? path
      : tuple === undefined
        ? ""
        : hook === "bind"
          ? `port ${tuple.localPort}`
          : `${tuple.remoteAddress}:${tuple.remotePort}`;
  const words = {
    killed: "Killed",
    denied: "Denied",
    "would-kill": "Would have killed",
    "would-deny": "Would have denied",
    audited: "Seen",
  };
  return `${words[outcome]}: ${hook}${object === "" ? "" : ` ${object}`}`.slice(0, 300);
}

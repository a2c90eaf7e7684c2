// A detection as a row of security_events. The engine has redacted its texts; where a workload's arguments are not to be kept at all, they are taken out here.
import type { Detection } from "../../../core/detect/contract.ts";
import type { Fidelity, Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import type { Sight } from "../visibility.ts";

export interface SecurityRowContext {
  /** processes' id in the store, "" when it was never seen. */
  readonly processId: string;
  readonly subject: Subject;
  readonly sight: Sight;
  readonly fidelity: Fidelity;
}

/** Fields whose values are a process's arguments, or hold them. */
const argumentField = /^proc\.(?:cmdline|args|pcmdline|acmdline|cmdnargs|exeline|aexe|env|aenv)\b/;
const notKept = "‹arguments not kept›";
const ancestorsMax = 8;

export function securityRowOf(detection: Detection, context: SecurityRowContext): Row<"security_events"> {
  const hide = context.sight.arguments ? (text: string) => text : hiderOf(detection);
  return {
    time: detection.timeMs,
    severity: detection.severity,
    source: "garrison",
    rule: detection.rule,
    title: detection.title,
    message: hide(detection.output),
    tags: [...detection.tags],
    techniques: [...detection.techniques],
    evidence: detection.evidence.map(
      ({ timeMs, kind, text }) => `${new Date(timeMs).toISOString()} ${kind}: ${hide(text)}`,
    ),
    action: "detected",
    policy: "",
    receipt: "",
    ancestors: detection.ancestors.slice(0, ancestorsMax),
    outputFields: detection.outputFields.map(
      ([name, value]) => `${name}=${context.sight.arguments || !argumentField.test(name) ? value : notKept}`,
    ),
    count: detection.count + detection.suppressedBefore,
    processId: context.processId,
    pid: detection.process.pid,
    process: detection.comm,
    executable: detection.executable,
    ...context.subject,
    fidelity: context.fidelity,
  };
}

/** Takes the arguments that the detection names out of its other texts. Evidence of an exec without such a field ends behind the program. */
function hiderOf(detection: Detection): (text: string) => string {
  const values = detection.outputFields
    .filter(([name, value]) => argumentField.test(name) && value !== "" && value !== "<NA>")
    .map(([, value]) => value)
    .toSorted((left, right) => right.length - left.length);
  return (text) => {
    let hidden = text;
    for (const value of values) hidden = hidden.replaceAll(value, notKept);
    return hidden;
  };
}

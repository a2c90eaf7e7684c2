// A detection as a row of security_events. The engine has redacted its texts; where a workload's arguments are not to be kept at all, its texts without them are taken.
import type { Detection, DetectionTexts } from "../../../core/detect/contract.ts";
import { argumentsNotKept } from "../../../core/detect/output/without-arguments.ts";
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

const ancestorsMax = 8;

export function securityRowOf(detection: Detection, context: SecurityRowContext): Row<"security_events"> {
  const texts = textsOf(detection, context.sight.arguments);
  return {
    time: detection.timeMs,
    severity: detection.severity,
    source: "garrison",
    rule: detection.rule,
    title: detection.title,
    message: texts.output,
    tags: [...detection.tags],
    techniques: [...detection.techniques],
    evidence: detection.evidence.map(
      ({ timeMs, kind }, index) => `${new Date(timeMs).toISOString()} ${kind}: ${texts.evidence[index] ?? ""}`,
    ),
    action: "detected",
    policy: "",
    receipt: "",
    ancestors: detection.ancestors.slice(0, ancestorsMax),
    outputFields: texts.outputFields.map(([name, value]) => `${name}=${value}`),
    count: detection.count + detection.suppressedBefore,
    processId: context.processId,
    pid: detection.process.pid,
    process: detection.comm,
    executable: detection.executable,
    ...context.subject,
    fidelity: context.fidelity,
  };
}

/** A detection that does not come with texts without arguments says none at all where they are not to be kept. */
function textsOf({ output, outputFields, evidence, withoutArguments }: Detection, isKept: boolean): DetectionTexts {
  if (isKept) return { output, outputFields, evidence: evidence.map(({ text }) => text) };
  return (
    withoutArguments ?? {
      output: argumentsNotKept,
      outputFields: outputFields.map(([name]) => [name, argumentsNotKept]),
      evidence: evidence.map(() => argumentsNotKept),
    }
  );
}

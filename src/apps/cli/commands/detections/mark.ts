// garrison detections mark.
import { Fault } from "../../../../base/fault.ts";
import { nearest } from "../../../../base/nearest.ts";
import { detectionVerdicts } from "../../../../model/detection-mark.ts";
import { ask, type Context } from "../../context.ts";
import { checkedId } from "./words.ts";

export interface MarkFlags {
  readonly reason: string;
}

export async function markDetection(context: Context, args: readonly string[], { reason }: MarkFlags): Promise<void> {
  const [id = "", word = ""] = args;
  const verdict = detectionVerdicts.find((each) => each === word);
  if (verdict === undefined) {
    const near = nearest(word, detectionVerdicts);
    throw new Fault(`"${word.slice(0, 64)}" is no verdict`, {
      code: "cli/usage",
      kind: "usage",
      hint: near === undefined ? `one of ${detectionVerdicts.join(", ")}` : `did you mean "${near}"?`,
    });
  }
  const { detection } = await ask(context, "getDetection", { params: { id: checkedId(id) } });
  const { rule, namespace, workload, cluster } = detection;
  const { outcome } = await ask(context, "applyResource", {
    params: { kind: "DetectionMark", name: id },
    query: {},
    body: {
      kind: "DetectionMark",
      scope: `cluster/${cluster}`,
      name: id,
      spec: { verdict, reason, rule, namespace, workload },
    },
  });
  context.say(`${id} is marked ${verdict} (${outcome})`);
}

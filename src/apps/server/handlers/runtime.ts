// Detections, rules and noise: the operations of contract/runtime.ts. Nothing here changes anything.
import type { runtime } from "../contract/runtime.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import { builtinRuleTexts } from "../runtime/builtin-texts.ts";
import { detectionsList, oneDetection, rulesList } from "../runtime/detections-desk.ts";
import { noiseBoard, noiseSuggest } from "../runtime/noise-desk.ts";

type Parts = Pick<ServerParts, "state" | "queries" | "clock" | "clusters">;

export function runtimeHandlers(given: Parts): HandlersOf<keyof typeof runtime> {
  const parts = { ...given, builtin: builtinRuleTexts };
  return {
    listDetections: ({ query }) => detectionsList(parts, query),
    getDetection: ({ params }) => oneDetection(parts, params.id),
    listRuntimeRules: ({ query }) => rulesList(parts, query),
    noiseBoard: ({ query }) => noiseBoard(parts, query),
    noiseSuggest: ({ query }) => noiseSuggest(parts, query),
  };
}

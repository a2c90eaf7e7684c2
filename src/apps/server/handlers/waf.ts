// The workload WAF: the operations of contract/waf.ts. Nothing here changes anything.
import type { waf } from "../contract/waf.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import { wafBoard, wafModePreview } from "../waf/board.ts";
import { proposeExclusion } from "../waf/exclude.ts";
import { requestOf } from "../waf/request.ts";
import { createRulesDesk } from "../waf/rules-desk.ts";

type Parts = Pick<ServerParts, "state" | "queries" | "clock" | "config" | "logger">;

export function wafHandlers(parts: Parts): HandlersOf<keyof typeof waf> {
  const rules = createRulesDesk({ folder: parts.config.waf.rules, clock: parts.clock, logger: parts.logger });
  return {
    wafBoard: ({ query }) => wafBoard(parts, query),
    wafEvent: ({ query }) => requestOf(parts, rules, query),
    wafExclude: ({ body }) => proposeExclusion(parts, rules, body),
    wafModePreview: ({ query }) => wafModePreview(parts, query),
  };
}

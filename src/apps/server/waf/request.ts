// One request that rules spoke about: its event, the text of its rules as this server has them, exclusions that touch them.
import { Fault } from "../../../base/fault.ts";
import { coversEvent } from "../../../core/waf/policy/silences.ts";
import type { WafExclusion } from "../../../model/waf-policy.ts";
import type { Shown } from "../../../model/table.ts";
import type { waf } from "../contract/waf.ts";
import type { QueryOf, ResponseOf } from "../contract/endpoint.ts";
import type { WafBoardParts } from "./board.ts";
import { floorOf, keptPolicies, policiesFor } from "./modes.ts";
import type { RulesDesk } from "./rules-desk.ts";

/** Throws Fault "waf/unknown-request" when no such row is kept. */
export async function keptRequest(
  { queries }: Pick<WafBoardParts, "queries">,
  { cluster, transactionId, time }: { readonly cluster: string; readonly transactionId: string; readonly time: string },
): Promise<{
  readonly event: Shown<"waf_events">;
  readonly window: Awaited<ReturnType<typeof queries.wafRequest>>["window"];
}> {
  const { event, window } = await queries.wafRequest({ cluster, transactionId, timeMs: Date.parse(time) });
  if (event !== undefined) return { event, window };
  throw new Fault(`no request ${transactionId.slice(0, 64)} of ${time} is kept`, {
    code: "waf/unknown-request",
    kind: "not-found",
    hint: "It may be older than what is kept; `garrison events --kinds waf` lists what is there.",
  });
}

export async function requestOf(
  parts: WafBoardParts,
  rules: RulesDesk,
  query: QueryOf<(typeof waf)["wafEvent"]>,
): Promise<ResponseOf<(typeof waf)["wafEvent"]>> {
  const [{ event, window }, resources, floors] = await Promise.all([
    keptRequest(parts, query),
    parts.state.resources.list("WafPolicy"),
    parts.state.resources.list("WafFloor"),
  ]);
  const known = await rules.rulesOf(event.ruleIds);
  const floor = floorOf(floors, event.cluster);
  const owners = [...(floor === undefined ? [] : [floor]), ...policiesFor(keptPolicies(resources), event)];
  const nowMs = parts.clock.nowMs();
  const exclusions = owners.flatMap(({ name, spec }) =>
    spec.exclusions
      .filter((exclusion) => touches(exclusion, event, nowMs))
      .map((exclusion) => ({ policy: name, exclusion, isMeant: isMeant(exclusion, event) })),
  );
  return { event, rules: [...known], exclusions, window };
}

/** As far as the event tells: some rule of it would have been kept quiet. */
function isMeant(exclusion: WafExclusion, event: Shown<"waf_events">): boolean {
  const ids = [...new Set(event.ruleIds)];
  return ids.some((id) => coversEvent(event, [exclusion], [id]).stillSpeak.length === 0);
}

/** In force, and of one of the event's rules or tags. */
function touches(exclusion: WafExclusion, event: Shown<"waf_events">, nowMs: number): boolean {
  if (exclusion.expiresAt !== undefined && Date.parse(exclusion.expiresAt) <= nowMs) return false;
  if (exclusion.tags.some((tag) => event.tags.includes(tag))) return true;
  return exclusion.rules.some((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return event.ruleIds.some((id) => id >= from && id <= to);
  });
}

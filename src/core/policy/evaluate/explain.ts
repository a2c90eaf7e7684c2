// Explains a flow: the walk with all its looks, what staged policies would say, and for each denied direction what would allow it.
import type { Explanation, FlowVerdict, NearestAllow } from "../../../model/policy-verdict.ts";
import type { Direction } from "../model.ts";
import type { PolicyFlow } from "../world.ts";
import { nearestAllows, nearestLimits } from "./nearest.ts";
import { newAllow } from "./new-allow.ts";
import type { Question } from "./question.ts";
import type { Row } from "./rows.ts";
import type { Judge } from "./verdicts.ts";
import type { WorldIndex } from "./world-index.ts";

export interface ExplainQuestion {
  readonly state: WorldIndex;
  readonly judge: Judge;
  readonly flow: PolicyFlow;
  /** Per direction. */
  readonly nearestMax: number | undefined;
  readonly rowsOf: (namespace: string) => readonly Row[];
}

export function explain({ state, judge, flow, nearestMax, rowsOf }: ExplainQuestion): Explanation {
  const question = state.ends.question(flow);
  const now = judge.flow(question, { lane: "enforced", isRecorded: true });
  const max = nearestMax ?? nearestLimits.nearestMaxDefault;
  const nearest = (["egress", "ingress"] as const).flatMap((direction) =>
    near({ state, question, now, direction, max, rowsOf }),
  );
  if (!state.ordered.some(({ policy }) => policy.staged !== undefined)) return { now, nearest };
  return { now, staged: judge.flow(question, { lane: "staged", isRecorded: true }), nearest };
}

interface Near {
  readonly state: WorldIndex;
  readonly question: Question;
  readonly now: FlowVerdict;
  readonly direction: Direction;
  readonly max: number;
  readonly rowsOf: ExplainQuestion["rowsOf"];
}

function near({ state, question, now, direction, max, rowsOf }: Near): NearestAllow[] {
  const { verdict, endpoint, decidedBy } = now[direction];
  const group = state.rows.get(endpoint)?.group;
  if (verdict !== "deny" || group === undefined || max <= 0) return [];
  const path = question.isForwarded ? "forwarded" : "local";
  const program = state.maker.programOf(group, direction, { lane: "enforced", path });
  const { set } = state;
  const written = newAllow({ direction, question, decidedBy, set, rowsOf });
  return nearestAllows({ direction, program, question, decidedBy, set, nearestMax: max, written });
}

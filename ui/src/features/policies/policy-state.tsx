// What nodes make of a policy as small marks: how many are in each state, the reason in the title.
import { CircleAlert, CircleCheck, CircleDashed, CircleX, Eye, type LucideIcon } from "lucide-react";
import type { PolicyEnforcement } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { enforcementText, stateCounts, stateWords, toneOf, type StateCount, type Tone } from "./policy-words.ts";

const icons = {
  good: CircleCheck,
  warning: CircleAlert,
  bad: CircleX,
  muted: CircleDashed,
} as const satisfies Record<Tone, LucideIcon>;

export function stateIcon(state: StateCount["state"]): LucideIcon {
  return state === "watched" || state === "preview" ? Eye : icons[toneOf(state)];
}

export function PolicyStates({ enforcement }: { readonly enforcement: PolicyEnforcement }) {
  const reasons = enforcement.nodes.flatMap(({ node, because }) => (because === "" ? [] : [`${node}: ${because}`]));
  const title = [enforcementText(enforcement), ...reasons.slice(0, 5)].join("\n");
  return <StateMarks counts={stateCounts(enforcement)} title={title} />;
}

interface StateMarksProps {
  readonly counts: readonly StateCount[];
  readonly title: string;
}

export function StateMarks({ counts, title }: StateMarksProps) {
  return (
    <span className="policy-states" title={title}>
      {counts.length === 0 ? (
        <span className="policy-state" data-tone="muted">
          <CircleDashed aria-hidden="true" />
          no node told
        </span>
      ) : (
        counts.map((count) => <StateMark key={count.state} count={count} />)
      )}
    </span>
  );
}

function StateMark({ count: { state, nodes } }: { readonly count: StateCount }) {
  const Icon = stateIcon(state);
  return (
    <span className="policy-state" data-tone={toneOf(state)}>
      <Icon aria-hidden="true" />
      {stateWords[state]}
      {nodes > 1 ? ` ×${nodes}` : ""}
    </span>
  );
}

// What holds for a whole board: the cluster, whether anything is enforced and who says so, the world that was judged against, problems.
import { Eye, ShieldCheck, ShieldOff, type LucideIcon } from "lucide-react";
import type { PolicyBoard, PolicyProblem } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { Age } from "../../kit/age.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { formatCount } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { Notice, sentence } from "../../kit/states.tsx";
import { EnforcementNotices } from "./enforcement-notices.tsx";
import { modeText, modeWords } from "./policy-words.ts";

const icons = { off: ShieldOff, preview: Eye, enforce: ShieldCheck } as const satisfies Record<string, LucideIcon>;
const problemsShownMax = 6;

export function BoardHead({ board }: { readonly board: PolicyBoard }) {
  const { cluster, simulated, enforcement, world, others } = board;
  const count = board.tiers.reduce((sum, { cards, staged }) => sum + cards.length + staged.length, 0);
  const rest = [
    others.networkSets === 0 ? "" : `${others.networkSets} network sets`,
    others.hostEndpoints === 0 ? "" : `${others.hostEndpoints} host endpoints`,
    others.profiles === 0 ? "" : `${others.profiles} profiles`,
  ].filter((part) => part !== "");
  return (
    <>
      <div className="board-head">
        <h2>
          {cluster} <DemoBadge simulated={simulated} />
        </h2>
        <Mode enforcement={enforcement} />
        <span className="count">
          {count === 1 ? "1 policy" : `${formatCount(count)} policies`}
          {rest.length === 0 ? "" : `, ${rest.join(", ")}`} · {worldText(world)}
          {world.currentAt === undefined ? null : (
            <>
              {" "}
              · current <Age time={world.currentAt} />
            </>
          )}
        </span>
      </div>
      <EnforcementNotices cluster={cluster} />
      {world.incomplete === "" ? null : (
        <Notice tone="warning">
          Not all endpoints are known: {world.incomplete}. Verdicts that depend on them are unknown.
        </Notice>
      )}
      {board.cardsOmitted === 0 ? null : (
        <Notice tone="info">And {formatCount(board.cardsOmitted)} policies that are not shown.</Notice>
      )}
      <Problems problems={board.problems} omitted={board.problemsOmitted} />
    </>
  );
}

/** Where not all could be looked at, no endpoint is not known to be none. */
function worldText({ endpoints, namespaces, incomplete }: PolicyBoard["world"]): string {
  if (endpoints === 0 && incomplete !== "") return "endpoints not known";
  const where = namespaces === 1 ? "1 namespace" : `${formatCount(namespaces)} namespaces`;
  return `${formatCount(endpoints)} endpoints in ${where}`;
}

function Mode({ enforcement }: { readonly enforcement: PolicyBoard["enforcement"] }) {
  const { mode, word, because } = modeText(enforcement);
  const others = enforcement.exceptions.map(({ node, mode: own }) => `${node}: ${modeWords[own].toLowerCase()}`);
  return (
    <span title={others.join("\n")}>
      <StateWord tone={mode === "enforce" ? "good" : "muted"} icon={icons[mode]} word={word} because={because} />
    </span>
  );
}

function Problems({ problems, omitted }: { readonly problems: readonly PolicyProblem[]; readonly omitted: number }) {
  if (problems.length === 0) return null;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return (
    <details className="board-problems">
      <summary>
        {problems.length + omitted === 1 ? "1 problem" : `${formatCount(problems.length + omitted)} problems`}
        {errors === 0 ? "" : errors === 1 ? ", 1 of them an error" : `, ${errors} of them errors`}
      </summary>
      <ul>
        {problems.slice(0, problemsShownMax).map((problem) => (
          <li
            key={`${problem.object} ${problem.code} ${problem.path} ${problem.message}`}
            data-severity={problem.severity}
          >
            <b>{problem.severity}</b> {problem.object} {problem.path === "" ? "" : <code>{problem.path}</code>}{" "}
            {sentence(problem.message)} {problem.hint}
          </li>
        ))}
        {problems.length + omitted > problemsShownMax ? (
          <li>and {formatCount(problems.length + omitted - problemsShownMax)} more</li>
        ) : null}
      </ul>
    </details>
  );
}

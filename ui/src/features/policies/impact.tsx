// What an edited policy would do to the traffic that was recorded: how much changes, which pairs, what cannot be told, whom it touches.
import { ArrowRight } from "lucide-react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { VerdictChange } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { formatCount } from "../../kit/format.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { Verdict } from "../../kit/verdict.tsx";
import { ruleText, shortId } from "./rule-words.ts";

export type Preview = ResponseOf<Api["policyPreview"]>;

const problemsShownMax = 8;
const groupsShownMax = 60;
const endpointsShownMax = 30;

export function Impact({ preview }: { readonly preview: Preview }) {
  const { problems, groupsOmitted, endpoints, endpointsOmitted, world } = preview;
  const groups = preview.groups.filter(({ before, after }) => before !== after);
  const undecided = preview.groups.filter(({ before, after }) => before === after);
  return (
    <div className="impact">
      <PartNotices window={preview.window} />
      {world.incomplete === "" ? null : (
        <Notice tone="warning">Not all endpoints are known: {world.incomplete}.</Notice>
      )}
      <Totals preview={preview} />
      {problems.length === 0 ? null : (
        <ul className="impact-problems" aria-label="Problems">
          {problems.slice(0, problemsShownMax).map((problem) => (
            <li key={`${problem.line} ${problem.path} ${problem.message}`} data-severity={problem.severity}>
              <b>{problem.severity}</b> {problem.line === 0 ? "" : `line ${problem.line}: `}
              {sentence(problem.message)} {problem.hint}
            </li>
          ))}
          {problems.length > problemsShownMax ? <li>and {problems.length - problemsShownMax} more</li> : null}
        </ul>
      )}
      {groups.length === 0 ? null : (
        <ul className="impact-groups" aria-label="Flows whose verdict changes">
          {groups.slice(0, groupsShownMax).map((group) => (
            <Group key={groupKey(group)} group={group} />
          ))}
          {groupsOmitted + Math.max(0, groups.length - groupsShownMax) > 0 ? (
            <li className="none">and {formatCount(groupsOmitted + groups.length - groupsShownMax)} more</li>
          ) : null}
        </ul>
      )}
      {undecided.length === 0 ? null : (
        <details>
          <summary>
            Uncertain, as before: {formatCount(undecided.reduce((sum, { connections }) => sum + connections, 0))}{" "}
            connections
          </summary>
          <ul className="impact-groups" aria-label="Flows that cannot be told, before and after">
            {undecided.slice(0, groupsShownMax).map((group) => (
              <Group key={groupKey(group)} group={group} />
            ))}
          </ul>
        </details>
      )}
      {endpoints.length === 0 ? null : (
        <section>
          <h4>
            {endpoints.length + endpointsOmitted === 1
              ? "1 endpoint gets other policies"
              : `${formatCount(endpoints.length + endpointsOmitted)} endpoints get other policies`}
          </h4>
          <ul className="impact-endpoints">
            {endpoints.slice(0, endpointsShownMax).map(({ id, added, removed, changed }) => (
              <li key={id}>
                <span className="data">{id.replace(/^pod\//, "")}</span>{" "}
                {[
                  ...added.map((policy) => `+ ${shortId(policy)}`),
                  ...removed.map((policy) => `− ${shortId(policy)}`),
                  ...changed.map((policy) => `~ ${shortId(policy)}`),
                ].join(", ")}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function groupKey({ source, destination, protocol, port, before, after }: VerdictChange): string {
  return `${source} ${destination} ${protocol} ${port} ${before} ${after}`;
}

export function totalsText({ totals, flows }: Pick<Preview, "totals" | "flows">): string {
  if (flows.keys === 0) return "No traffic was recorded in this window: nothing can be said about its effect.";
  const changed = totals.newlyAllowed + totals.newlyDenied;
  if (changed === 0 && totals.uncertain === 0)
    return `None of ${formatCount(flows.connections)} recorded connections changes its verdict.`;
  return `Of ${formatCount(flows.connections)} recorded connections ${formatCount(totals.newlyDenied)} would be denied that are not now, ${formatCount(
    totals.newlyAllowed,
  )} would be allowed that are not now, and of ${formatCount(totals.uncertain)} it cannot be told.`;
}

function Totals({ preview }: { readonly preview: Preview }) {
  const { totals, flows } = preview;
  const numbers = [
    { word: "newly denied", number: totals.newlyDenied, tone: "bad" },
    { word: "newly allowed", number: totals.newlyAllowed, tone: "good" },
    { word: "uncertain", number: totals.uncertain, tone: "warning" },
    { word: "unchanged", number: totals.same, tone: "muted" },
  ] as const;
  return (
    <>
      <p>{totalsText(preview)}</p>
      {flows.keys === 0 ? null : (
        <dl className="impact-totals">
          {numbers.map(({ word, number, tone }) => (
            <div key={word} data-tone={number === 0 ? "muted" : tone}>
              <dd>{formatCount(number)}</dd>
              <dt>{word}</dt>
            </div>
          ))}
        </dl>
      )}
      {flows.omitted === 0 ? null : (
        <Notice tone="info">{formatCount(flows.omitted)} less busy flow keys were left out.</Notice>
      )}
    </>
  );
}

function Group({ group }: { readonly group: VerdictChange }) {
  const { source, destination, protocol, port, before, after, connections, uncertain, decidedAfter } = group;
  return (
    <li>
      <span className="impact-pair">
        <span title={source}>{source}</span>
        <ArrowRight aria-label="to" />
        <span title={destination}>{destination}</span>
        <span className="data">
          {protocol}
          {port === 0 ? "" : `/${port}`}
        </span>
      </span>
      <span className="impact-verdicts">
        <Verdict verdict={before} because="" />
        <ArrowRight aria-label="becomes" />
        <Verdict verdict={after} because="" />
        <span className="count">{formatCount(connections)} connections</span>
      </span>
      <small>
        {uncertain === "" ? "" : `uncertain: ${uncertain}. `}
        {decidedAfter === undefined ? "" : `by ${ruleText(decidedAfter)}`}
      </small>
    </li>
  );
}

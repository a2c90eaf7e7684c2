// The head of the graph: where one is, the level, layers, find, comparison, how much is drawn, pause, picture or table.
import { GitCompare, Pause, Play, SlidersHorizontal, SquareTerminal } from "lucide-react";
import { graphLevels } from "../../../../src/model/graph.ts";
import { rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { useCopy } from "../../kit/copy.tsx";
import { Dropdown } from "../../kit/dropdown.tsx";
import { formatCount } from "../../kit/format.ts";
import { IconButton } from "../../kit/icon-button.tsx";
import { cardsMax } from "../../canvas/shape.ts";
import { DemoPanel } from "../demo/demo-panel.tsx";
import { ViewsMenu } from "../views/views-menu.tsx";
import { FindBox, type FindState } from "./find-box.tsx";
import { beforeChoices, crumbsOf, graphCommand, levelOf, mostChoices, mostOf } from "./graph-question.ts";
import { LayersMenu } from "./layers-menu.tsx";
import type { GraphAnswer } from "./use-graph.ts";

const levelWords = {
  namespace: "Namespaces",
  service: "Services",
  workload: "Workloads",
  endpoint: "Endpoints",
} as const;

interface GraphBarProps {
  readonly answer: GraphAnswer;
  readonly find: FindState;
  readonly onFind: (patch: { readonly text?: string; readonly at?: number }) => void;
}

export function GraphBar({ answer, find, onFind }: GraphBarProps) {
  const [state, update] = useUrlState();
  const level = levelOf(state);
  return (
    <div className="graph-bar">
      <div className="graph-bar-row">
        <Crumbs />
        <div className="segments" role="group" aria-label="Level">
          {graphLevels.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === level}
              onClick={() => update({ level: each, pick: undefined, near: undefined, open: undefined })}
            >
              {levelWords[each]}
            </button>
          ))}
        </div>
        <span className="spacer" />
        <FindBox find={find} onFind={onFind} />
        <div className="segments" role="group" aria-label="Shown as">
          <button type="button" aria-pressed={state.as === undefined} onClick={() => update({ as: undefined })}>
            Graph
          </button>
          <button type="button" aria-pressed={state.as !== undefined} onClick={() => update({ as: "table" })}>
            Table
          </button>
        </div>
      </div>
      <div className="graph-bar-row">
        <LayersMenu layers={answer.layers} />
        <CompareMenu />
        <AmountMenu answer={answer} />
        <DemoPanel />
        <span className="list-count">
          {amountText(answer)}
          <span className="graph-bar-wide">{endpointsText(answer)}</span>
        </span>
        <span className="spacer" />
        <ViewsMenu screen="/graph" />
        <CommandButton />
        <PauseButton />
      </div>
    </div>
  );
}

/** "17 of 1,000 services, 24 edges": what is drawn of the whole. */
function amountText({ graph, shown }: GraphAnswer): string {
  if (graph === undefined) return "";
  const { totals } = graph;
  const drawn = shown.vertices.filter(({ vertex, change }) => vertex.kind !== "more" && change !== "removed").length;
  const vertices =
    drawn === totals.vertices ? formatCount(drawn) : `${formatCount(drawn)} of ${formatCount(totals.vertices)}`;
  return `${vertices} vertices · ${formatCount(shown.edges.length)} edges`;
}

/** Of the whole; nothing while the inventory is not known. */
function endpointsText({ graph }: GraphAnswer): string {
  const count = graph?.totals.endpoints;
  return count === undefined ? "" : ` · ${formatCount(count)} endpoints`;
}

function Crumbs() {
  const [state, update] = useUrlState();
  const crumbs = crumbsOf(state);
  return (
    <nav className="graph-crumbs" aria-label="Where in the graph">
      <ol>
        {crumbs.map(({ title, patch }) => (
          <li key={title}>
            {patch === undefined ? (
              <b aria-current="page">{title}</b>
            ) : (
              <button type="button" onClick={() => update(patch)}>
                {title}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function CompareMenu() {
  const [state, update] = useUrlState();
  const chosen = beforeChoices.find(([id]) => id === state.before);
  return (
    <Dropdown
      label={chosen === undefined ? "Compare with an earlier window" : `vs ${chosen[1]}: what changed since`}
      icon={<GitCompare aria-hidden="true" />}
      text={chosen === undefined ? "Compare" : `vs ${chosen[1]}`}
      set={chosen !== undefined}
    >
      {(close) => (
        <div className="graph-choices">
          <p className="calm">Marks what is new, gone or different since then.</p>
          {beforeChoices.map(([id, words]) => (
            <button
              key={id}
              type="button"
              aria-pressed={state.before === id}
              onClick={() => {
                update({ before: id });
                close();
              }}
            >
              With {words}
            </button>
          ))}
          <button
            type="button"
            aria-pressed={chosen === undefined}
            onClick={() => {
              update({ before: undefined });
              close();
            }}
          >
            Do not compare
          </button>
        </div>
      )}
    </Dropdown>
  );
}

function AmountMenu({ answer }: { readonly answer: GraphAnswer }) {
  const [state, update] = useUrlState();
  const most = mostOf(state);
  const isSet = most !== mostChoices[0] || state.idle === "1";
  return (
    <Dropdown
      label={`Up to ${formatCount(most)} vertices${state.idle === "1" ? ", idle workloads too" : ""}`}
      icon={<SlidersHorizontal aria-hidden="true" />}
      text={`Up to ${formatCount(most)}`}
      set={isSet}
    >
      {(close) => (
        <div className="graph-choices">
          <p className="calm">
            The least busy beyond this become “n more”, per namespace.
            {answer.graph === undefined ? "" : ` The whole has ${formatCount(answer.graph.totals.vertices)}.`}
          </p>
          {mostChoices.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === most}
              onClick={() => {
                update({ most: each === mostChoices[0] ? undefined : String(each) });
                close();
              }}
            >
              {formatCount(each)}
              {each > cardsMax ? " (overview)" : ""}
            </button>
          ))}
          <label>
            <input
              type="checkbox"
              checked={state.idle === "1"}
              onChange={() => update({ idle: state.idle === "1" ? undefined : "1" })}
            />
            Also workloads that nobody talked to
          </label>
        </div>
      )}
    </Dropdown>
  );
}

function CommandButton() {
  const [state] = useUrlState();
  const [copied, copy] = useCopy();
  const command = graphCommand(state);
  return (
    <IconButton label={copied === "done" ? "Copied" : `Copy as command: ${command}`} onClick={() => copy(command)}>
      <SquareTerminal />
    </IconButton>
  );
}

function PauseButton() {
  const [state, update] = useUrlState();
  const isPaused = state.paused === "1";
  if (rangeOf(state).kind !== "relative") return <span className="stream-badge">Fixed window</span>;
  return (
    <button
      type="button"
      className="button"
      aria-pressed={isPaused}
      onClick={() => update({ paused: isPaused ? undefined : "1" }, "replace")}
    >
      {isPaused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
      {isPaused ? "Resume" : "Pause"}
    </button>
  );
}

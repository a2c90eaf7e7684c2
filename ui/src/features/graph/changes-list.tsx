// Two windows compared, in words: what is new, what is gone, what fares differently. Each line chooses its thing in the picture.
import { DetailsPane } from "../../kit/details-pane.tsx";
import { changeWords } from "../../canvas/vertex-card.tsx";
import type { Change } from "../../canvas/shape.ts";
import { formatCount } from "../../kit/format.ts";
import type { GraphAnswer } from "./use-graph.ts";

interface ChangesListProps {
  readonly answer: GraphAnswer;
  readonly onPick: (id: string) => void;
  readonly onClose: () => void;
}

interface Line {
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  readonly words: readonly string[];
}

const order: readonly Change[] = ["changed", "added", "removed"];
const linesMax = 200;

function linesOf({ shown, vertices }: GraphAnswer): readonly Line[] {
  const nameOf = (id: string): string => vertices.get(id)?.name ?? id;
  const all: readonly Line[] = [
    ...shown.edges.map(({ edge, change, changes }) => ({
      id: edge.id,
      title: `${nameOf(edge.source)} → ${nameOf(edge.destination)}`,
      change,
      words: changes,
    })),
    ...shown.vertices.map(({ vertex, change }) => ({ id: vertex.id, title: vertex.name, change, words: [] })),
  ];
  return all
    .filter(({ change }) => change !== "same")
    .toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
}

export function ChangesList({ answer, onPick, onClose }: ChangesListProps) {
  const lines = linesOf(answer);
  return (
    <DetailsPane title={`${formatCount(lines.length)} changes`} onClose={onClose}>
      {lines.length === 0 ? <p className="calm">Both windows show the same picture.</p> : null}
      <ul className="graph-changes">
        {lines.slice(0, linesMax).map(({ id, title, change, words }) => (
          <li key={id}>
            <button type="button" onClick={() => onPick(id)} data-change={change}>
              <i>{changeWords[change]}</i>
              <b>{title}</b>
              {words.map((each) => (
                <small key={each}>{each}</small>
              ))}
            </button>
          </li>
        ))}
      </ul>
      {lines.length > linesMax ? (
        <p className="calm">And {formatCount(lines.length - linesMax)} more: see the table.</p>
      ) : null}
    </DetailsPane>
  );
}

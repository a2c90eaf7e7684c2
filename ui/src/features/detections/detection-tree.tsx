// The process, who started it and what it started, each with what it did around that time.
import { Arguments } from "../../kit/arguments.tsx";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import {
  deedsOf,
  depthsOf,
  processEnd,
  treeOrder,
  type Deed,
  type OneDetection,
  type TreeProcess,
} from "./detection-words.ts";

const groupWords: Readonly<Record<Deed["group"], string>> = { connection: "connects", name: "asks", file: "" };

export function DetectionTree({ found }: { readonly found: OneDetection }) {
  const rows = treeOrder(found.tree);
  const depths = depthsOf(rows);
  return (
    <section className="fields" aria-label="Process tree">
      <h3>Process tree</h3>
      {rows.length === 0 ? <p className="none">Not known: {found.treeBecause || "nothing of it is kept"}.</p> : null}
      <ol className="detection-tree">
        {rows.map((row, index) => (
          <TreeRow key={row.process.processId} row={row} depth={depths[index] ?? 0} />
        ))}
      </ol>
      {rows.length > 0 && found.treeBecause !== "" ? <p className="none">Not whole: {found.treeBecause}.</p> : null}
      {found.treeOmitted > 0 ? <p className="none">And {found.treeOmitted} more descendants.</p> : null}
    </section>
  );
}

function TreeRow({ row, depth }: { readonly row: TreeProcess; readonly depth: number }) {
  const { process, generation, deedsOmitted } = row;
  const end = processEnd(row);
  const deeds = deedsOf(row);
  return (
    <li
      data-depth={Math.min(depth, 10)}
      data-own={generation === 0}
      aria-current={generation === 0 ? "true" : undefined}
    >
      <p className="tree-process">
        <b>{process.name}</b>
        <span className="tree-pid" title={`started ${formatDateTime(process.startTime)}, user ${process.uid}`}>
          {process.pid}
        </span>
        <span className="tree-command data" title={process.arguments.join(" ") || process.executable}>
          {process.arguments.length === 0 ? (
            process.executable
          ) : (
            <Arguments words={process.arguments} cut={process.argumentsCut} />
          )}
        </span>
        <span className={end.isBad ? "outcome outcome-bad" : "outcome"}>{end.text}</span>
      </p>
      {deeds.length === 0 && deedsOmitted === 0 ? null : generation < 0 ? (
        // What a parent did is seldom the story: it is there, folded.
        <details className="tree-folded">
          <summary>{formatCount(deeds.length + deedsOmitted)} deeds</summary>
          <Deeds deeds={deeds} omitted={deedsOmitted} />
        </details>
      ) : (
        <Deeds deeds={deeds} omitted={deedsOmitted} />
      )}
    </li>
  );
}

interface DeedsProps {
  readonly deeds: readonly Deed[];
  readonly omitted: number;
}

function Deeds({ deeds, omitted }: DeedsProps) {
  return (
    <ul className="tree-deeds">
      {deeds.map(({ what, count, group }) => (
        <li key={`${group} ${what}`} className="data">
          {groupWords[group]} {what}
          {count > 1 ? <span className="none"> ×{formatCount(count)}</span> : null}
        </li>
      ))}
      {omitted > 0 ? <li className="none">and {formatCount(omitted)} more</li> : null}
    </ul>
  );
}

// What a workload does, in groups: outside the baseline first, then new, then the rest.
import { useState } from "react";
import { baselineItemKinds, type BaselineItemKind } from "../../../../src/model/baseline.ts";
import { Age } from "../../kit/age.tsx";
import { formatCount } from "../../kit/format.ts";
import { Notice } from "../../kit/states.tsx";
import { type BaselineDetail, type BaselineItem, itemState, kindWords, orderedItems } from "./baseline-words.ts";

interface BaselineItemsProps {
  readonly detail: BaselineDetail;
  readonly find: string;
  readonly onFind: (text: string) => void;
}

const shownFirst = 12;

export function BaselineItems({ detail, find, onFind }: BaselineItemsProps) {
  const groups = baselineItemKinds
    .map((kind) => ({
      kind,
      items: orderedItems(
        detail.items.filter((item) => item.kind === kind),
        find,
      ),
    }))
    .filter(({ items }) => items.length > 0);
  return (
    <section className="baseline-section" aria-label="Items">
      <h2>
        What it does <span className="none">in the last 7 days, and what its baseline holds</span>
        <input
          className="baselines-find"
          type="search"
          aria-label="Find items"
          placeholder="Find an item"
          value={find}
          onChange={({ currentTarget }) => onFind(currentTarget.value)}
        />
      </h2>
      {detail.cut.map(({ kind, because }) => (
        <Notice key={kind} tone="warning">
          {kindWords[kind]} are not complete: {because}.
        </Notice>
      ))}
      {groups.length === 0 ? (
        <p className="none">
          {find === "" ? "Nothing was seen of it in the last 7 days." : "No item holds this text."}
        </p>
      ) : null}
      <div className="baseline-groups">
        {groups.map(({ kind, items }) => (
          <Group key={kind} kind={kind} items={items} isJudged={detail.judged.includes(kind)} />
        ))}
      </div>
    </section>
  );
}

interface GroupProps {
  readonly kind: BaselineItemKind;
  readonly items: readonly BaselineItem[];
  readonly isJudged: boolean;
}

function Group({ kind, items, isJudged }: GroupProps) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? items : items.slice(0, shownFirst);
  return (
    <section className="baseline-group" aria-label={kindWords[kind]}>
      <h3>
        {kindWords[kind]} <span className="none">{formatCount(items.length)}</span>
        {isJudged ? null : (
          <span className="none" title="Drift is not told of this kind">
            not judged
          </span>
        )}
      </h3>
      <table className="baseline-table">
        <thead className="read-only">
          <tr>
            <th>Item</th>
            <th>Times</th>
            <th>Last seen</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((item) => (
            <tr key={item.item} data-outside={item.inBaseline ? undefined : "true"}>
              <td className="data">{item.item}</td>
              <td className="end">{item.count === 0 ? "" : formatCount(item.count)}</td>
              <td>{item.lastSeen === undefined ? "" : <Age time={item.lastSeen} />}</td>
              <td className="baseline-state" data-new={item.isNew ? "true" : undefined}>
                {itemState(item)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {items.length > shownFirst ? (
        <button type="button" className="button" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? "Show fewer" : `Show all ${formatCount(items.length)}`}
        </button>
      ) : null}
    </section>
  );
}

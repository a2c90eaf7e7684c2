// One kind of objects as a list, as of a time: how many, why it may not be whole, the rows, and the details of the chosen one.
import { PackageSearch } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { InventoryKind, InventoryObject } from "../../../../src/model/inventory.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import type { RowExtras } from "../../kit/data-grid.tsx";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, sentence, State, TroubleState } from "../../kit/states.tsx";
import type { ObjectsQuestion } from "./cluster-screen.tsx";
import { useObjects, type Objects } from "./use-objects.ts";

interface ObjectsListProps<T extends InventoryObject> {
  readonly question: ObjectsQuestion;
  readonly kinds: readonly InventoryKind[];
  /** In words, for many: "pods". */
  readonly what: string;
  readonly label: string;
  readonly is: (object: InventoryObject) => object is T;
  readonly columns: readonly SortedColumn<T>[];
  readonly initial: string;
  readonly extrasOf?: (object: T) => RowExtras;
  readonly details: (object: T) => ReactNode;
}

export function ObjectsList<T extends InventoryObject>(props: ObjectsListProps<T>) {
  const { question, kinds, what, label, is, columns, initial, extrasOf, details } = props;
  const found = useObjects(question, kinds);
  const [openedUid, setOpened] = useState<string | undefined>(undefined);
  const rows = found.objects.filter(is);
  // As it is now, not as it was when it was opened.
  const opened = rows.find(({ uid }) => uid === openedUid);
  useKeys({ Escape: () => setOpened(undefined) });
  return (
    <>
      <AsOf found={found} what={what} shown={rows.length} question={question} />
      <div className="live-panes">
        <SortedGrid
          label={label}
          columns={columns}
          rows={rows}
          initial={{ by: initial, direction: "ascending" }}
          onOpen={({ uid }) => setOpened(uid)}
          {...(extrasOf === undefined ? {} : { extrasOf })}
        >
          <NoObjects found={found} what={what} question={question} />
        </SortedGrid>
        {opened === undefined ? null : (
          <DetailsPane title={opened.name} onClose={() => setOpened(undefined)}>
            {details(opened)}
          </DetailsPane>
        )}
      </div>
    </>
  );
}

interface FoundProps {
  readonly found: Objects;
  readonly what: string;
  readonly question: ObjectsQuestion;
}

function AsOf({ found, what, question, shown }: FoundProps & { readonly shown: number }) {
  const { total, at, because, loadMore, error, retry } = found;
  if (at === undefined) return null;
  const where = question.namespace === undefined ? "" : ` in namespace ${question.namespace}`;
  const when = question.at === undefined ? "now" : `as of ${formatDateTime(at)}`;
  const hidden = total - shown;
  return (
    <>
      <div className="list-bar">
        <span className="list-count">
          {formatCount(total)} {what}
          {where} · {when}
        </span>
        {hidden > 0 ? <span className="count">{formatCount(hidden)} are not listed yet</span> : null}
        {loadMore === undefined ? null : (
          <button type="button" className="button" onClick={loadMore}>
            List more
          </button>
        )}
      </div>
      {because.map((text) => (
        <Notice key={text} tone="warning">
          This list may not be whole. {sentence(text)}
        </Notice>
      ))}
      {error === null ? null : (
        <Notice
          tone="warning"
          act={
            <button type="button" className="button" onClick={retry}>
              Try again
            </button>
          }
        >
          Stale: {troubleOf(error).message} What is shown came before that.
        </Notice>
      )}
    </>
  );
}

function NoObjects({ found, what, question }: FoundProps) {
  if (found.error !== null) return <TroubleState trouble={troubleOf(found.error)} onRetry={found.retry} />;
  if (found.pending) return <Loading label={`Loading ${what}`} rows={6} />;
  const where = question.namespace === undefined ? "" : ` in namespace ${question.namespace}`;
  if (found.because.length > 0)
    return (
      <State
        icon={<PackageSearch />}
        title={`Whether there are ${what} is not known`}
        hint="The line above says why. Nothing listed does not mean that there is nothing."
      />
    );
  return (
    <State
      icon={<PackageSearch />}
      title={`There are no ${what}${where}${question.at === undefined ? "" : " at that time"}`}
      hint={question.namespace === undefined ? "All of the cluster was looked at." : "Choose all namespaces above."}
    />
  );
}

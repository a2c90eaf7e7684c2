// The advisory database by feed: how old each is, what it does not say, what of it was refused.
import { BookOpen } from "lucide-react";
import { useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { State } from "../../kit/states.tsx";
import type { DatabaseState } from "./image-words.ts";

type Feed = DatabaseState["feeds"][number];

const columns: readonly SortedColumn<Feed>[] = [
  {
    id: "feed",
    header: "Feed",
    width: "minmax(140px, 1fr)",
    value: (row) => row.feed,
    cell: (row) => <span className="data">{row.feed}</span>,
  },
  {
    id: "ecosystems",
    header: "Speaks of",
    width: "minmax(160px, 2fr)",
    value: (row) => row.ecosystems[0] ?? "",
    cell: (row) => <span title={row.ecosystems.join(", ")}>{row.ecosystems.join(", ")}</span>,
  },
  {
    id: "comprehensive",
    header: "Comprehensive",
    hideBelowPx: 760,
    width: "minmax(120px, 0.8fr)",
    value: (row) => (row.isComprehensive ? 1 : 0),
    cell: (row) =>
      row.isComprehensive ? (
        <span title="Lists what is not fixed and not affected, too: its silence about a package is an answer">yes</span>
      ) : (
        <span className="none" title="Its silence about a package means nothing">
          no
        </span>
      ),
  },
  {
    id: "records",
    header: "Records",
    align: "end",
    width: "minmax(80px, 0.5fr)",
    value: (row) => row.records,
    cell: (row) => formatCount(row.records),
  },
  {
    id: "refused",
    header: "Refused",
    align: "end",
    width: "minmax(72px, 0.5fr)",
    value: (row) => row.refused,
    cell: (row) =>
      row.refused === 0 ? (
        <span className="none">0</span>
      ) : (
        <span className="warn-text" title={row.refusedBecause.join("\n")}>
          {formatCount(row.refused)}
        </span>
      ),
  },
  {
    id: "source",
    header: "As of",
    width: "minmax(84px, 0.6fr)",
    value: (row) => row.sourceAt,
    cell: (row) => (row.sourceAt === "" ? <span className="none">not known</span> : <Age time={row.sourceAt} />),
  },
  {
    id: "problem",
    header: "Problem",
    width: "minmax(100px, 1.4fr)",
    value: (row) => row.problem,
    cell: (row) =>
      row.problem === "" ? (
        <span className="none">none</span>
      ) : (
        <span className="warn-text" title={row.problem}>
          {row.problem}
        </span>
      ),
  },
];

export function AdvisoryFeeds({ database }: { readonly database: DatabaseState }) {
  const [state, update] = useUrlState();
  const picked = database.feeds.find(({ feed }) => feed === state.pick);
  return (
    <>
      {database.digest === "" ? null : (
        <p className="image-line">
          Database <span className="data">{database.digest.slice(0, 19)}</span>, built{" "}
          {formatDateTime(database.builtAt)} (<Age time={database.builtAt} />
          ). Nothing is fetched by itself: <code>garrison db update</code>.
        </p>
      )}
      <div className="live-panes">
        <SortedGrid
          label="Feeds"
          columns={columns}
          rows={database.feeds}
          initial={{ by: "records", direction: "descending" }}
          onOpen={(row) => update({ pick: row.feed }, "replace")}
          extrasOf={(row) => (row.problem === "" ? {} : { tone: "deny" })}
        >
          <State
            icon={<BookOpen />}
            title="There is no advisory database"
            hint={
              <>
                Without one no package can be judged. Make one with <code>garrison db build</code>, or copy one with{" "}
                <code>garrison db import</code>; the guide is docs/guides/advisories.md.
              </>
            }
          />
        </SortedGrid>
        {picked === undefined ? null : (
          <DetailsPane title={picked.feed} onClose={() => update({ pick: undefined }, "replace")}>
            <FieldList
              groups={[
                {
                  title: "Feed",
                  fields: [
                    field("Records", formatCount(picked.records)),
                    field("As of", picked.sourceAt === "" ? "not known" : formatDateTime(picked.sourceAt)),
                    field("Imported", formatDateTime(picked.importedAt)),
                    field("Problem", picked.problem),
                  ],
                },
                {
                  title: "Refused records",
                  fields: [
                    field("Count", formatCount(picked.refused)),
                    ...picked.refusedBecause.map((because, index) => field(`Reason ${index + 1}`, because, "data")),
                  ],
                },
                { title: "Ecosystems", fields: [field("All", picked.ecosystems.join(", "))] },
              ]}
            />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

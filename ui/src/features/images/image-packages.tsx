// The packages of an image with where each was found: a long list, sorted and searched here.
import { Boxes } from "lucide-react";
import { useMemo } from "react";
import { useUrlState } from "../../app/use-url-state.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Notice, State } from "../../kit/states.tsx";
import { loadedColumn } from "./match-columns.tsx";
import { packageTitle } from "./exception-words.ts";
import { loadedWords, type ImagePackage, type OneImage } from "./image-words.ts";

const columns: readonly SortedColumn<ImagePackage>[] = [
  {
    id: "name",
    header: "Package",
    width: "minmax(160px, 1.6fr)",
    value: (row) => packageTitle(row),
    cell: (row) => (
      <span className="data" title={row.purl}>
        {packageTitle(row)}
      </span>
    ),
  },
  {
    id: "version",
    header: "Version",
    width: "minmax(120px, 1fr)",
    value: (row) => row.version,
    cell: (row) =>
      row.version === "" ? <span className="warn-text">not known</span> : <span className="data">{row.version}</span>,
  },
  {
    id: "type",
    header: "Type",
    width: "minmax(64px, 0.4fr)",
    value: (row) => row.type,
    cell: (row) => row.type,
  },
  {
    id: "findings",
    header: "Findings",
    align: "end",
    width: "minmax(70px, 0.4fr)",
    value: (row) => row.findings,
    cell: (row) => (row.findings === 0 ? <span className="none">0</span> : formatCount(row.findings)),
  },
  loadedColumn(700, (row) => row.loaded),
  {
    id: "layer",
    header: "Layer",
    align: "end",
    hideBelowPx: 760,
    width: "minmax(54px, 0.3fr)",
    value: (row) => row.evidence[0]?.layer ?? -1,
    cell: (row) => {
      const layer = row.evidence[0]?.layer ?? -1;
      return layer < 0 ? <span className="none">–</span> : layer + 1;
    },
  },
  {
    id: "path",
    header: "Found in",
    hideBelowPx: 860,
    width: "minmax(160px, 1.8fr)",
    value: (row) => row.evidence[0]?.path ?? "",
    cell: (row) => (
      <span className="data" title={row.evidence.map(({ path }) => path).join("\n")}>
        {row.evidence[0]?.path ?? ""}
      </span>
    ),
  },
  {
    id: "owner",
    header: "Belongs to",
    hideBelowPx: 1080,
    width: "minmax(120px, 1fr)",
    value: (row) => row.ownedBy,
    cell: (row) => <span className="data">{row.ownedBy.replace(/^pkg:/, "").replace(/\?.*$/, "")}</span>,
  },
];

const keyOf = (row: ImagePackage): string => `${row.purl} ${row.evidence[0]?.path ?? ""}`;

export function PackagesPart({ image }: { readonly image: OneImage }) {
  const [state, update] = useUrlState();
  const wanted = (state.q ?? "").toLowerCase();
  const rows = useMemo(
    () =>
      image.packages.filter((row) =>
        wanted
          .split(/\s+/)
          .every((word) => `${row.purl} ${row.evidence[0]?.path ?? ""} ${row.ownedBy}`.toLowerCase().includes(word)),
      ),
    [image.packages, wanted],
  );
  const picked = image.packages.find((row) => keyOf(row) === state.pick);
  return (
    <>
      {image.packagesOmitted === 0 ? null : (
        <Notice tone="warning">{image.packagesOmitted} more packages are left out of this list.</Notice>
      )}
      <div className="image-choices" role="search">
        <input
          type="search"
          aria-label="Filter packages"
          placeholder="Filter by name, path, owner"
          defaultValue={state.q ?? ""}
          maxLength={512}
          onChange={({ currentTarget }) =>
            update({ q: currentTarget.value === "" ? undefined : currentTarget.value }, "replace")
          }
        />
        <span className="none">
          {rows.length === image.packages.length ? "" : `${formatCount(rows.length)} of `}
          {formatCount(image.packages.length)} packages
        </span>
      </div>
      <div className="live-panes">
        <SortedGrid
          label="Packages"
          columns={columns}
          rows={rows}
          initial={{ by: "findings", direction: "descending" }}
          onOpen={(row) => update({ pick: keyOf(row) }, "replace")}
        >
          <State
            icon={<Boxes />}
            title={image.packages.length === 0 ? "No package was found" : "No package fits"}
            hint={
              image.packages.length === 0 ? "See the gaps: a database may not have been read." : "Clear the filter."
            }
          />
        </SortedGrid>
        {picked === undefined ? null : (
          <PackageDetails each={picked} onClose={() => update({ pick: undefined }, "replace")} />
        )}
      </div>
    </>
  );
}

const evidenceShown = 20;

function PackageDetails({ each, onClose }: { readonly each: ImagePackage; readonly onClose: () => void }) {
  return (
    <DetailsPane title={packageTitle(each)} onClose={onClose}>
      <FieldList
        groups={[
          {
            title: "Package",
            fields: [
              field("Version", each.version || "not known", "data"),
              field("Package URL", each.purl, "data"),
              field("Source", each.source === undefined ? "" : `${each.source.name} ${each.source.version}`, "data"),
              field("Module", each.module, "data"),
              field("Architecture", each.architecture),
              field("Licences", each.licenses.join(", ")),
              field("Scope", each.scope),
              field("CPE", each.cpes.join(", "), "data"),
            ],
          },
          {
            title: "Found",
            fields: [
              field("By", each.cataloger, "data"),
              ...each.evidence
                .slice(0, evidenceShown)
                .map(({ path, layer, line }) =>
                  field(layer < 0 ? "In" : `Layer ${layer + 1}`, line === 0 ? path : `${path}:${line}`, "data"),
                ),
              field(
                "More places",
                each.evidence.length > evidenceShown ? String(each.evidence.length - evidenceShown) : "",
              ),
              field("Belongs to", each.ownedBy, "data"),
            ],
          },
          {
            title: "In use",
            fields: [
              field("State", loadedWords[each.loaded?.state ?? "unknown"]),
              field("Because", each.loaded?.because ?? "nobody looked"),
            ],
          },
        ]}
      />
    </DetailsPane>
  );
}

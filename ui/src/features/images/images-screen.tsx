// Images: what is analysed or runs, the vulnerabilities in them, who accepted what, scans, and the advisories that all of it is judged by.
import { type ReactNode } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { AdvisoryFeeds } from "./advisory-feeds.tsx";
import { DatabaseNotices } from "./database-notices.tsx";
import { ExceptionList } from "./exception-list.tsx";
import { ImageGrid } from "./image-list.tsx";
import { listQuery, type ImageList } from "./image-words.ts";
import { ImageTotals } from "./image-totals.tsx";
import { ListChoices } from "./list-choices.tsx";
import { Scans } from "./scans.tsx";
import { VulnerabilityGrid } from "./vulnerability-list.tsx";
import "../../styles/images.css";

const refetchMs = 10_000;

const tabs = [
  { id: "images", label: "Images" },
  { id: "vulnerabilities", label: "Vulnerabilities" },
  { id: "exceptions", label: "Exceptions" },
  { id: "scans", label: "Scans" },
  { id: "advisories", label: "Advisories" },
] as const;
type TabId = (typeof tabs)[number]["id"];

export function ImagesScreen() {
  const [state, update] = useUrlState();
  const answer = useCall("listImages", { query: listQuery(state.q, state.only) }, { keep: true, refetchMs });
  useKeys({ Escape: () => update({ pick: undefined }, "replace") });
  const tab: TabId = tabs.find((each) => each.id === state.tab)?.id ?? "images";
  const list = answer.data;
  return (
    <div className="screen">
      {list === undefined ? null : (
        <>
          <ImageTotals list={list} />
          <DatabaseNotices database={list.database} more={list.runningBecause} />
        </>
      )}
      <Tabs
        label="Parts of images"
        tabs={tabs}
        chosen={tab}
        onChoose={(next) => update({ tab: next === "images" ? undefined : next, pick: undefined }, "replace")}
      >
        {list === undefined ? (
          answer.error === null ? (
            <Loading label="Loading images" rows={8} />
          ) : (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          )
        ) : (
          panelOf(tab, list)
        )}
      </Tabs>
    </div>
  );
}

function panelOf(tab: TabId, list: ImageList): ReactNode {
  switch (tab) {
    case "images":
      return (
        <>
          <ListChoices what="images" hint="Filter by name, digest, namespace" />
          <ImageGrid list={list} />
        </>
      );
    case "vulnerabilities":
      return (
        <>
          <ListChoices what="vulnerabilities" hint="Filter by CVE, title, package" />
          <VulnerabilityGrid />
        </>
      );
    case "exceptions":
      return <ExceptionList />;
    case "scans":
      return <Scans />;
    case "advisories":
      return <AdvisoryFeeds database={list.database} />;
  }
}

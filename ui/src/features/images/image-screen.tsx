// One image on a page of its own: what it is and where it runs at the head; findings with why, packages, layers, advice, secrets and gaps below.
import { getRouteApi, Link } from "@tanstack/react-router";
import { Package } from "lucide-react";
import type { ReactNode } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatBytes, formatCount } from "../../kit/format.ts";
import { Loading, Notice, sentence, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { AdvicePart } from "./image-advice.tsx";
import { DatabaseNotices } from "./database-notices.tsx";
import { FindingsPart } from "./image-findings.tsx";
import { GapsPart } from "./image-gaps.tsx";
import { InstancesPart } from "./image-instances.tsx";
import { LayersPart } from "./image-layers.tsx";
import { PackagesPart } from "./image-packages.tsx";
import { SbomLinks } from "./sbom-links.tsx";
import { SecretsPart } from "./image-secrets.tsx";
import { runningText, shortDigest, type OneImage } from "./image-words.ts";
import { SeverityCountsRow } from "./severity.tsx";
import "../../styles/images.css";

const route = getRouteApi("/images/$digest");
const refetchMs = 15_000;

const tabIds = ["findings", "packages", "layers", "advice", "secrets", "runs", "gaps"] as const;
type TabId = (typeof tabIds)[number];

export function ImageScreen() {
  const { digest } = route.useParams();
  const [state, update] = useUrlState();
  const answer = useCall("getImage", { query: { digest } }, { keep: true, refetchMs });
  useKeys({ Escape: () => update({ pick: undefined }, "replace") });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the image" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const image = answer.data;
  const tab = tabIds.find((each) => each === state.tab) ?? "findings";
  return (
    <div className="screen">
      <ImageHead image={image} />
      <DatabaseNotices database={image.database} />
      {image.image.because === "" ? null : <Notice tone="warning">{sentence(image.image.because)}</Notice>}
      <Tabs
        label="Parts of the image"
        tabs={tabsOf(image)}
        chosen={tab}
        onChoose={(next) => update({ tab: next === "findings" ? undefined : next, pick: undefined }, "replace")}
      >
        {panelOf(tab, image)}
      </Tabs>
    </div>
  );
}

function tabsOf(image: OneImage): readonly { id: TabId; label: string }[] {
  const gaps = image.gaps.reduce((sum, { count }) => sum + count, 0);
  return [
    { id: "findings", label: `Findings ${formatCount(image.matches.length + image.matchesOmitted)}` },
    { id: "packages", label: `Packages ${formatCount(image.packages.length + image.packagesOmitted)}` },
    { id: "layers", label: `Layers ${image.layers.length}` },
    { id: "advice", label: `Advice ${image.advice.length}` },
    { id: "secrets", label: image.secretsSearched ? `Secrets ${image.secrets.length}` : "Secrets" },
    { id: "runs", label: `Runs ${image.instances.length + image.instancesOmitted}` },
    { id: "gaps", label: `Gaps ${formatCount(gaps)}` },
  ];
}

function panelOf(tab: TabId, image: OneImage): ReactNode {
  switch (tab) {
    case "findings":
      return <FindingsPart image={image} />;
    case "packages":
      return <PackagesPart image={image} />;
    case "layers":
      return <LayersPart image={image} />;
    case "advice":
      return <AdvicePart image={image} />;
    case "secrets":
      return <SecretsPart image={image} />;
    case "runs":
      return <InstancesPart image={image} />;
    case "gaps":
      return <GapsPart image={image} />;
  }
}

function ImageHead({ image }: { readonly image: OneImage }) {
  const { image: row, config, operatingSystem: system } = image;
  return (
    <header className="workload-head">
      <div className="workload-title">
        <Package aria-hidden="true" />
        <div>
          <h2 className="data">{row.reference}</h2>
          <p title={image.digests.join("\n")}>
            <span className="data">{shortDigest(row.digest)}</span> ·{" "}
            {image.references.length > 1 ? `${image.references.length} names · ` : ""}
            <Link to="/images" search={carried}>
              all images
            </Link>
          </p>
        </div>
        <span className="spacer" />
        <SbomLinks digest={row.digest} />
        <CopyButton text={row.digest} label="Copy digest" />
      </div>
      <dl className="facts">
        <Fact name="Findings">
          {row.risk === undefined ? (
            <NotKnown because={row.because || "not matched yet"} />
          ) : (
            <SeverityCountsRow counts={row.risk.severities} />
          )}
        </Fact>
        <Fact name="Running">{runningText(row)}</Fact>
        <Fact name="Exposed">
          {row.exposed ? (
            <span className="exposed">from outside</span>
          ) : (
            <NotKnown because="no connection from outside was seen, or nobody looked" />
          )}
        </Fact>
        <Fact name="System">
          {system === undefined ? (
            <NotKnown because="no os-release or its kin was found" />
          ) : (
            system.name || `${system.id} ${system.versionId}`
          )}
        </Fact>
        <Fact name="User">
          {config === undefined ? (
            <NotKnown because="an SBOM has no configuration" />
          ) : (
            <span className={config.user === "" ? "warn-text" : undefined}>{config.user || "root"}</span>
          )}
        </Fact>
        <Fact name="Base" title={image.base.because}>
          {image.base.how === "" ? <NotKnown because={image.base.because} /> : image.base.image}
        </Fact>
        <Fact name="Size" minor>
          {row.sizeBytes === 0 ? <NotKnown because="no layers were read" /> : formatBytes(row.sizeBytes)}
        </Fact>
        <Fact name="Created" minor>
          {row.createdAt === "" || Date.parse(row.createdAt) <= 0 || Number.isNaN(Date.parse(row.createdAt)) ? (
            <NotKnown because="the image does not say" />
          ) : (
            <Age time={row.createdAt} />
          )}
        </Fact>
        <Fact name="Analysed" minor>
          {row.analysedAt === undefined ? "never" : <Age time={row.analysedAt} />}
        </Fact>
      </dl>
    </header>
  );
}

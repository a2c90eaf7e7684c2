// Who a workload is and how it is, in one block: health with reasons, replicas, images with digests, nodes, what it did in the window.
import { Link } from "@tanstack/react-router";
import { Box, CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Vertex } from "../../../../src/model/graph.ts";
import type { Workload } from "../../../../src/model/workload.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { DemoBadge } from "../../kit/demo-badge.tsx";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatBytes, formatCount, shellQuote, shortImage } from "../../kit/format.ts";
import { HealthWord } from "../../kit/health-word.tsx";
import { shortDigest } from "../../kit/pod-text.ts";
import { sentence } from "../../kit/states.tsx";
import { isOfKubernetes, kindWord } from "../../kit/workload-text.ts";
import { DetectionsLine } from "./detections-line.tsx";
import { runningImages } from "./running-images.ts";
import { workloadHealth } from "./workload-health.ts";
import type { WorkloadObjects } from "./pods-tab.tsx";
import type { WorkloadQuestion } from "./workload-question.ts";

export interface WorkloadHeadProps {
  readonly params: WorkloadQuestion["params"];
  readonly question: WorkloadQuestion;
  /** What telemetry says; undefined when nothing of it was seen in the window. */
  readonly seen: Workload | undefined;
  /** What the inventory says; undefined while it is not known. */
  readonly objects: WorkloadObjects | undefined;
  readonly objectsTrouble: string;
  /** Its vertex of the service graph. */
  readonly own: Vertex | undefined;
  readonly healthTrouble: string;
  readonly simulated: boolean | undefined;
}

export function WorkloadHead(props: WorkloadHeadProps) {
  const { params, seen, objects } = props;
  const { name, namespace, cluster } = params;
  const q = `ns:${quoteValue(namespace)} workload:${quoteValue(name)}`;
  const services = objects?.services ?? (seen === undefined || seen.service === "" ? [] : [seen.service]);
  return (
    <section className="workload-head" aria-label="About the workload">
      <div className="workload-title">
        <Box aria-hidden="true" />
        <div>
          <h2>
            {name} <DemoBadge simulated={props.simulated} />
          </h2>
          <p>
            {kindWord(params.kind, name)} in <b>{namespace || "no namespace"}</b> on cluster{" "}
            <Link to="/clusters/$cluster" params={{ cluster }} search={carried}>
              <b>{cluster}</b>
            </Link>
            {services.length === 0
              ? null
              : `, ${services.length === 1 ? "service" : "services"} ${services.join(", ")}`}
          </p>
        </div>
        <span className="spacer" />
        <Link className="button" to="/flows" search={(before) => ({ ...carried(before), q })}>
          All flows
        </Link>
        <Link className="button" to="/events" search={(before) => ({ ...carried(before), q })}>
          All events
        </Link>
        <CopyButton text={`npx garrison flows ${shellQuote(q)}`} label="Copy as command" />
      </div>
      <DetectionsLine question={props.question} />
      <HealthLine {...props} />
      <dl className="facts">
        <InventoryFacts {...props} />
        <SeenFacts seen={seen} />
      </dl>
      <Because {...props} />
    </section>
  );
}

/** How it is, with all reasons: what was too little to judge is said as such. */
function HealthLine({ params, own, objects, healthTrouble }: WorkloadHeadProps) {
  const health = workloadHealth(own?.health, objects, healthTrouble);
  return (
    <div className="health-line" role="group" aria-label="Health">
      <b>{isOfKubernetes(params.kind) ? "Traffic and pods" : "Traffic"}</b>
      <HealthWord health={health} reasons="none" />
      <span>{health.because.join("; ") || "nothing is wrong with what was seen in this window"}</span>
    </div>
  );
}

function InventoryFacts({ params, seen, objects, objectsTrouble }: WorkloadHeadProps) {
  const unknown = <NotKnown because={objectsTrouble || objects?.because || "the inventory does not know it"} />;
  const workload = objects?.workload;
  const living = objects?.pods.filter(({ endedAt }) => endedAt === undefined).map(({ pod }) => pod) ?? [];
  const nodes = living.length > 0 ? [...new Set(living.map(({ node }) => node))].toSorted() : (seen?.nodes ?? []);
  const images = runningImages(living);
  const named = images.length > 0 ? images : (seen?.images ?? []).map((image) => ({ image, digest: "" }));
  return (
    <>
      {isOfKubernetes(params.kind) ? (
        <Fact name={workload?.kind === "CronJob" ? "Schedule" : "Replicas ready"}>
          {workload === undefined ? (
            unknown
          ) : workload.kind === "CronJob" ? (
            workload.schedule
          ) : (
            <Replicas {...workload} />
          )}
        </Fact>
      ) : null}
      <div className="fact-wide" title={named.map(({ image, digest }) => `${image}\n${digest}`).join("\n")}>
        <dt>{named.length > 1 ? "Images" : "Image"}</dt>
        <dd>
          {named.length === 0
            ? "no image"
            : named.map(({ image, digest }) => (
                <span key={image + digest} className="image">
                  {shortImage(image)} <small>{shortDigest(digest)}</small>
                </span>
              ))}
        </dd>
      </div>
      <Fact name="Nodes" title={nodes.join("\n")}>
        {nodes.join(", ") || "–"}
      </Fact>
    </>
  );
}

function Replicas({
  replicasReady,
  replicasDesired,
}: {
  readonly replicasReady: number;
  readonly replicasDesired: number;
}) {
  const text = `${replicasReady} of ${replicasDesired}`;
  return replicasReady < replicasDesired ? <b className="outcome-bad">{text}</b> : <>{text}</>;
}

/** They stand in the tabs too. */
const minorFacts: ReadonlySet<string> = new Set(["Processes", "DNS questions"]);
const notSeen = "nothing of it was seen in this window";

function SeenFacts({ seen }: { readonly seen: Workload | undefined }) {
  const fact = (name: string, value: (workload: Workload) => ReactNode) => (
    <Fact name={name} {...(minorFacts.has(name) ? { minor: true } : {})}>
      {seen === undefined ? <NotKnown because={notSeen} /> : value(seen)}
    </Fact>
  );
  return (
    <>
      {fact("Last seen", ({ lastSeen }) => (
        <Age time={lastSeen} />
      ))}
      {fact("Connections", ({ connections, connectionsFailed }) => (
        <>
          {formatCount(connections)}
          {connectionsFailed > 0 ? <b className="outcome-bad"> · {formatCount(connectionsFailed)} failed</b> : null}
        </>
      ))}
      {fact(
        "Sent / received",
        ({ bytesSent, bytesReceived }) => `${formatBytes(bytesSent)} / ${formatBytes(bytesReceived)}`,
      )}
      {fact("Processes", ({ processes }) => formatCount(processes))}
      {fact("DNS questions", ({ dnsQuestions }) => formatCount(dnsQuestions))}
    </>
  );
}

/** Why something on this page is not known, once. */
function Because({ params, own, objects, objectsTrouble }: WorkloadHeadProps) {
  const ofInventory = isOfKubernetes(params.kind) ? [objectsTrouble, objects?.because ?? ""] : [];
  const reasons = [...ofInventory, own?.because ?? ""].filter((text) => text !== "");
  if (reasons.length === 0) return null;
  return (
    <p className="head-because" data-tone="muted">
      <CircleAlert aria-hidden="true" />
      <span>Not all is known: {sentence(reasons.join("; "))}</span>
    </p>
  );
}

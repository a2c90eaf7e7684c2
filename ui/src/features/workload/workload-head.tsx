// Who a workload is, in one block: kind, place, images, nodes, first and last seen, what it did in the window.
import { Link } from "@tanstack/react-router";
import { Box } from "lucide-react";
import type { ReactNode } from "react";
import type { Workload } from "../../../../src/model/workload.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { formatBytes, formatCount, shellQuote, shortImage } from "../../kit/format.ts";
import { kindWord } from "../../kit/workload-text.ts";

export function WorkloadHead({ workload }: { readonly workload: Workload }) {
  const { name, namespace, cluster, service, nodes, images, firstSeen, lastSeen } = workload;
  const q = `ns:${quoteValue(namespace)} workload:${quoteValue(name)}`;
  return (
    <section className="workload-head" aria-label="About the workload">
      <div className="workload-title">
        <Box aria-hidden="true" />
        <div>
          <h2>{name}</h2>
          <p>
            {kindWord(workload.kind)} in <b>{namespace || "no namespace"}</b> on cluster <b>{cluster}</b>
            {service === "" ? null : `, service ${service}`}
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
      <dl className="facts">
        <Fact name="Nodes" title={nodes.join("\n")}>
          {nodes.join(", ") || "–"}
        </Fact>
        <Fact name="Images" title={images.join("\n")}>
          {images.length === 0 ? "no image" : images.map(shortImage).join(", ")}
        </Fact>
        <Fact name="First seen">
          <Age time={firstSeen} />
        </Fact>
        <Fact name="Last seen">
          <Age time={lastSeen} />
        </Fact>
        <Fact name="Processes">{formatCount(workload.processes)}</Fact>
        <Fact name="Connections">
          {formatCount(workload.connections)}
          {workload.connectionsFailed > 0 ? (
            <b className="outcome-bad"> · {formatCount(workload.connectionsFailed)} failed</b>
          ) : null}
        </Fact>
        <Fact name="Sent / received">
          {formatBytes(workload.bytesSent)} / {formatBytes(workload.bytesReceived)}
        </Fact>
        <Fact name="DNS questions">{formatCount(workload.dnsQuestions)}</Fact>
      </dl>
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly title?: string;
  readonly children: ReactNode;
}

function Fact({ name, title, children }: FactProps) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

// Every field of one event: what is special to its kind first, then who, then where it came from.
import { Link } from "@tanstack/react-router";
import type { AnyEvent } from "../../../../src/apps/server/contract/telemetry.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Arguments } from "../../kit/arguments.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { field, FieldList, type Field } from "../../kit/field-list.tsx";
import { formatDateTime, titleOf } from "../../kit/format.ts";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { eventProcess } from "./event-text.ts";

const subjectNames = new Set([
  "namespace",
  "workload",
  "workloadKind",
  "service",
  "pod",
  "container",
  "containerId",
  "image",
  "imageDigest",
  "identityReason",
]);
const originNames = new Set(["time", "cluster", "node", "ingest", "fidelity", "kind"]);

export function EventDetails({ event }: { readonly event: AnyEvent }) {
  const own = Object.entries(event).filter(([name]) => !subjectNames.has(name) && !originNames.has(name));
  const process = eventProcess(event);
  return (
    <>
      <div className="details-acts">
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy JSON" />
      </div>
      <FieldList
        groups={[
          { title: "What happened", fields: own.map(([name, value]) => ownField(event, name, value)) },
          { title: "Workload", fields: subjectFields(event) },
          {
            title: "When and where",
            fields: [
              field("Time", formatDateTime(event.time), "data"),
              field("Node", event.node),
              field("Cluster", event.cluster),
              field("Fidelity", event.fidelity),
            ],
          },
        ]}
      />
      {process === "" ? null : (
        <section className="fields">
          <h3>Related</h3>
          <ul className="related">
            <li>
              <Link to="/events" search={(before) => ({ ...carried(before), q: `process:${quoteValue(process)}` })}>
                All events of {process}
              </Link>
            </li>
            <li>
              <Link to="/flows" search={(before) => ({ ...carried(before), q: `process:${quoteValue(process)}` })}>
                Traffic of {process}
              </Link>
            </li>
          </ul>
        </section>
      )}
    </>
  );
}

function ownField(event: AnyEvent, name: string, value: unknown): Field | undefined {
  if (name === "arguments" && event.kind === "process")
    return field("Arguments", <Arguments words={event.arguments} cut={event.argumentsCut} />, "data");
  const empty = value === "" || value === false || value === 0 || value === "::";
  if ((empty && name !== "exitCode") || (Array.isArray(value) && value.length === 0)) return undefined;
  if (name === "exitCode" && event.kind === "process" && event.action !== "exit") return undefined;
  return field(titleOf(name), Array.isArray(value) ? value.join(", ") : String(value), "data");
}

function subjectFields(event: AnyEvent): readonly (Field | undefined)[] {
  if (!("workload" in event)) return [field("Namespace", event.namespace)];
  return [
    field(
      "Workload",
      <WorkloadName
        cluster={event.cluster}
        namespace={event.namespace}
        kind={event.workloadKind}
        name={event.workload}
        reason={event.identityReason}
      />,
    ),
    field("Not known, because", event.identityReason),
    field("Service", event.service),
    field("Pod", event.pod, "data"),
    field("Container", event.container),
    field("Container id", event.containerId.slice(0, 12), "data"),
    field("Image", event.image, "data"),
    field("Digest", event.imageDigest, "data"),
  ];
}

// Every field of one event: what is special to its kind first, then who, then where it came from.
import { Link } from "@tanstack/react-router";
import type { AnyEvent } from "../../../src/apps/server/contract/telemetry.ts";
import { quoteValue } from "../app/url-state.ts";
import { carried } from "../app/use-url-state.ts";
import { Arguments } from "./arguments.tsx";
import { CopyButton } from "./copy.tsx";
import { field, FieldList, type Field } from "./field-list.tsx";
import { formatDateTime, titleOf } from "./format.ts";
import { WorkloadName } from "./workload-name.tsx";
import { eventProcess, eventSubject } from "./event-text.ts";

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
  "workloadReason",
  "actorNamespace",
  "actorWorkload",
  "actorKind",
  "actorPod",
  "actorReason",
  "object",
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
      {event.kind === "inventory" && event.object !== "" ? <ObjectText text={event.object} /> : null}
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
  const subject = eventSubject(event);
  const workload = [
    field("Workload", <WorkloadName cluster={event.cluster} {...subject} />),
    field("Not known, because", subject.reason),
  ];
  if (event.kind === "audit") return [...workload, ...actorFields(event)];
  return [
    ...workload,
    field("Service", event.service),
    field("Pod", event.pod, "data"),
    field("Container", event.container),
    field("Container id", event.containerId.slice(0, 12), "data"),
    field("Image", event.image, "data"),
    field("Digest", event.imageDigest, "data"),
  ];
}

/** Who asked, when it was a pod of the cluster. */
function actorFields(event: Extract<AnyEvent, { kind: "audit" }>): readonly (Field | undefined)[] {
  const { cluster, actorNamespace, actorKind, actorWorkload, actorReason } = event;
  if (actorWorkload === "" && actorReason === "") return [];
  return [
    field(
      "Asked by",
      <WorkloadName
        cluster={cluster}
        namespace={actorNamespace}
        kind={actorKind}
        name={actorWorkload}
        reason={actorReason}
      />,
    ),
    field("From pod", event.actorPod, "data"),
  ];
}

/** The object as it was after the change, or before it went: kept without environment values. */
function ObjectText({ text }: { readonly text: string }) {
  return (
    <section className="fields">
      <h3>The object then</h3>
      <pre className="object-text" tabIndex={0} aria-label="The object as JSON">
        {pretty(text)}
      </pre>
    </section>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // It was cut or comes from a newer version: as it is.
    return text;
  }
}

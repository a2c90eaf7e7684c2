// The details of an owner of pods, of a service, of a namespace.
import { Link } from "@tanstack/react-router";
import type { Namespace, Service, WorkloadObject } from "../../../../src/model/inventory.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { labelsText } from "../../kit/pod-text.ts";
import { WorkloadName } from "../../kit/workload-name.tsx";

function created(createdAt: string | undefined) {
  return field("Created", createdAt === undefined ? "" : formatDateTime(createdAt), "data");
}

export function WorkloadObjectDetails({ workload }: { readonly workload: WorkloadObject }) {
  const { cluster, namespace, kind, name } = workload;
  return (
    <FieldList
      groups={[
        {
          title: "Workload",
          fields: [
            field("Page", <WorkloadName cluster={cluster} namespace={namespace} kind={kind} name={name} />),
            field("Kind", kind),
            field("Namespace", namespace),
            field("Schedule", workload.schedule, "data"),
            field("Service account", workload.serviceAccount, "data"),
            field("Generation", workload.generation === 0 ? "" : workload.generation, "data"),
            created(workload.createdAt),
          ],
        },
        {
          title: "Replicas",
          fields:
            kind === "CronJob"
              ? []
              : [
                  field("Wanted", workload.replicasDesired, "data"),
                  field("Ready", workload.replicasReady, "data"),
                  field("Of the newest template", workload.replicasUpdated, "data"),
                ],
        },
        { title: "Images", fields: workload.images.map((image, index) => field(`Image ${index + 1}`, image, "data")) },
        {
          title: "Conditions",
          fields: workload.conditions.map(({ type, status, reason, message }) =>
            field(type, [status, reason, message].filter((text) => text !== "").join(" · ")),
          ),
        },
        {
          title: "Labels",
          fields: [
            field("Selects", labelsText(workload.selector), "data"),
            field("Own", labelsText(workload.labels), "data"),
          ],
        },
      ]}
    />
  );
}

export function ServiceDetails({ service }: { readonly service: Service }) {
  const { cluster, namespace, name } = service;
  return (
    <>
      <FieldList
        groups={[
          {
            title: "Service",
            fields: [
              field("Type", service.type),
              field("Namespace", namespace),
              field("Addresses", service.addresses.join(", ") || "none (headless)", "data"),
              field("From outside", service.externalAddresses.join(", "), "data"),
              field("External name", service.externalName, "data"),
              field("Selects", labelsText(service.selector), "data"),
              created(service.createdAt),
            ],
          },
          {
            title: "Ports",
            fields: service.ports.map(({ name: port, port: number, protocol, targetPort, nodePort }) =>
              field(
                port || String(number),
                `${number}/${protocol} → ${targetPort || number}${nodePort === 0 ? "" : `, node port ${nodePort}`}`,
                "data",
              ),
            ),
          },
        ]}
      />
      <section className="fields">
        <h3>Related</h3>
        <ul className="related">
          <li>
            <Link
              to="/workloads"
              search={(before) => ({ ...carried(before), cluster, ns: namespace, q: `service:${quoteValue(name)}` })}
            >
              Workloads behind {name}
            </Link>
          </li>
          <li>
            <Link
              to="/flows"
              search={(before) => ({ ...carried(before), cluster, ns: namespace, q: `to:${quoteValue(name)}` })}
            >
              Traffic to {name}
            </Link>
          </li>
        </ul>
      </section>
    </>
  );
}

export function NamespaceDetails({
  namespace: { cluster, name, phase, labels, createdAt },
}: {
  readonly namespace: Namespace;
}) {
  return (
    <>
      <FieldList
        groups={[
          {
            title: "Namespace",
            fields: [field("Phase", phase), field("Labels", labelsText(labels), "data"), created(createdAt)],
          },
        ]}
      />
      <section className="fields">
        <h3>Related</h3>
        <ul className="related">
          {(["/workloads", "/flows", "/events"] as const).map((to) => (
            <li key={to}>
              <Link to={to} search={(before) => ({ ...carried(before), cluster, ns: name })}>
                {{ "/workloads": "Workloads", "/flows": "Traffic", "/events": "Events" }[to]} of {name}
              </Link>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

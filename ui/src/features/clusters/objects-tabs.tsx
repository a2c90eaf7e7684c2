// Pods, workloads, services and namespaces of a cluster. Every name leads to its workload.
import { Link } from "@tanstack/react-router";
import type {
  InventoryKind,
  InventoryObject,
  Namespace,
  Pod,
  Service,
  WorkloadObject,
} from "../../../../src/model/inventory.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { shortImage } from "../../kit/format.ts";
import { PodDetails } from "../../kit/pod-details.tsx";
import { isPodWell, podRestarts, podStateText } from "../../kit/pod-text.ts";
import type { SortedColumn } from "../../kit/sorted-grid.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import type { ObjectsQuestion } from "./cluster-screen.tsx";
import { NamespaceDetails, ServiceDetails, WorkloadObjectDetails } from "./object-details.tsx";
import { ObjectsList } from "./objects-list.tsx";

interface TabProps {
  readonly question: ObjectsQuestion;
}

const namespaceColumn = {
  id: "namespace",
  header: "Namespace",
  width: "minmax(90px, 0.8fr)",
  value: ({ namespace }: InventoryObject) => namespace,
  cell: ({ namespace }: InventoryObject) => namespace,
};

function ageColumn<T extends InventoryObject>(): SortedColumn<T> {
  return {
    id: "age",
    header: "Created",
    width: "112px",
    align: "end",
    hideBelowPx: 900,
    value: ({ createdAt }) => (createdAt === undefined ? 0 : Date.parse(createdAt)),
    cell: ({ createdAt }) => (createdAt === undefined ? <span className="none">–</span> : <Age time={createdAt} />),
  };
}

const podColumns: readonly SortedColumn<Pod>[] = [
  {
    id: "name",
    header: "Pod",
    width: "minmax(150px, 1.6fr)",
    value: ({ name }) => name,
    cell: ({ name }) => (
      <span className="data-text" title={name}>
        {name}
      </span>
    ),
  },
  {
    id: "workload",
    header: "Workload",
    width: "minmax(130px, 1.2fr)",
    value: ({ workload }) => workload,
    cell: (pod) => (
      <WorkloadName
        cluster={pod.cluster}
        namespace={pod.namespace}
        kind={pod.workloadKind}
        name={pod.workload}
        reason={pod.workloadReason}
      />
    ),
  },
  {
    id: "state",
    header: "State",
    width: "minmax(110px, 1fr)",
    value: podStateText,
    cell: (pod) => (
      <span className={isPodWell(pod) ? "outcome outcome-good" : "outcome outcome-bad"}>{podStateText(pod)}</span>
    ),
  },
  {
    id: "restarts",
    header: "Restarts",
    width: "72px",
    align: "end",
    value: podRestarts,
    cell: (pod) => <span className={podRestarts(pod) > 0 ? "outcome-warning" : "none"}>{podRestarts(pod)}</span>,
  },
  { id: "node", header: "Node", width: "minmax(90px, 0.8fr)", value: ({ node }) => node, cell: ({ node }) => node },
  {
    id: "address",
    header: "Address",
    width: "112px",
    hideBelowPx: 800,
    cell: ({ addresses }) => <span className="data-text">{addresses[0] ?? ""}</span>,
  },
  ageColumn<Pod>(),
];

export function PodsTab({ question }: TabProps) {
  return (
    <ObjectsList
      question={question}
      kinds={["Pod"]}
      what="pods"
      label="Pods"
      is={(object): object is Pod => object.kind === "Pod"}
      columns={podColumns}
      initial="name"
      extrasOf={(pod) => (isPodWell(pod) ? {} : { tone: "deny" })}
      details={(pod) => <PodDetails pod={pod} />}
    />
  );
}

const workloadKinds = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet"] as const;

/** Owners at the top only: a Deployment's ReplicaSets and a CronJob's Jobs are parts of it. */
function isTopWorkload(object: InventoryObject): object is WorkloadObject {
  return workloadKinds.some((kind) => kind === object.kind) && "ownerUid" in object && object.ownerUid === "";
}

const workloadColumns: readonly SortedColumn<WorkloadObject>[] = [
  {
    id: "name",
    header: "Workload",
    width: "minmax(150px, 1.4fr)",
    value: ({ name }) => name,
    cell: ({ cluster, namespace, kind, name }) => (
      <WorkloadName cluster={cluster} namespace={namespace} kind={kind} name={name} />
    ),
  },
  { id: "kind", header: "Kind", width: "104px", value: ({ kind }) => kind, cell: ({ kind }) => kind },
  {
    id: "ready",
    header: "Ready",
    width: "72px",
    align: "end",
    value: ({ replicasReady, replicasDesired }) => replicasReady - replicasDesired,
    cell: ({ kind, replicasReady, replicasDesired, schedule }) =>
      kind === "CronJob" ? (
        <span className="none" title={schedule}>
          –
        </span>
      ) : (
        <span className={replicasReady < replicasDesired ? "outcome-bad" : undefined}>
          {replicasReady} / {replicasDesired}
        </span>
      ),
  },
  {
    id: "images",
    header: "Images",
    width: "minmax(140px, 1.6fr)",
    value: ({ images }) => images.join(),
    cell: ({ images }) => (
      <span className="data-text" title={images.join("\n")}>
        {images.map(shortImage).join(", ")}
      </span>
    ),
  },
  ageColumn<WorkloadObject>(),
];

export function WorkloadsTab({ question }: TabProps) {
  return (
    <ObjectsList
      question={question}
      kinds={workloadKinds satisfies readonly InventoryKind[]}
      what="workloads"
      label="Workloads"
      is={isTopWorkload}
      columns={workloadColumns}
      initial="name"
      extrasOf={({ replicasReady, replicasDesired }) => (replicasReady < replicasDesired ? { tone: "deny" } : {})}
      details={(workload) => <WorkloadObjectDetails workload={workload} />}
    />
  );
}

const serviceColumns: readonly SortedColumn<Service>[] = [
  {
    id: "name",
    header: "Service",
    width: "minmax(130px, 1.2fr)",
    value: ({ name }) => name,
    cell: ({ cluster, namespace, name }) => (
      <Link
        to="/workloads"
        search={(before) => ({ ...carried(before), cluster, ns: namespace, q: `service:${quoteValue(name)}` })}
        title={`Workloads behind ${name}`}
        tabIndex={-1}
        onClick={(event) => event.stopPropagation()}
      >
        <b>{name}</b>
      </Link>
    ),
  },
  namespaceColumn,
  { id: "type", header: "Type", width: "108px", value: ({ type }) => type, cell: ({ type }) => type },
  {
    id: "addresses",
    header: "Addresses",
    width: "minmax(120px, 1fr)",
    cell: ({ addresses, externalAddresses, externalName }) => (
      <span className="data-text">
        {[...addresses, ...externalAddresses, externalName].filter((text) => text !== "").join(", ") || (
          <span className="none">headless</span>
        )}
      </span>
    ),
  },
  {
    id: "ports",
    header: "Ports",
    width: "minmax(90px, 0.8fr)",
    cell: ({ ports }) => (
      <span className="data-text">
        {ports.map(({ port, protocol }) => `${port}/${protocol.toLowerCase()}`).join(", ")}
      </span>
    ),
  },
  ageColumn<Service>(),
];

export function ServicesTab({ question }: TabProps) {
  return (
    <ObjectsList
      question={question}
      kinds={["Service"]}
      what="services"
      label="Services"
      is={(object): object is Service => object.kind === "Service"}
      columns={serviceColumns}
      initial="name"
      details={(service) => <ServiceDetails service={service} />}
    />
  );
}

const namespaceColumns: readonly SortedColumn<Namespace>[] = [
  {
    id: "name",
    header: "Namespace",
    width: "minmax(130px, 1.2fr)",
    value: ({ name }) => name,
    cell: ({ cluster, name }) => (
      <Link
        to="/workloads"
        search={(before) => ({ ...carried(before), cluster, ns: name })}
        title={`Workloads in ${name}`}
        tabIndex={-1}
        onClick={(event) => event.stopPropagation()}
      >
        <b>{name}</b>
      </Link>
    ),
  },
  { id: "phase", header: "Phase", width: "104px", value: ({ phase }) => phase, cell: ({ phase }) => phase },
  {
    id: "labels",
    header: "Labels",
    width: "minmax(160px, 2fr)",
    cell: ({ labels }) => (
      <span className="data-text">
        {Object.entries(labels)
          .map(([name, value]) => `${name}=${value}`)
          .join(", ")}
      </span>
    ),
  },
  ageColumn<Namespace>(),
];

export function NamespacesTab({ question }: TabProps) {
  return (
    <ObjectsList
      question={{ ...question, namespace: undefined }}
      kinds={["Namespace"]}
      what="namespaces"
      label="Namespaces"
      is={(object): object is Namespace => object.kind === "Namespace"}
      columns={namespaceColumns}
      initial="name"
      details={(namespace) => <NamespaceDetails namespace={namespace} />}
    />
  );
}

// Pods, and what controllers would make pods of, to endpoints. Only what judging flows needs is read; other fields are the cluster's business.
import type { NamedPort } from "../../model.ts";
import type { WorldEndpoint } from "../../world.ts";
import type { KindParser, ObjectHead, Output } from "../object.ts";
import { child, fields, items, type At, type Fields } from "../reader.ts";
import { addressText, labelMap, namedPort } from "../words.ts";

export const pod: KindParser = { isNamespaced: true, isPolicy: false, parse: parsePod };

/** Deployment, StatefulSet, DaemonSet, ReplicaSet: one endpoint without an address, for worlds whose pods are not given. */
export const podTemplate: KindParser = { isNamespaced: true, isPolicy: false, parse: parseTemplate };

function parsePod(head: ObjectHead): Output {
  const top = fields(head.top, [], "ignore");
  const status = open(top?.get("status"));
  const phase = status?.get("phase")?.value;
  // A pod that has ended has no network: its address may be another pod's by now.
  if (phase === "Succeeded" || phase === "Failed") return {};
  const spec = open(top?.get("spec"));
  const endpoint: WorldEndpoint = {
    id: `pod/${head.namespace}/${head.name}`,
    ...podParts(head, spec),
    name: head.name,
    labels: labelMap(head.metadata.get("labels")),
    addresses: addressesOf(status),
    node: words(spec?.get("nodeName")),
    workload: ownerOf(head),
  };
  return { endpoints: [endpoint] };
}

function parseTemplate(head: ObjectHead): Output {
  const spec = open(fields(head.top, [], "ignore")?.get("spec"));
  if (spec?.get("replicas")?.value === 0) return {};
  const template = open(spec?.get("template"));
  const metadata = open(template?.get("metadata"));
  const endpoint: WorldEndpoint = {
    id: `${head.kind.toLowerCase()}/${head.namespace}/${head.name}`,
    ...podParts(head, open(template?.get("spec"))),
    name: head.name,
    labels: labelMap(metadata?.get("labels")),
    addresses: [],
    node: "",
    workload: `${head.kind}/${head.name}`,
  };
  return { templates: [{ endpoint }] };
}

function podParts(head: ObjectHead, spec: Fields | undefined) {
  const account = words(spec?.get("serviceAccountName")) || words(spec?.get("serviceAccount"));
  const isHostNetwork = spec?.get("hostNetwork")?.value === true;
  return {
    kind: isHostNetwork ? ("hostNetwork" as const) : ("workload" as const),
    namespace: head.namespace,
    serviceAccount: account === "" ? "default" : account,
    ports: portsOf(spec),
    interfaceName: "",
  };
}

/** Named ports of containers, and of init containers that keep running (side-cars). */
function portsOf(spec: Fields | undefined): readonly NamedPort[] {
  const sidecars = items(spec?.get("initContainers")).filter(
    (item) => open(item)?.get("restartPolicy")?.value === "Always",
  );
  return [...items(spec?.get("containers")), ...sidecars].flatMap((container) =>
    items(open(container)?.get("ports")).flatMap((port) => namedPort(port) ?? []),
  );
}

function addressesOf(status: Fields | undefined): readonly string[] {
  const listed = items(status?.get("podIPs")).flatMap((item) => {
    const ip = open(item)?.get("ip");
    return ip === undefined || ip.value === "" ? [] : (addressText(ip) ?? []);
  });
  const single = status?.get("podIP");
  if (listed.length > 0 || single === undefined || single.value === "") return listed;
  const address = addressText(single);
  return address === undefined ? [] : [address];
}

/** "Deployment/web" for a pod of its ReplicaSet; "" for a pod that stands alone. */
function ownerOf(head: ObjectHead): string {
  for (const item of items(head.metadata.get("ownerReferences"))) {
    const owner = open(item);
    const kind = words(owner?.get("kind"));
    const name = words(owner?.get("name"));
    if (owner?.get("controller")?.value === false || kind === "" || name === "") continue;
    const hash = child(head.metadata.get("labels") ?? head.top, "pod-template-hash").value;
    if (kind === "ReplicaSet" && typeof hash === "string" && name.endsWith(`-${hash}`)) {
      return `Deployment/${name.slice(0, -hash.length - 1)}`;
    }
    return `${kind}/${name}`;
  }
  return "";
}

/** A mapping whose other keys are not our business. */
export function open(at: At | undefined): Fields | undefined {
  return at === undefined ? undefined : fields(at, [], "ignore");
}

/** A text, or "". */
export function words(at: At | undefined): string {
  return typeof at?.value === "string" ? at.value : "";
}

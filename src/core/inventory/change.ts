// What changed between two states of an object, in words for a person; and whether anything changed at all.
import type { ClusterNode, Container, InventoryObject, Pod, Service, WorkloadObject } from "../../model/inventory.ts";
import { inventoryLimits } from "./limits.ts";

/** Whether what is kept of both is the same: heartbeats, versions and field managers are not kept, so they never count. */
export function isSameObject(before: InventoryObject, after: InventoryObject): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

/** "image web: shop/web:1.4 -> shop/web:1.5; replicas 2 -> 4"; names of fields where there are no better words; "" when nothing changed. */
export function changeOf(before: InventoryObject, after: InventoryObject): string {
  const words = [...wordsOf(before, after), ...labelWords(before, after)];
  const found = words.length > 0 ? words : fieldsThatDiffer(before, after);
  const shown = found.slice(0, inventoryLimits.changeWordsMax);
  if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`);
  return shown.join("; ");
}

/** What is worth saying of an object that appeared. */
export function appearanceOf(object: InventoryObject): string {
  switch (object.kind) {
    case "Pod":
      return object.containers
        .filter(({ isInit }) => !isInit)
        .slice(0, inventoryLimits.reasonNamesMax)
        .map(({ image }) => `image ${image}`)
        .join("; ");
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
    case "ReplicaSet":
    case "Job":
    case "CronJob": {
      const images = object.images.slice(0, inventoryLimits.reasonNamesMax).map((image) => `image ${image}`);
      const asked =
        object.kind === "CronJob" ? [`schedule ${object.schedule}`] : [`replicas ${object.replicasDesired}`];
      return [...asked, ...images].join("; ");
    }
    case "Service":
      return object.ports
        .slice(0, inventoryLimits.reasonNamesMax)
        .map(({ port, protocol }) => `port ${port}/${protocol}`)
        .join("; ");
    case "Node":
      return [object.kubeletVersion, object.osImage].filter((text) => text !== "").join(", ");
    case "Namespace":
    case "EndpointSlice":
      return "";
  }
}

function wordsOf(before: InventoryObject, after: InventoryObject): string[] {
  if (before.kind === "Pod" && after.kind === "Pod") return podWords(before, after);
  if (before.kind === "Node" && after.kind === "Node") return nodeWords(before, after);
  if (before.kind === "Service" && after.kind === "Service") return serviceWords(before, after);
  if (before.kind === "EndpointSlice" && after.kind === "EndpointSlice") {
    return differ("ready endpoints", countReady(before.endpoints), countReady(after.endpoints));
  }
  if (before.kind === "Namespace" && after.kind === "Namespace") return differ("phase", before.phase, after.phase);
  return isOwner(before) && isOwner(after) ? ownerWords(before, after) : [];
}

function isOwner(object: InventoryObject): object is WorkloadObject {
  return "replicasDesired" in object;
}

function countReady(endpoints: readonly { readonly ready: boolean }[]): number {
  return endpoints.filter(({ ready }) => ready).length;
}

function differ(what: string, before: unknown, after: unknown): string[] {
  if (before === after) return [];
  return [`${what} ${shown(before)} -> ${shown(after)}`];
}

function shown(value: unknown): string {
  const text = String(value).slice(0, 200);
  return text === "" ? "none" : text;
}

function podWords(before: Pod, after: Pod): string[] {
  const words = [
    ...differ("phase", before.phase, after.phase),
    ...(after.reason !== before.reason && after.reason !== "" ? [after.reason] : []),
    ...(before.deletingAt === undefined && after.deletingAt !== undefined ? ["delete asked for"] : []),
    ...differ("node", before.node, after.node),
    ...(before.ready === after.ready ? [] : [after.ready ? "ready" : "not ready"]),
    ...differ("address", before.addresses.join(","), after.addresses.join(",")),
  ];
  if (before.workload !== after.workload || before.workloadKind !== after.workloadKind)
    words.push(`owner ${after.workloadKind} ${after.workload}`);
  const known = new Map(before.containers.map((container) => [container.name, container]));
  for (const container of after.containers) {
    const old = known.get(container.name);
    if (old === undefined) words.push(`container ${container.name} added`);
    else words.push(...containerWords(old, container));
  }
  return words;
}

function containerWords(before: Container, after: Container): string[] {
  const words = differ(`image ${after.name}:`, before.image, after.image);
  const ended = after.lastEndAt !== before.lastEndAt && after.lastEndReason !== "";
  if (ended) {
    const code = after.exitCode === undefined ? "" : ` (exit ${after.exitCode})`;
    words.push(`container ${after.name}: ${after.lastEndReason}${code}`);
  }
  if (after.restarts > before.restarts)
    words.push(`container ${after.name}: restarts ${before.restarts} -> ${after.restarts}`);
  const isNewState = after.state !== before.state || after.stateReason !== before.stateReason;
  if (isNewState && !(ended && after.stateReason === after.lastEndReason)) {
    words.push(`container ${after.name}: ${after.stateReason === "" ? after.state : after.stateReason}`);
  }
  return words;
}

function nodeWords(before: ClusterNode, after: ClusterNode): string[] {
  const words = before.ready === after.ready ? [] : [after.ready === "True" ? "ready" : `not ready (${after.ready})`];
  if (before.unschedulable !== after.unschedulable) words.push(after.unschedulable ? "cordoned" : "uncordoned");
  words.push(...differ("kubelet", before.kubeletVersion, after.kubeletVersion));
  words.push(...differ("addresses", before.addresses.join(","), after.addresses.join(",")));
  words.push(...conditionWords(before, after).filter((word) => !word.startsWith("Ready ")));
  return words;
}

function conditionWords(before: ClusterNode | WorkloadObject, after: ClusterNode | WorkloadObject): string[] {
  const known = new Map(before.conditions.map(({ type, status }) => [type, status]));
  return after.conditions.flatMap(({ type, status, reason }) => {
    const old = known.get(type);
    if (old === status) return [];
    return [`${type} ${status}${reason === "" ? "" : ` (${reason})`}`];
  });
}

function ownerWords(before: WorkloadObject, after: WorkloadObject): string[] {
  const words = [
    ...differ("image", before.images.join(","), after.images.join(",")),
    ...differ("replicas", before.replicasDesired, after.replicasDesired),
    ...differ("ready", before.replicasReady, after.replicasReady),
    ...differ("updated", before.replicasUpdated, after.replicasUpdated),
    ...differ("schedule", before.schedule, after.schedule),
    ...conditionWords(before, after),
  ];
  if (words.length === 0 && before.generation !== after.generation)
    words.push(`spec changed (generation ${before.generation} -> ${after.generation})`);
  return words;
}

function serviceWords(before: Service, after: Service): string[] {
  const ports = ({ ports }: Service) =>
    ports.map((one) => `${one.port}/${one.protocol}:${one.targetPort || one.port}`).join(",");
  const selector = (service: Service) =>
    Object.entries(service.selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
  return [
    ...differ("type", before.type, after.type),
    ...differ("ports", ports(before), ports(after)),
    ...differ("selector", selector(before), selector(after)),
    ...differ("addresses", before.addresses.join(","), after.addresses.join(",")),
    ...differ("outside addresses", before.externalAddresses.join(","), after.externalAddresses.join(",")),
    ...differ("external name", before.externalName, after.externalName),
  ];
}

function labelWords(before: InventoryObject, after: InventoryObject): string[] {
  if (before.labels === after.labels) return [];
  const keys = new Set([...Object.keys(before.labels), ...Object.keys(after.labels)]);
  const changed = [...keys].filter((key) => before.labels[key] !== after.labels[key]);
  if (changed.length === 0) return [];
  if (changed.length > inventoryLimits.reasonNamesMax) return [`${changed.length} labels`];
  return changed.flatMap((key) => differ(`label ${key}:`, before.labels[key] ?? "", after.labels[key] ?? ""));
}

function fieldsThatDiffer(before: InventoryObject, after: InventoryObject): string[] {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys.filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key)));
}

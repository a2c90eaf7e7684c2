// A fact of the inventory -> a row: the object as JSON, who it is, and what changed in words.
import type { InventoryObject } from "../../model/inventory.ts";
import type { Row } from "../../model/table.ts";
import { inventoryLimits } from "./limits.ts";
import { subjectOf, type SubjectView } from "./subject.ts";

export interface RowRequest {
  readonly action: Row<"inventory_events">["action"];
  readonly object: InventoryObject;
  readonly change: string;
  readonly timeMs: number;
  readonly fidelity: "foreign" | "simulated";
}

export function inventoryRow(view: SubjectView, request: RowRequest): Row<"inventory_events"> {
  const { action, object, change, timeMs, fidelity } = request;
  return {
    time: timeMs,
    action,
    objectKind: object.kind,
    objectName: object.name,
    uid: object.uid,
    onNode: object.kind === "Pod" ? object.node : object.kind === "Node" ? object.name : "",
    addresses: addressesOf(object),
    change,
    object: action === "removed" ? "" : objectJson(object),
    ...subjectOf(view, object),
    fidelity,
  };
}

/** As it is stored and compared after a restart. */
export function objectJson(object: InventoryObject): string {
  const whole = JSON.stringify(object);
  return whole.length <= inventoryLimits.objectLengthMax ? whole : JSON.stringify(withoutBulk(object));
}

/** What can be large without saying who a thing is. */
function withoutBulk(object: InventoryObject): InventoryObject {
  if (object.kind === "Pod") {
    const containers = object.containers.map((container) => ({ ...container, environment: [], ports: [] }));
    return { ...object, labels: {}, volumes: [], containers };
  }
  return { ...object, labels: {} };
}

function addressesOf(object: InventoryObject): string[] {
  switch (object.kind) {
    case "Pod":
    case "Node":
      return object.addresses;
    case "Service":
      return [...object.addresses, ...object.externalAddresses];
    default:
      return [];
  }
}

// One table: kind of an object -> how it is read. An object that cannot be read is refused by itself, with the reason.
import type { InventoryKind, InventoryObject } from "../../../model/inventory.ts";
import { parseEndpointSlice } from "./endpoint-slice.ts";
import { parseNamespace } from "./namespace.ts";
import { parseNode } from "./node.ts";
import { parsePod } from "./pod.ts";
import { type Owner, ownerOf, type ParseContext, type Raw, record } from "./raw.ts";
import { parseService } from "./service.ts";
import { parseWorkloadObject } from "./workload-object.ts";

type Parse = (context: ParseContext, raw: Raw) => InventoryObject | string;

const parsers: Readonly<Record<InventoryKind, Parse>> = {
  Namespace: parseNamespace,
  Node: parseNode,
  Pod: parsePod,
  Deployment: parseWorkloadObject("Deployment"),
  StatefulSet: parseWorkloadObject("StatefulSet"),
  DaemonSet: parseWorkloadObject("DaemonSet"),
  ReplicaSet: parseWorkloadObject("ReplicaSet"),
  Job: parseWorkloadObject("Job"),
  CronJob: parseWorkloadObject("CronJob"),
  Service: parseService,
  EndpointSlice: parseEndpointSlice,
};

/** An object as it was read; `owner` is who controls it. */
export interface Found {
  readonly object: InventoryObject;
  readonly owner: Owner | undefined;
}

/** The object, or why it is refused in one clause. */
export function parseObject(context: ParseContext, kind: InventoryKind, raw: unknown): Found | string {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return "it is not an object";
  const object = parsers[kind](context, record(raw));
  if (typeof object === "string") return object;
  return { object, owner: kind === "Pod" ? ownerOf(context, record(record(raw)["metadata"])) : undefined };
}

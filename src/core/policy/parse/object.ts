// One object of the input: its head (who it is) and what parsers of kinds give back.
import type { Dialect, HostEndpoint, NetworkSet, Policy, Profile, SourcePlace, Tier } from "../model.ts";
import type { World, WorldEndpoint } from "../world.ts";
import { child, fields, refuse, type At, type Fields } from "./reader.ts";
import { namespaceName, objectName } from "./words.ts";

export interface ObjectHead {
  readonly id: string;
  readonly kind: string;
  /** "" for objects of the cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly metadata: Fields;
  /** The document's top, its keys not checked. */
  readonly top: At;
  readonly place: SourcePlace;
}

/** A service before its backends are known, and backends before their service is. */
export interface ServicePart {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Undefined: its endpoints are written by somebody else. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly ports: readonly { readonly protocol: number; readonly port: number; readonly target: number | string }[];
}

export interface BackendsPart {
  readonly namespace: string;
  readonly service: string;
  readonly backends: World["services"][number]["backends"];
}

/** Pods that a controller would make. */
export interface TemplatePart {
  readonly endpoint: WorldEndpoint;
}

export interface Output {
  readonly tiers?: readonly Tier[];
  readonly policies?: readonly Policy[];
  readonly networkSets?: readonly NetworkSet[];
  readonly hostEndpoints?: readonly HostEndpoint[];
  readonly profiles?: readonly Profile[];
  readonly namespaces?: World["namespaces"];
  readonly serviceAccounts?: World["serviceAccounts"];
  readonly endpoints?: readonly WorldEndpoint[];
  readonly services?: readonly ServicePart[];
  readonly backends?: readonly BackendsPart[];
  readonly templates?: readonly TemplatePart[];
  /** Prefixes that are the cluster's own, as nodes tell them. */
  readonly ranges?: readonly string[];
}

export interface KindParser {
  /** Undefined: part of the world, no policy object. */
  readonly dialect?: Dialect;
  readonly isNamespaced: boolean;
  /** True: ids are "<dialect>/<kind>/<namespace>/<name>", else "<Kind>/<namespace>/<name>". */
  readonly isPolicy: boolean;
  parse(head: ObjectHead): Output;
}

const metadataFields = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
  "clusterName",
];

/** Who the object is; its sink's `object` is set. A namespaced object without a namespace is in "default", as `kubectl` takes it. */
export function headOf(top: At, kind: string, parser: KindParser): ObjectHead | undefined {
  const at = child(top, "metadata");
  const metadata = fields(at, metadataFields);
  if (metadata === undefined) return undefined;
  const name = objectName(metadata.get("name") ?? child(at, "name"));
  const written = metadata.get("namespace");
  const namespace = parser.isNamespaced ? (written === undefined ? "default" : namespaceName(written)) : "";
  if (name === undefined || namespace === undefined) return undefined;
  if (!parser.isNamespaced && written !== undefined && written.value !== "") {
    return refuse(written, { code: "bad-value", message: `a ${kind} has no namespace` });
  }
  const tail = `${kind}/${namespace === "" ? "-" : namespace}/${name}`;
  const id = parser.isPolicy && parser.dialect !== undefined ? `${parser.dialect}/${tail}` : tail;
  top.sink.object = id;
  const place = { ...top.sink.place, line: top.sink.lineOf(top.path) };
  return { id, kind, namespace, name, metadata, top, place };
}

/** The object's top with its spec, strictly. Undefined after a refusal. */
export function specOf(head: ObjectHead, known: readonly string[]): Fields | undefined {
  const top = fields(head.top, ["apiVersion", "kind", "metadata", "spec", "status"]);
  const spec = top?.get("spec");
  if (spec === undefined) return refuse(child(head.top, "spec"), { code: "missing-field", message: "spec is missing" });
  return fields(spec, known);
}

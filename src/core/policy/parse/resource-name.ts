// The name under which a manifest lies in the resource store, as kind Policy: "<kind>.<namespace>.<name>", lower-case, RFC 1123.
import { Fault } from "../../../base/fault.ts";
import { kinds } from "./kinds.ts";

const prefixes: readonly (readonly [string, string])[] = [
  ["projectcalico.org/", "calico-"],
  ["crd.projectcalico.org/", "calico-"],
  ["cilium.io/", "cilium-"],
];

/** Of resource names, as of objects of Kubernetes. */
const nameMax = 253;

/** A manifest that has what names an object. */
export interface NamedManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/**
 * "networkpolicy.shop.web", "calico-globalnetworkpolicy.deny-all", "cilium-ciliumnetworkpolicy.shop.web". Namespaced objects without a
 * namespace are in "default". Throws a Fault when the kind is no policy object or the name has more than 253 characters.
 */
export function resourceNameOf(manifest: NamedManifest): string {
  const { apiVersion, kind, metadata } = manifest;
  const key = `${apiVersion} ${kind}`;
  const parser = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
  if (parser?.dialect === undefined) {
    throw new Fault(`${kind} of ${apiVersion} is not a policy object`, {
      code: "policy/unknown-kind",
      kind: "usage",
      hint: "Known are NetworkPolicy, ClusterNetworkPolicy, the admin policies, and the kinds of Calico and Cilium.",
    });
  }
  const dialect = prefixes.find(([group]) => apiVersion.startsWith(group))?.[1] ?? "";
  const namespace = parser.isNamespaced ? metadata.namespace || "default" : "";
  const name = [`${dialect}${kind}`, namespace, metadata.name]
    .filter((part) => part !== "")
    .join(".")
    .toLowerCase();
  if (name.length <= nameMax) return name;
  throw new Fault(`the name ${name.slice(0, 60)}... has ${name.length} characters, more than ${nameMax}`, {
    code: "policy/name-limit",
    kind: "usage",
    hint: "Give the object a shorter name.",
  });
}

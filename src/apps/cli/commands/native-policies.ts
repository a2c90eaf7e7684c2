// Policy objects as they lie in a cluster or a repository (Kubernetes, Calico, Cilium; KubeArmor, Tetragon), taken as Policy or RuntimePolicy resources: `garrison apply` names and wraps them.
import { toFault } from "../../../base/fault.ts";
import { resourceNameOf } from "../../../core/policy/parse/resource-name.ts";
import { isForeignRuntimeKind, runtimeResourceName } from "../../../core/runtime-policy/resource-of.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import { ResourceManifest } from "../../../model/resource.ts";

const listItemsMax = 10_000;

/** The plain value has an apiVersion of somebody else's. */
export function isNative(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const apiVersion = (value as Record<string, unknown>)["apiVersion"];
  return typeof apiVersion === "string" && !apiVersion.startsWith("garrison/");
}

/** The objects of a document: itself, or what a list holds (`kubectl get ... -o yaml`). */
export function objectsOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [value];
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  const isList = typeof kind === "string" && kind.endsWith("List") && Array.isArray(items);
  return isList ? (items as readonly unknown[]).slice(0, listItemsMax) : [value];
}

/** The resource that holds the object, or why there is none. What the cluster itself added is left out. */
export function wrapped(value: unknown, scope: string): ResourceManifest | string {
  const spec = PolicyObject.safeParse({ manifest: withoutClusterFields(value) });
  if (!spec.success) {
    const [issue] = spec.error.issues;
    return `${issue?.path.slice(1).join(".") ?? ""}: ${issue?.message ?? "not an object of a cluster"}`;
  }
  if (isForeignRuntimeKind(spec.data.manifest.kind)) return wrappedRuntime(spec.data, scope);
  try {
    const name = resourceNameOf(spec.data.manifest);
    const parsed = ResourceManifest.safeParse({ kind: "Policy", scope, name, spec: spec.data });
    return parsed.success ? parsed.data : (parsed.error.issues[0]?.message ?? "not a resource");
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code.startsWith("policy/")) return fault.message;
    throw thrown;
  }
}

/** KubeArmor's and Tetragon's policies; a dry run until somebody says otherwise. */
function wrappedRuntime(spec: PolicyObject, scope: string): ResourceManifest | string {
  const name = runtimeResourceName(spec.manifest);
  const parsed = ResourceManifest.safeParse({ kind: "RuntimePolicy", scope, name, spec });
  return parsed.success ? parsed.data : (parsed.error.issues[0]?.message ?? "not a resource");
}

const added = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"] as const;
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

function withoutClusterFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { status: _, ...rest } = value as Record<string, unknown>;
  const metadata = rest["metadata"];
  if (typeof metadata !== "object" || metadata === null) return rest;
  const kept = Object.fromEntries(
    Object.entries(metadata).filter(([key]) => !(added as readonly string[]).includes(key)),
  );
  const annotations = kept["annotations"];
  if (typeof annotations === "object" && annotations !== null && Object.hasOwn(annotations, lastApplied)) {
    const others = Object.entries(annotations).filter(([key]) => key !== lastApplied);
    if (others.length > 0) kept["annotations"] = Object.fromEntries(others);
    else delete kept["annotations"];
  }
  return { ...rest, metadata: kept };
}

/** Tiers before what names them: policies of a tier that is not there yet are refused. Else the order stays. */
export function tiersFirst<Item extends { readonly manifest: ResourceManifest }>(
  items: readonly Item[],
): readonly Item[] {
  const isTier = ({ manifest }: Item): boolean =>
    manifest.kind === "Policy" && manifest.name.startsWith("calico-tier.");
  return [...items.filter(isTier), ...items.filter((item) => !isTier(item))];
}

// A KubeArmorPolicy or TracingPolicy as a RuntimePolicy resource: the object as it is, under a name made of its kind, namespace and name.
import { foreignKinds } from "./parse/parse-policy.ts";

const nameMax = 253;

export interface ForeignManifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

export function isForeignRuntimeKind(kind: unknown): boolean {
  return (foreignKinds as readonly unknown[]).includes(kind);
}

/** "kubearmorpolicy.shop.no-shell"; undefined when that is too long for a name. */
export function runtimeResourceName({ kind, metadata }: ForeignManifest): string | undefined {
  const namespace = metadata.namespace ?? (kind === "TracingPolicy" ? "" : "default");
  const name = [kind, namespace, metadata.name].filter(Boolean).join(".").toLowerCase();
  return name.length <= nameMax ? name : undefined;
}

// A cluster's policies with a change: manifests of a text put over what counts there, and objects taken away. Nothing is stored.
import { toFault } from "../../../base/fault.ts";
import { diffValues } from "../../../core/state/diff.ts";
import type { Manifest } from "../../../core/policy/parse/manifest.ts";
import type { PolicyProblem } from "../../../core/policy/model.ts";
import { parseManifests, type Parsed } from "../../../core/policy/parse/parse-policies.ts";
import type { ParsedObject } from "../../../core/policy/parse/parsed.ts";
import { resourceNameOf } from "../../../core/policy/parse/resource-name.ts";
import { readYaml } from "../../../edge/manifests/read-yaml.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import type { ClusterPolicies } from "./desk.ts";

export type ObjectChange = "added" | "changed" | "removed" | "same" | "refused" | "not-found";

export interface ChangedObject {
  readonly id: string;
  readonly change: ObjectChange;
  /** Of an object of the text that could be read: the Policy resource that would hold it. */
  readonly resource?: { readonly name: string; readonly manifest: Record<string, unknown> };
}

export interface Proposed {
  readonly parsed: Parsed;
  readonly objects: readonly ChangedObject[];
  /** Of the text only. */
  readonly problems: readonly PolicyProblem[];
  /** Line of the text where a path of its document stands, as near as can be told. */
  readonly lineOf: (document: number, path: string) => number;
}

/** The file of what stands in the text. */
const ofText = "";

export function proposedOf(
  policies: ClusterPolicies,
  change: { readonly changed: string; readonly removed: readonly string[] },
): Proposed {
  const { manifests, problems } = readText(change.changed);
  const removed = new Set(change.removed);
  const { kept } = policies;
  // What the text cannot say right leaves in place what is there, as the door to resources does.
  const named = new Set(written(parseManifests(manifests)).map(({ id }) => id));
  const first = parseManifests([...manifests, ...keptWithout(policies, (id) => named.has(id) || removed.has(id))]);
  const refused = new Set(written(first).flatMap(({ id, state }) => (state === "refused" ? [id] : [])));
  const taken = new Set(written(first).flatMap(({ id, state }) => (state === "taken" ? [id] : [])));
  const stays = [...refused].some((id) => !taken.has(id) && kept.has(id) && !removed.has(id));
  const parsed = stays
    ? parseManifests([...manifests, ...keptWithout(policies, (id) => taken.has(id) || removed.has(id))])
    : first;
  const objects = written(first).flatMap((object) => changeOf(object, policies));
  return {
    parsed,
    lineOf: (document, path) => {
      const found = manifests.find(({ place }) => place.document === document);
      return found?.lineOf?.(stepsOf(path)) ?? found?.place.line ?? 0;
    },
    objects: [
      ...objects,
      ...[...removed]
        .filter((id) => !taken.has(id))
        .map((id) => ({ id, change: kept.has(id) ? ("removed" as const) : ("not-found" as const) })),
    ],
    problems: [...problems, ...first.problems.filter(({ place }) => place.file === ofText)].sort(
      ({ place: one }, { place: other }) => one.document - other.document || one.line - other.line,
    ),
  };
}

/** "spec.ingress[0].ports" -> spec, ingress, 0, ports. */
function stepsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/[^.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
}

function written(parsed: Parsed): readonly ParsedObject[] {
  return parsed.objects.filter(({ place, state }) => place.file === ofText && state !== "ignored");
}

function keptWithout({ kept }: ClusterPolicies, isLeftOut: (id: string) => boolean): readonly Manifest[] {
  return [...kept].flatMap(([id, { manifest }]) => (isLeftOut(id) ? [] : [manifest]));
}

function readText(text: string): {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly PolicyProblem[];
} {
  const manifests: Manifest[] = [];
  const problems: PolicyProblem[] = [];
  for (const [document, read] of readYaml(text).entries()) {
    const place = { file: ofText, document, line: read.line };
    for (const { code, message, line } of read.errors) {
      const told = { severity: "error", hint: "", object: "", path: "" } as const;
      problems.push({ ...told, code: `policy/${code}`, message, place: { ...place, line } });
    }
    if (read.errors.length === 0) manifests.push({ manifest: read.value, place, lineOf: (path) => read.lineOf(path) });
  }
  return { manifests, problems };
}

/** Pods and other things of the world that stood in the text too are no change. */
function changeOf({ id, manifest, state }: ParsedObject, { kept }: ClusterPolicies): readonly ChangedObject[] {
  if (state === "refused") return [{ id, change: "refused" }];
  const resource = resourceFor(manifest);
  if (resource === undefined) return [];
  const before = kept.get(id)?.manifest.manifest;
  const isSame = before !== undefined && diffValues("", before, manifest).length === 0;
  const change = before === undefined ? "added" : isSame ? "same" : "changed";
  return [{ id, change, resource }];
}

/** Undefined: it is no object that a Policy resource holds. */
function resourceFor(manifest: unknown): ChangedObject["resource"] {
  const spec = PolicyObject.safeParse({ manifest });
  if (!spec.success) return undefined;
  try {
    return { name: resourceNameOf(spec.data.manifest), manifest: spec.data.manifest };
  } catch (thrown) {
    if (toFault(thrown).code.startsWith("policy/")) return undefined;
    throw thrown;
  }
}

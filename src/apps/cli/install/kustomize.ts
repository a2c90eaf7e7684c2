// Renders a Kustomize folder without kubectl: the small part of Kustomize that deploy/kustomize uses. A field that is not known is a fault.
// Promise: equal documents to `kubectl kustomize` (deploy/golden, compared by a test).
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { isList, isTree, textAt, valueAt, withValue, type Json, type Tree } from "./object.ts";
import { jsonPatch, mergePatch } from "./patch.ts";

const Kustomization = z.strictObject({
  apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
  kind: z.literal("Kustomization"),
  resources: z.array(z.string()).default([]),
  labels: z.array(z.strictObject({ pairs: z.record(z.string(), z.string()) })).default([]),
  patches: z
    .array(
      z.strictObject({
        path: z.string(),
        target: z.strictObject({ kind: z.string(), name: z.string() }).optional(),
      }),
    )
    .default([]),
});

const depthMax = 8;

/** The documents of the folder, in the order of its resources. Throws a Fault ("install/kustomize") for what it does not understand. */
export async function renderKustomization(folder: string, depth = 0): Promise<readonly Tree[]> {
  if (depth > depthMax) throw broken(folder, `its resources lead deeper than ${depthMax} folders`);
  const file = path.join(folder, "kustomization.yaml");
  const parsed = Kustomization.safeParse((await documentsOf(file))[0]);
  if (!parsed.success) throw broken(file, parsed.error.issues[0]?.message ?? "it is not a Kustomization");
  const { resources, labels, patches } = parsed.data;
  let objects: readonly Tree[] = [];
  for (const resource of resources) {
    const place = path.join(folder, resource);
    const found = (await stat(place)).isDirectory()
      ? await renderKustomization(place, depth + 1)
      : await objectsOf(place);
    objects = [...objects, ...found];
  }
  for (const { path: name, target } of patches) {
    objects = applyPatch(objects, {
      file: path.join(folder, name),
      target,
      patch: await patchOf(path.join(folder, name)),
    });
  }
  const pairs = Object.assign({}, ...labels.map((label) => label.pairs)) as Record<string, string>;
  if (Object.keys(pairs).length === 0) return objects;
  return objects.map((object) => {
    const own = valueAt(object, "metadata", "labels");
    return withValue(object, ["metadata", "labels"], { ...(isTree(own) ? own : {}), ...pairs });
  });
}

interface Patch {
  readonly file: string;
  readonly target: { readonly kind: string; readonly name: string } | undefined;
  readonly patch: Json;
}

function applyPatch(objects: readonly Tree[], { file, target, patch }: Patch): readonly Tree[] {
  const kind = target?.kind ?? textAt(patch, "kind");
  const name = target?.name ?? textAt(patch, "metadata", "name");
  const isMeant = (object: Tree): boolean =>
    textAt(object, "kind") === kind && textAt(object, "metadata", "name") === name;
  if (!objects.some(isMeant)) throw broken(file, `there is no ${kind} ${name} to patch`);
  return objects.map((object) => {
    if (!isMeant(object)) return object;
    if (isList(patch)) return jsonPatch(object, patch);
    return isTree(patch) ? mergePatch(object, patch) : object;
  });
}

async function patchOf(file: string): Promise<Json> {
  const [patch, ...others] = await documentsOf(file);
  if (patch === undefined || patch === null || others.length > 0) throw broken(file, "one patch is expected");
  return patch;
}

async function objectsOf(file: string): Promise<readonly Tree[]> {
  return (await documentsOf(file)).map((document) => {
    if (!isTree(document) || textAt(document, "kind") === "") throw broken(file, "it holds something without a kind");
    return document;
  });
}

/** Each YAML document as JSON data: anchors are resolved to copies. */
async function documentsOf(file: string): Promise<readonly Json[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw broken(file, "it cannot be read", cause);
  }
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw broken(file, error.message);
    return JSON.parse(JSON.stringify(document.toJS())) as Json;
  });
}

function broken(file: string, because: string, cause?: unknown): Fault {
  return new Fault(`${file}: ${because}`, {
    code: "install/kustomize",
    kind: "internal",
    hint: "the files of deploy/kustomize belong to the installation; install again, or render yours with kubectl kustomize",
    cause,
  });
}

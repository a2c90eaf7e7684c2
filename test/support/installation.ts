// `garrison install` for tests with a real API server: what the command prints as objects, and the API's paths for them.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { KubernetesObject, type ApiClient } from "./kubernetes/api-client.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Runs the command as a person does and reads what it printed. Rejects with what it said when it fails. */
export async function printedInstallation(...words: readonly string[]): Promise<readonly KubernetesObject[]> {
  const entry = path.join(root, "bin", "garrison.js");
  const { stdout } = await promisify(execFile)(process.execPath, [entry, "install", ...words], {
    maxBuffer: 16 * 1024 * 1024,
  });
  const documents = parseAllDocuments(stdout);
  if (!Array.isArray(documents)) throw new Error("nothing was printed");
  return documents.map((document) => KubernetesObject.parse(document.toJS()));
}

/** Plural and group come from the kind, as for all kinds that we install. */
export function collectionPath({ apiVersion = "", kind = "", metadata }: KubernetesObject): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const lower = kind.toLowerCase();
  const plural = lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : `${lower}s`;
  return metadata.namespace === undefined
    ? `${group}/${plural}`
    : `${group}/namespaces/${metadata.namespace}/${plural}`;
}

/** Creates each object; resolves with them as the server keeps them. */
export async function createAll(
  admin: ApiClient,
  objects: readonly KubernetesObject[],
): Promise<readonly KubernetesObject[]> {
  const kept: KubernetesObject[] = [];
  for (const object of objects) kept.push(await admin.create(collectionPath(object), object));
  return kept;
}

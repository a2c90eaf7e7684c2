// Puts the resources of one change so that a node takes them up whole: the Enforcement with its time limit goes first and holds the node back, the
// policies follow, and the hold is lifted when all are there. Whatever the node loses its way to on the way, the limit is there already.
import { randomUUID } from "node:crypto";
import type { ResourceManifest } from "../../../../model/resource.ts";
import { ask, type Context } from "../../context.ts";

export interface Tried {
  readonly manifest: ResourceManifest;
  readonly outcome: "created" | "changed" | "unchanged";
}

/** What the server would do, stored nowhere. Throws the Fault of the first that it refuses. */
export async function tryPuts(context: Context, manifests: readonly ResourceManifest[]): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const manifest of manifests) tried.push({ manifest, outcome: await put(context, manifest, "true") });
  return tried;
}

/** Nothing is stored when the server refuses one of them. Says what became of each. */
export async function putWhole(
  context: Context,
  {
    manifests,
    enforcement,
  }: { readonly manifests: readonly ResourceManifest[]; readonly enforcement: ResourceManifest },
): Promise<void> {
  const changed = (await tryPuts(context, manifests)).filter(({ outcome }) => outcome !== "unchanged");
  if (changed.length > 0) {
    await put(context, { ...enforcement, spec: { ...enforcement.spec, hold: randomUUID() } }, "false");
    try {
      for (const { manifest } of changed) sayOutcome(context, manifest, await put(context, manifest, "false"));
    } catch (error) {
      context.say(
        "the change is stored in part: the node takes up what is there in half a minute; apply again, or take it back by hand",
      );
      throw error;
    }
  }
  sayOutcome(context, enforcement, await put(context, enforcement, "false"));
}

function sayOutcome(context: Context, { kind, name }: ResourceManifest, outcome: Tried["outcome"]): void {
  if (outcome !== "unchanged") context.say(`${kind}/${name} ${outcome}`);
}

async function put(context: Context, body: ResourceManifest, dryRun: "true" | "false"): Promise<Tried["outcome"]> {
  const { kind, name } = body;
  const { outcome } = await ask(context, "applyResource", { params: { kind, name }, query: { dryRun }, body });
  return outcome;
}

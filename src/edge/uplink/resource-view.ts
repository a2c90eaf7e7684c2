// The agent's copy of its resources: snapshots replace, deltas must follow without a hole, and the last good copy is on disk.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Logger } from "../../base/logger.ts";
import type { ControlMessage } from "../../model/agent-protocol.ts";
import { Resource, type ResourceKey } from "../../model/resource.ts";

const fileName = "resources.json";

const ResourceView = z.object({
  /** Of the newest snapshot or delta taken in; 0 before the first. */
  number: z.int().min(0),
  /** The store's epoch as last heard; "" before the first. */
  epoch: z.string(),
  resources: z.array(Resource),
});
export type ResourceView = z.infer<typeof ResourceView>;

export const emptyView: ResourceView = { number: 0, epoch: "", resources: [] };

/** The view after a snapshot or delta, or "hole" when a delta does not follow: then a snapshot must be asked for. */
export function applyToView(
  view: ResourceView,
  message: Extract<ControlMessage, { type: "snapshot" | "delta" }>,
): ResourceView | "hole" {
  if (message.type === "snapshot") {
    return { ...view, number: message.number, resources: message.resources.filter((resource) => !resource.deleted) };
  }
  if (message.number !== view.number + 1) return "hole";
  const byKey = new Map(view.resources.map((resource) => [keyOf(resource), resource]));
  for (const key of message.remove) byKey.delete(keyOf(key));
  for (const resource of message.put) {
    if (resource.deleted) byKey.delete(keyOf(resource));
    else byKey.set(keyOf(resource), resource);
  }
  return { ...view, number: message.number, resources: [...byKey.values()] };
}

function keyOf(key: ResourceKey): string {
  return `${key.kind} ${key.scope} ${key.name}`;
}

/** The last good view; an empty one when there is none or it is damaged (said in the log: a snapshot follows anyway). */
export async function loadView(folder: string, logger: Logger): Promise<ResourceView> {
  try {
    return ResourceView.parse(JSON.parse(await readFile(join(folder, fileName), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      logger.warn(
        { error: (error as Error).message.slice(0, 300) },
        "the saved resources are damaged; waiting for a snapshot",
      );
    }
    return emptyView;
  }
}

/** Whole or not at all. */
export async function saveView(folder: string, view: ResourceView): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  await writeFile(`${path}.tmp`, JSON.stringify(view), { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

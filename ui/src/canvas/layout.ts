// Layout in workers, away from the page's thread: layers (ELK) for cards, forces for the overview. Answers are kept by structure.
import elkWorkerUrl from "elkjs/lib/elk-worker.min.js?url";
import ElkApi from "elkjs/lib/elk-api.js";
import { elkGraphOf, placesOf, type ElkNode } from "./elk-graph.ts";
import type { Place, Places, ShownGraph } from "./shape.ts";
import { structureKey } from "./structure-key.ts";

const keptMax = 12;
const kept = new Map<string, Places>();

interface Elk {
  layout(graph: unknown): Promise<ElkNode>;
}

let elk: Elk | undefined;

/** One worker for the page's life: it takes a moment to start. A script of our own origin, as the content policy wants. */
function elkOf(): Elk {
  elk ??= new ElkApi({ workerUrl: elkWorkerUrl, workerFactory: () => new Worker(elkWorkerUrl) }) as unknown as Elk;
  return elk;
}

function remember(key: string, places: Places): Places {
  kept.delete(key);
  kept.set(key, places);
  const [oldest] = kept.keys();
  if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest);
  return places;
}

/** Layers from left to right with boxes. Rejects when the worker cannot be started or the layout fails. */
export async function layeredPlaces(graph: ShownGraph): Promise<Places> {
  const key = `layered ${structureKey(graph)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  return remember(key, placesOf(await elkOf().layout(elkGraphOf(graph))));
}

export interface ForceJob {
  readonly ids: readonly string[];
  /** Index of each vertex's box: vertices of one box begin together. */
  readonly groups: readonly number[];
  /** Pairs of indices. */
  readonly links: readonly (readonly [number, number])[];
}

/** Forces: for graphs that are too large for layers. */
export async function forcePlaces(graph: ShownGraph): Promise<Places> {
  const key = `force ${structureKey(graph)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const ids = graph.vertices.map(({ vertex }) => vertex.id);
  const index = new Map(ids.map((id, at) => [id, at]));
  const boxes = new Map(graph.boxes.map(({ id }, at) => [id, at]));
  const job: ForceJob = {
    ids,
    groups: graph.vertices.map(({ box }) => boxes.get(box) ?? graph.boxes.length),
    links: graph.edges.flatMap(({ edge }) => {
      const [from, to] = [index.get(edge.source), index.get(edge.destination)];
      return from === undefined || to === undefined ? [] : [[from, to] as const];
    }),
  };
  const flat = await inForceWorker(job);
  return remember(
    key,
    new Map(ids.map((id, at): [string, Place] => [id, { x: flat[at * 2] ?? 0, y: flat[at * 2 + 1] ?? 0 }])),
  );
}

function inForceWorker(job: ForceJob): Promise<Float64Array> {
  const worker = new Worker(new URL("./force-worker.ts", import.meta.url), { type: "module" });
  return new Promise<Float64Array>((resolve, reject) => {
    worker.addEventListener("message", (event: MessageEvent<Float64Array>) => resolve(event.data));
    worker.addEventListener("error", (event) => reject(new Error(event.message || "the layout worker did not start")));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}

// A short key of a graph's structure: equal graphs have equal layouts, whatever their numbers are. Pure.
import type { ShownGraph } from "./shape.ts";

/** FNV-1a over sorted ids, so that the order of an answer does not matter. */
export function structureKey({ vertices, edges }: ShownGraph): string {
  const parts = [
    ...vertices.map(({ vertex, box }) => `${vertex.id}|${box}`).toSorted(),
    ...edges.map(({ edge }) => edge.id).toSorted(),
  ];
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (const part of parts) {
    for (let index = 0; index <= part.length; index += 1) {
      const code = index === part.length ? 10 : part.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
    }
  }
  return `${vertices.length}.${edges.length}.${(low >>> 0).toString(36)}${(high >>> 0).toString(36)}`;
}

// What people said of detections: resources of kind DetectionMark, named by the detection's id, in the scope of its cluster.
import type { StateStore } from "../../../core/state/ports.ts";
import { DetectionMark } from "../../../model/detection-mark.ts";
import type { DetectionCard } from "../contract/runtime.ts";

export type Marks = ReadonlyMap<string, NonNullable<DetectionCard["mark"]>>;

/** By cluster and id; one that cannot be read is nobody's word. */
export async function keptMarks(state: Pick<StateStore, "resources">): Promise<Marks> {
  const resources = await state.resources.list("DetectionMark");
  return new Map(
    resources.flatMap(({ scope, name, spec, author, time }) => {
      const parsed = DetectionMark.safeParse(spec);
      if (!parsed.success || !scope.startsWith("cluster/")) return [];
      const { verdict, reason } = parsed.data;
      return [[markKey(scope.slice("cluster/".length), name), { verdict, reason, by: author, at: time }] as const];
    }),
  );
}

export function markKey(cluster: string, id: string): string {
  return `${cluster} ${id}`;
}

/** The card with what was said of it. */
export function marked<Card extends { readonly cluster: string; readonly id: string }>(card: Card, marks: Marks) {
  const mark = marks.get(markKey(card.cluster, card.id));
  return mark === undefined ? card : { ...card, mark };
}

// The places of a graph's vertices: laid out once per subject, then remembered, so that new numbers never move anything.
import { useEffect, useRef, useState } from "react";
import { mergePlaces } from "./places.ts";
import type { Places, ShownGraph } from "./shape.ts";
import { structureKey } from "./structure-key.ts";

export type Layout = (graph: ShownGraph) => Promise<Places>;

export interface Placing {
  readonly places: Places;
  readonly state: "laying-out" | "ready" | "failed";
  /** The subject that the places belong to. */
  readonly subject: string;
  /** Lays out anew what is shown now. */
  readonly tidy: () => void;
}

const subjectsMax = 24;
const remembered = new Map<string, Places>();
const none: Places = new Map();

function remember(subject: string, places: Places): void {
  remembered.delete(subject);
  remembered.set(subject, places);
  const [oldest] = remembered.keys();
  if (remembered.size > subjectsMax && oldest !== undefined) remembered.delete(oldest);
}

/** A failed layout is said (`state`) and drawn all the same: in rows, as they come. */
export function usePlaces(graph: ShownGraph, subject: string, layout: Layout): Placing {
  const [shown, setShown] = useState<Omit<Placing, "tidy">>({ places: none, state: "laying-out", subject: "" });
  const [attempt, setAttempt] = useState(0);
  const asked = useRef({ subject: "", attempt: 0 });
  const structure = structureKey(graph);
  useEffect(() => {
    const known = remembered.get(subject);
    const isTidy = asked.current.attempt !== attempt;
    asked.current = { subject, attempt };
    if (known !== undefined && !isTidy) {
      const places = mergePlaces(known, graph);
      remember(subject, places);
      setShown({ places, state: "ready", subject });
      return undefined;
    }
    if (graph.vertices.length === 0) return undefined;
    let isCurrent = true;
    setShown((before) => ({ ...before, state: "laying-out" }));
    const settle = (places: Places, state: "ready" | "failed"): void => {
      if (!isCurrent) return;
      remember(subject, places);
      setShown({ places, state, subject });
    };
    layout(graph).then(
      (places) => settle(places, "ready"),
      () => settle(mergePlaces(none, graph), "failed"),
    );
    return () => {
      isCurrent = false;
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- numbers change every few seconds; only structure moves anything
  }, [structure, subject, layout, attempt]);
  return { ...shown, tidy: () => setAttempt((before) => before + 1) };
}

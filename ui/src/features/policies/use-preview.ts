// The preview of an edited text: asked when the typing pauses, the last answer kept while the next one is on its way.
import { useEffect, useState } from "react";
import { useCall } from "../../api/client.ts";
import { rangeQuery, type TimeRange } from "../../app/time-range.ts";

const pauseMs = 500;

export interface PreviewQuestion {
  readonly cluster: string;
  readonly text: string;
  readonly removed: readonly string[];
  readonly range: TimeRange;
}

export function usePreview({ cluster, text, removed, range }: PreviewQuestion) {
  const settled = useSettled(text);
  const answer = useCall(
    "policyPreview",
    { body: { cluster, changed: settled, removed: [...removed], q: "", ...rangeQuery(range) } },
    { keep: true, enabled: cluster !== "" && (settled.trim() !== "" || removed.length > 0) },
  );
  return { ...answer, isOld: answer.isFetching || settled !== text };
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

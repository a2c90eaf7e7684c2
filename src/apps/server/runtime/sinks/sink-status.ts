// A sink as the API tells it, and the one line that health shows of it.
import path from "node:path";
import { targetWords } from "../../../../edge/sinks/open-sink.ts";
import type { SinkStatus } from "../../contract/sinks.ts";
import type { RunnerView } from "./runner.ts";
import type { Running } from "./sinks-side.ts";

const nothing: RunnerView = {
  state: "starting",
  because: "",
  queued: 0,
  behindMs: 0,
  counts: {
    delivered: 0,
    bytes: 0,
    cut: 0,
    failures: 0,
    filtered: 0,
    overLimit: 0,
    deadLettered: 0,
    lettersLost: 0,
  },
  lastDelivery: undefined,
  lastError: undefined,
  nextAttemptMs: undefined,
};

function at<Name extends string>(name: Name, ms: number | undefined): { readonly [Key in Name]?: string } {
  return (ms === undefined ? {} : { [name]: new Date(ms).toISOString() }) as { readonly [Key in Name]?: string };
}

/** `filesFolder`: where relative paths of files lie. */
export function statusOf(
  { resource, spec, runner }: Running,
  { deadLetters, filesFolder }: { readonly deadLetters: number; readonly filesFolder: string },
): SinkStatus {
  const view = runner?.view() ?? nothing;
  return {
    name: resource.name,
    scope: resource.scope,
    generation: resource.generation,
    type: spec.to.type,
    target: targetWords(
      spec.to.type === "file" ? { ...spec.to, path: path.resolve(filesFolder, spec.to.path) } : spec.to,
    ),
    spec,
    state: runner === undefined ? "disabled" : view.state,
    because: view.because,
    hint: view.because === "" ? "" : (view.lastError?.hint ?? ""),
    ...at("lastDeliveredAt", view.lastDelivery?.atMs),
    lastDelivery: view.lastDelivery?.detail ?? "",
    ...at("lastErrorAt", view.lastError?.atMs),
    lastError: view.lastError?.message ?? "",
    ...at("nextAttemptAt", view.nextAttemptMs),
    queued: view.queued,
    behindMs: Math.round(view.behindMs),
    deadLetters,
    counts: { ...view.counts },
  };
}

/** None for one that is well. */
export function noticeOf({ resource, runner }: Running): readonly string[] {
  const view = runner?.view();
  if (view === undefined || view.state === "ok" || view.state === "starting") return [];
  const state = view.state === "refused" ? "cannot run" : "does not deliver";
  return [`sink ${resource.name} ${state}: ${view.because}`];
}

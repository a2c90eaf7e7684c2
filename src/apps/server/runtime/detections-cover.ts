// How detection is on the nodes, from what they report: without it an empty list would look like an all-clear.
import type { z } from "zod";
import type { Node } from "../../../model/node.ts";
import type { DetectionCover } from "../contract/runtime.ts";

type Cover = z.infer<typeof DetectionCover>;

const namedMax = 20;

/** Revoked nodes do not count; gateways have no rules of their own. */
export function coverOf(nodes: readonly Node[]): Cover {
  const watched = nodes.filter(({ state, gateway }) => state !== "revoked" && gateway === undefined);
  const silent = watched.flatMap((node) => {
    const why = silentBecause(node);
    return why === "" ? [] : [`${node.name}: ${why}`];
  });
  const reports = watched.flatMap((node) =>
    node.detection !== undefined && silentBecause(node) === "" ? [node.detection] : [],
  );
  const most = (pick: (report: NonNullable<Node["detection"]>) => number): number => Math.max(0, ...reports.map(pick));
  const sum = (pick: (report: NonNullable<Node["detection"]>) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    nodes: watched.length,
    nodesDetecting: reports.length,
    notDetecting: silent.slice(0, namedMax),
    rules: most(({ loaded }) => loaded),
    rulesBlind: most(({ blind }) => blind),
    rulesRefused: most(({ refused }) => refused),
    suppressed: sum(({ suppressed }) => suppressed),
    unjudged: sum(({ unjudged }) => unjudged),
  };
}

/** "" of a node that detects. */
function silentBecause({ state, detection }: Node): string {
  if (state !== "connected") return `it is ${state}`;
  if (detection === undefined) return "its agent tells nothing of detection";
  if (!detection.enabled) return detection.because || "detection is switched off";
  return detection.loaded === 0 ? "no rule is loaded" : "";
}

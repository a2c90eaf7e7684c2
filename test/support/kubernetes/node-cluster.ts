// The whole node: comes next.
import type { ClusterOptions, TestNode } from "./cluster-types.ts";
import type { ControlPlane } from "./control-plane.ts";

export async function nodeMissing(_hint: string): Promise<string> {
  return "a node";
}

export async function startNodeCluster(
  _options: ClusterOptions,
  _folder: string,
): Promise<{ plane: ControlPlane; node: TestNode; readonly stop: () => Promise<void> }> {
  throw new Error("not yet");
}

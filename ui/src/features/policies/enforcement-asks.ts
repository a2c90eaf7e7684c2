// Which nodes of a cluster wait for a person, from the statuses of Enforcement resources. Pure.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";

type Settings = ResponseOf<Api["listResources"]>["resources"][number];

interface AskBase {
  readonly node: string;
  readonly because: string;
  readonly digest: string;
  /** The settings that the node goes by. */
  readonly settings: Pick<Settings, "kind" | "scope" | "name" | "spec" | "generation">;
}

export type Ask =
  | (AskBase & { readonly kind: "refused" | "broken-glass" })
  | (AskBase & { readonly kind: "pending"; readonly takenBackAtMs: number });

/** In order of node; a node that confirmed or was answered asks no more. */
export function asksOf(resources: readonly Settings[], cluster: string): readonly Ask[] {
  const asks = resources.flatMap((settings) =>
    settings.status.flatMap((status): Ask[] => {
      const { enforcement, because, node } = status;
      if (status.cluster !== cluster || enforcement === undefined || status.generation !== settings.generation)
        return [];
      const base = { node, because, digest: enforcement.digest, settings };
      if (enforcement.state === "broken-glass") return [{ ...base, kind: "broken-glass" }];
      if (
        enforcement.state === "refused" &&
        enforcement.digest !== "" &&
        settings.spec["confirm"] !== enforcement.digest
      )
        return [{ ...base, kind: "refused" }];
      const takenBackAtMs = enforcement.node?.isConfirmed === false ? enforcement.node.takenBackAtMs : undefined;
      return takenBackAtMs === undefined ? [] : [{ ...base, kind: "pending", takenBackAtMs }];
    }),
  );
  return asks.toSorted((one, other) => (one.node < other.node ? -1 : one.node > other.node ? 1 : 0));
}

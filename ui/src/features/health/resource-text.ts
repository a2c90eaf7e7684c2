// What became of a resource, in words: how many agents follow this generation, who refused it and why. Pure.
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Api } from "../../../../src/apps/server/contract/api.ts";

export type ShownResource = ResponseOf<Api["listResources"]>["resources"][number];

export interface Followed {
  readonly tone: "good" | "warning" | "muted";
  readonly word: string;
  readonly because: string;
}

/** `distribution` as the kind says: "server" resources are in force where they are kept. */
export function followedOf({ status, generation }: ShownResource, distribution: string): Followed {
  if (distribution !== "agents") return { tone: "good", word: "in force", because: "" };
  if (status.length === 0) return { tone: "muted", word: "no agent has answered", because: "" };
  const current = status.filter((each) => each.generation === generation);
  const applied = current.filter(({ state }) => state === "applied").length;
  const refusals = current.filter(({ state }) => state === "refused");
  return {
    tone: applied === status.length ? "good" : "warning",
    word: `applied ${applied}/${status.length}`,
    because: refusals.map(({ cluster, node, because }) => `${cluster}/${node} refused: ${because}`).join("; "),
  };
}

/** The spec in a line: `days.flows 7, bytesMax 0`; empty when all is default. */
export function specText(spec: Readonly<Record<string, unknown>>, path = ""): string {
  const parts = Object.entries(spec).map(([name, value]) => {
    const full = path === "" ? name : `${path}.${name}`;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? specText(value as Record<string, unknown>, full) : `${full} ${JSON.stringify(value)}`;
  });
  return parts.filter((part) => part !== "").join(", ");
}

// Sentences that several of the detections' commands say.
import { Fault } from "../../../../base/fault.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import type { Api } from "../../../server/contract/api.ts";

type Cover = ResponseOf<Api["listDetections"]>["cover"];

/** Who looks, with how many rules, and what is missing. */
export function coverLine({
  nodes,
  nodesDetecting,
  rules,
  rulesBlind,
  rulesRefused,
  suppressed,
  notDetecting,
}: Cover): string {
  if (nodesDetecting === 0) return `nobody looks: ${notDetecting[0] ?? "no agent is connected"}`;
  const parts = [
    `${nodesDetecting} of ${nodes} nodes detect with ${rules} rules`,
    rulesBlind > 0 ? `${rulesBlind} blind` : "",
    rulesRefused > 0 ? `${rulesRefused} refused` : "",
    suppressed > 0 ? `${suppressed} ${suppressed === 1 ? "detection" : "detections"} kept back by rate limits` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Throws a usage Fault that shows which form an id has. */
export function checkedId(id: string): string {
  if (/^[0-9a-z]{1,11}-[0-9a-f]{16}$/.test(id)) return id;
  throw new Fault(`${JSON.stringify(id.slice(0, 64))} is no id of a detection`, {
    code: "cli/usage",
    kind: "usage",
    hint: "an id has the form 16rik-a1f00c41d3b2e001 (16 digits from 0 to f behind the dash); `garrison detections` prints them",
  });
}

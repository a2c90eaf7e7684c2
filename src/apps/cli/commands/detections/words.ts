// Sentences that several of the detections' commands say.
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

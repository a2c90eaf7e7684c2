// Where one goes from a detection: the tree it stands in, what the workload sent in those minutes, what holds it. Pure.
import { hasPage } from "../../kit/workload-text.ts";
import { absoluteRange, formatRange } from "../../app/time-range.ts";
import { quoteValue, type UrlState } from "../../app/url-state.ts";
import { processMark } from "../../kit/row-mark.ts";
import type { OneDetection } from "./detection-words.ts";

export interface Lead {
  readonly title: string;
  /** What is asked there, in few words. */
  readonly note: string;
  /** "workload" is the page of the detection's own workload. */
  readonly to: "workload" | "/flows" | "/events" | "/baselines" | "/detections";
  readonly search: UrlState;
}

const aroundMs = 5 * 60_000;
/** Peers of its own process that get a line of their own. */
const peersShown = 3;

/** Most useful first. Questions about time are asked for the minutes around the detection, so that a link still holds tomorrow. */
export function leadsOf({ detection: card, tree }: OneDetection): readonly Lead[] {
  const range = formatRange(absoluteRange(Date.parse(card.firstAt) - aroundMs, Date.parse(card.lastAt) + aroundMs));
  const isNamed = hasPage(card.workloadKind, card.namespace, card.workload);
  const cluster = `cluster:${quoteValue(card.cluster)}`;
  const who = isNamed
    ? `${cluster} ns:${quoteValue(card.namespace)} workload:${quoteValue(card.workload)}`
    : card.node === ""
      ? cluster
      : `${cluster} node:${quoteValue(card.node)}`;
  const own = tree.find(({ generation }) => generation === 0);
  const peers = (own?.connections ?? []).flatMap(({ what }) => peerOf(what) ?? []).slice(0, peersShown);
  const row = own === undefined ? {} : { row: processMark(own.process.pid) };
  return [
    ...(isNamed
      ? [
          {
            title: "Processes",
            note: "the whole tree",
            to: "workload" as const,
            search: { tab: "processes", range, ...row },
          },
        ]
      : []),
    { title: "Events", note: "five minutes around it", to: "/events", search: { q: who, range } },
    { title: "Flows", note: "five minutes around it", to: "/flows", search: { q: who, range } },
    ...peers.map(({ name, q }) => ({
      title: `Who else talks to ${name}`,
      note: q,
      to: "/flows" as const,
      search: { q },
    })),
    ...(isNamed
      ? [
          { title: "Layers", note: "declared, effective, used", to: "workload" as const, search: { tab: "layers" } },
          { title: "Policies", note: "what its network allows", to: "workload" as const, search: { tab: "policies" } },
          { title: "Baselines", note: "what is usual for it", to: "/baselines" as const, search: { q: card.workload } },
        ]
      : []),
    {
      title: "All of this rule",
      note: "on every workload",
      to: "/detections",
      search: { q: `rule:${quoteValue(card.rule)}` },
    },
  ];
}

/** "192.0.2.77:4444", "[2001:db8::1]:443": an address and a port as terms of the filter; anything else is no peer. */
function peerOf(what: string): { readonly name: string; readonly q: string } | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})\b/.exec(what);
  const [, long, short, port] = found ?? [];
  const address = long ?? short;
  return address === undefined || port === undefined
    ? undefined
    : { name: what.split(" ")[0] ?? address, q: `to:${quoteValue(address)} port:${port}` };
}

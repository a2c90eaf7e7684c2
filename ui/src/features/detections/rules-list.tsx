// All rules that are known: those that are refused or blind first, for their silence means nothing.
import { ListX } from "lucide-react";
import { useMemo } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { RuleState, RuleText } from "./rule-text.tsx";
import { RuleSeverity, TechniqueNames } from "./detection-marks.tsx";
import { counted, ruleStateWords, ruleSeverity, severityOrder, type RuntimeRule } from "./detection-words.ts";

const stateOrder: readonly RuntimeRule["state"][] = ["refused", "blind", "loaded", "disabled", "unknown"];

const columns: readonly SortedColumn<RuntimeRule>[] = [
  {
    id: "state",
    header: "State",
    width: "112px",
    value: ({ state, name }) => `${stateOrder.indexOf(state)} ${name}`,
    cell: (rule) => <RuleState rule={rule} />,
  },
  {
    id: "rule",
    header: "Rule",
    width: "minmax(120px, 2.4fr)",
    value: ({ name }) => name,
    cell: ({ name, description }) => <span title={description || name}>{name}</span>,
  },
  {
    id: "from",
    header: "From",
    hideBelowPx: 700,
    width: "minmax(110px, 0.9fr)",
    value: ({ from }) => from,
    cell: ({ from }) => <span title={from}>{from}</span>,
  },
  {
    id: "severity",
    header: "Severity",
    hideBelowPx: 900,
    width: "92px",
    value: (rule) => severityOrder.findIndex((each) => each === ruleSeverity(rule)),
    cell: (rule) => <RuleSeverity rule={rule} />,
  },
  {
    id: "technique",
    header: "Technique",
    hideBelowPx: 800,
    width: "minmax(110px, 0.8fr)",
    value: ({ techniques }) => techniques[0] ?? "",
    cell: ({ techniques }) => <TechniqueNames techniques={techniques} />,
  },
  {
    id: "detections",
    header: "Spoke",
    align: "end",
    hideBelowPx: 420,
    width: "80px",
    value: ({ detections }) => detections,
    cell: ({ detections, state }) =>
      detections === 0 ? (
        <span className="none" title={state === "blind" ? "It cannot speak here" : undefined}>
          {state === "loaded" ? "0" : "–"}
        </span>
      ) : (
        formatCount(detections)
      ),
  },
  {
    id: "last",
    header: "Last",
    align: "end",
    hideBelowPx: 640,
    width: "112px",
    value: ({ lastAt }) => lastAt ?? "",
    cell: ({ lastAt }) => (lastAt === undefined ? "" : <Age time={lastAt} />),
  },
];

export function RulesTab() {
  const [state, update] = useUrlState();
  const answer = useCall("listRuntimeRules", { query: { since: "24h" } }, { refetchMs: 15_000, keep: true });
  const rules = answer.data?.rules;
  // The screen's filter is a filter of events; here its plain words choose rules.
  const shown = useMemo(() => named(rules ?? [], state.q ?? ""), [rules, state.q]);
  const close = (): void => update({ pick: undefined }, "replace");
  useKeys({ Escape: close });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading rules" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { nodes, rulesOmitted, window } = answer.data;
  const picked = answer.data.rules.find(({ name }) => name === state.pick);
  return (
    <>
      <PartNotices window={window} omitted={rulesOmitted} />
      <NodeNotices nodes={nodes} />
      <div className="live-panes">
        <SortedGrid
          label="Rules"
          columns={columns}
          rows={shown}
          initial={{ by: "state", direction: "ascending" }}
          onOpen={({ name }) => update({ pick: name }, "replace")}
          extrasOf={({ state: is }) =>
            is === "refused" || is === "blind" ? { tone: "deny" } : is === "disabled" ? { tone: "muted" } : {}
          }
        >
          <State
            icon={<ListX />}
            title={answer.data.rules.length === 0 ? "No rule is known" : "No rule has these words"}
            hint={
              answer.data.rules.length === 0
                ? "No agent is connected and no DetectionRules resource is there. Garrison's own rules come with each agent."
                : "Names, descriptions, tags and techniques are looked at. Remove a word of the filter."
            }
          />
        </SortedGrid>
        {picked === undefined ? null : (
          <DetailsPane title={picked.name} onClose={close}>
            <RuleText rule={picked} />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

/** All plain words must be in a rule; terms of events ("ns:shop") are left out, but `rule:` and `technique:` are looked for. */
function named(rules: readonly RuntimeRule[], q: string): readonly RuntimeRule[] {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .flatMap((word) => {
      const term = /^(rule|technique|tag):(.*)$/.exec(word);
      return term === null ? (word.includes(":") ? [] : [word]) : [term[2] ?? ""];
    })
    .map((word) => word.replaceAll('"', ""))
    .filter((word) => word !== "");
  return rules.filter(({ name, description, tags, techniques, state }) => {
    const text = [name, description, ruleStateWords[state], ...tags, ...techniques].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

type NodeReport = {
  readonly node: string;
  readonly isConnected: boolean;
  readonly enabled: boolean;
  readonly loaded: number;
  readonly because: string;
  readonly problems: readonly string[];
};

function NodeNotices({ nodes }: { readonly nodes: readonly NodeReport[] }) {
  const silent = nodes.map((node) => ({ ...node, why: silentBecause(node) })).filter(({ why }) => why !== "");
  const problems = [...new Set(nodes.flatMap((node) => node.problems))];
  return (
    <>
      {nodes.length === 0 ? <Notice tone="warning">No agent is connected: nobody looks by these rules.</Notice> : null}
      {silent.length === 0 ? null : (
        <Notice tone="warning">
          <span title={silent.map(({ node, why }) => `${node}: ${why}`).join("\n")}>
            {counted(silent.length, "node")} {silent.length === 1 ? "does" : "do"} not detect: {silent[0]?.node},{" "}
            {silent[0]?.why}
            {silent.length > 1 ? `, and ${silent.length - 1} more` : ""}.
          </span>
        </Notice>
      )}
      {problems.length === 0 ? null : (
        <Notice tone="warning">
          <span title={problems.join("\n")}>
            Refused: {problems[0]}
            {problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}
          </span>
        </Notice>
      )}
    </>
  );
}

/** "" of a node that looks by its rules. */
function silentBecause({ isConnected, enabled, because, loaded }: NodeReport): string {
  if (!isConnected) return "its agent is not connected";
  if (!enabled) return because || "detection is switched off";
  return loaded === 0 ? "no rule is loaded" : "";
}

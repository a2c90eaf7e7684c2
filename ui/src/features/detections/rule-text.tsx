// A rule: where it is from, whether it sees, how often it spoke, and its words.
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { RuleSeverity, TechniqueList } from "./detection-marks.tsx";
import { ruleStateWords, spokeText, type RuntimeRule } from "./detection-words.ts";

export function RuleText({ rule }: { readonly rule: RuntimeRule }) {
  return (
    <>
      <FieldList
        groups={[
          {
            title: "Rule",
            fields: [
              field("Name", rule.name),
              field("State", <RuleState rule={rule} />),
              field("Why", rule.because),
              field("Severity", <RuleSeverity rule={rule} />),
              field("Technique", rule.techniques.length === 0 ? "" : <TechniqueList techniques={rule.techniques} />),
              field("From", rule.from),
              field("Means", rule.description),
              field("Spoke", spokeText(rule)),
              field("Last", rule.lastAt === undefined ? "" : formatDateTime(rule.lastAt), "data"),
              field("Tags", rule.tags.join(", ")),
            ],
          },
        ]}
      />
      {rule.nodes.length === 0 ? null : (
        <ul className="rule-nodes" aria-label="Nodes where it is not simply loaded">
          {rule.nodes.map(({ cluster, node, state, because }) => (
            <li key={`${cluster} ${node}`}>
              <b>{node}</b> {ruleStateWords[state].toLowerCase()}: {because}
            </li>
          ))}
        </ul>
      )}
      {rule.text === "" ? (
        <p className="none">Its text is not known here.</p>
      ) : (
        <details>
          <summary>Text of the rule</summary>
          <pre className="manifest" tabIndex={0} aria-label="Text of the rule">
            {rule.text}
          </pre>
        </details>
      )}
    </>
  );
}

export function RuleState({ rule: { state, because } }: { readonly rule: Pick<RuntimeRule, "state" | "because"> }) {
  return (
    <span className="rule-state" data-state={state} title={because || undefined}>
      {ruleStateWords[state]}
    </span>
  );
}

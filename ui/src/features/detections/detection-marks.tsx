// Severity, action, technique and mark of a detection as words with a mark: never colour alone.
import { Ban, CircleCheck, CircleDashed, Eye, Flag, VolumeX, type LucideIcon } from "lucide-react";
import { attackTechnique } from "../../../../src/model/attack-techniques.ts";
import {
  actionText,
  isStopped,
  markWords,
  ruleSeverity,
  severityWords,
  type DetectionCard,
  type RuntimeRule,
} from "./detection-words.ts";

export function DetectionSeverity({ severity }: { readonly severity: DetectionCard["severity"] }) {
  return (
    <span className="detection-severity" data-severity={severity}>
      {severityWords[severity]}
    </span>
  );
}

export function DetectionAction({ card }: { readonly card: Pick<DetectionCard, "action" | "receipt"> }) {
  const Icon = card.action === "detected" ? Eye : isStopped(card) ? Ban : CircleDashed;
  return (
    <span className="detection-action" data-stopped={isStopped(card)} title={card.receipt || undefined}>
      <Icon aria-hidden="true" />
      {actionText(card)}
    </span>
  );
}

const markIcons: Readonly<Record<keyof typeof markWords, LucideIcon>> = {
  real: Flag,
  noise: VolumeX,
  handled: CircleCheck,
};

export function DetectionMarkWord({ mark }: { readonly mark: DetectionCard["mark"] }) {
  if (mark === undefined) return null;
  const Icon = markIcons[mark.verdict];
  return (
    <span
      className="detection-mark"
      data-mark={mark.verdict}
      title={`${mark.by}${mark.reason === "" ? "" : `: ${mark.reason}`}`}
    >
      <Icon aria-hidden="true" />
      {markWords[mark.verdict]}
    </span>
  );
}

/** "T1059.004 +1", with names and tactics in the title. */
export function TechniqueNames({ techniques }: { readonly techniques: readonly string[] }) {
  const [first] = techniques;
  if (first === undefined) return null;
  const names = techniques.map((id) => {
    const known = attackTechnique(id);
    return known === undefined ? id : `${id} ${known.name} · ${known.tactics.join(", ")}`;
  });
  return (
    <span className="techniques" title={names.join("\n")}>
      <span>{first}</span>
      {techniques.length > 1 ? <span>+{techniques.length - 1}</span> : null}
    </span>
  );
}

/** Each with its name and tactics. */
export function TechniqueList({ techniques }: { readonly techniques: readonly string[] }) {
  return (
    <ul className="technique-list">
      {techniques.map((id) => {
        const known = attackTechnique(id);
        return (
          <li key={id}>
            <span className="data">{id}</span>
            <b>{known?.name ?? "not in Garrison's list"}</b>
            <span>{known?.tactics.join(", ")}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** A foreign sensor may have words of its own. */
export function RuleSeverity({ rule }: { readonly rule: RuntimeRule }) {
  const known = ruleSeverity(rule);
  return known === undefined ? (
    rule.severity
  ) : (
    <span title={known === rule.severity ? undefined : `priority ${rule.severity}`}>
      <DetectionSeverity severity={known} />
    </span>
  );
}

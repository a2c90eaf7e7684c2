// A state as icon, word and colour, with its reason beside it.
import type { LucideIcon } from "lucide-react";

interface StateWordProps {
  readonly tone: "good" | "warning" | "bad" | "muted";
  readonly icon: LucideIcon;
  readonly word: string;
  readonly because?: string;
}

export function StateWord({ tone, icon: Icon, word, because = "" }: StateWordProps) {
  return (
    <span className="state-word" data-tone={tone}>
      <Icon aria-hidden="true" />
      <b>{word}</b>
      {because === "" ? null : <span>{because}</span>}
    </span>
  );
}

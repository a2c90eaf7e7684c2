// A sink's state as icon and word.
import { CircleCheck, CircleDashed, CircleX } from "lucide-react";
import { StateWord } from "../../kit/state-word.tsx";
import { stateWords, type SinkStatus } from "./sink-words.ts";

const icons = { good: CircleCheck, bad: CircleX, muted: CircleDashed } as const;

export function SinkStateWord({
  state,
  because = "",
}: {
  readonly state: SinkStatus["state"];
  readonly because?: string;
}) {
  const { word, tone } = stateWords[state];
  return <StateWord tone={tone} icon={icons[tone]} word={word} because={because} />;
}

// What the WAF's lists say when they are empty: no event is only good news where a gateway looks.
import { Shield } from "lucide-react";
import { State } from "../../kit/states.tsx";
import { sumOf, type WafBoard } from "./waf-words.ts";

/** What a list says when nothing was seen; whether anybody looked stands above it. */
export function NothingSeen({ board, what }: { readonly board: WafBoard; readonly what: string }) {
  return (
    <State
      icon={<Shield />}
      title={sumOf(board.totals) === 0 ? "No rule spoke in this window" : `No ${what}`}
      hint={
        board.gateways.length === 0
          ? "Nothing was looked at: no gateway is connected."
          : "Requests that match no rule make no event. Send one that does to see it here."
      }
    />
  );
}

// A command line with its redactions shown as what they are: something was here, of this kind, and it never left the machine.
import { EyeOff } from "lucide-react";
import { argumentPieces } from "./argument-pieces.ts";

interface ArgumentsProps {
  readonly words: readonly string[];
  readonly cut: boolean;
}

export function Arguments({ words, cut }: ArgumentsProps) {
  const pieces = argumentPieces(words.join(" "));
  return (
    <span className="arguments" title={words.join(" ")}>
      {pieces.map((piece, index) =>
        piece.redacted === "" ? (
          <span key={index}>{piece.text}</span>
        ) : (
          <span key={index} className="redacted" title={`Redacted on the machine itself: ${piece.redacted}`}>
            <EyeOff aria-hidden="true" />
            {piece.redacted}
          </span>
        ),
      )}
      {cut ? (
        <span className="cut" title="The kernel side cut the arguments at its limit">
          {" "}
          … cut
        </span>
      ) : null}
    </span>
  );
}

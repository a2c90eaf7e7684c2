// Finds the agent's redaction marks ("‹redacted:kind›") in a text. Pure.

export interface ArgumentPiece {
  readonly text: string;
  /** What was there, in words ("password flag"); empty for plain text. */
  readonly redacted: string;
}

/** The text as plain pieces and marks, in order; joined texts give the input again. */
export function argumentPieces(text: string): readonly ArgumentPiece[] {
  const pieces: ArgumentPiece[] = [];
  let at = 0;
  for (const match of text.matchAll(/‹redacted:([\w-]*)›/g)) {
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), redacted: "" });
    pieces.push({ text: match[0], redacted: (match[1] || "secret").replaceAll("-", " ") });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), redacted: "" });
  return pieces;
}

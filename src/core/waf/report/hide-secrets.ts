// Takes secrets of a request out of a text that rules wrote: whole ones, and pieces of them that a capture or a copy left. Linear in the text.

const pieceCharacters = 6;
const wholeCharactersMin = 4;
const marker = "‹redacted:value›";

interface SecretIndex {
  readonly pieces: ReadonlySet<string>;
  /** Too short to be cut in pieces. */
  readonly shorts: readonly string[];
}

const indexes = new WeakMap<readonly string[], SecretIndex>();

function indexOf(secrets: readonly string[]): SecretIndex {
  let index = indexes.get(secrets);
  if (index !== undefined) return index;
  const pieces = new Set<string>();
  const shorts: string[] = [];
  for (const secret of secrets) {
    if (secret.length < pieceCharacters) {
      if (secret.length >= wholeCharactersMin) shorts.push(secret);
      continue;
    }
    for (let at = 0; at + pieceCharacters <= secret.length; at++) pieces.add(secret.slice(at, at + pieceCharacters));
  }
  index = { pieces, shorts };
  indexes.set(secrets, index);
  return index;
}

/** `shown` are texts that may be seen: what stands in them is no secret, so that nobody blurs a report by repeating its words in a password. What is six characters and more of a secret becomes a marker; of secrets with four or five the whole. Shorter ones tell nothing apart from other texts. */
export function hideSecrets(text: string, secrets: readonly string[], shown: readonly string[] = []): string {
  if (secrets.length === 0 || text === "") return text;
  const { pieces, shorts } = indexOf(secrets);
  const isSecret = (piece: string): boolean => pieces.has(piece) && !shown.some((one) => one.includes(piece));
  let hidden = "";
  let taken = 0;
  for (let at = 0; at + pieceCharacters <= text.length; at++) {
    if (!isSecret(text.slice(at, at + pieceCharacters))) continue;
    let end = at + pieceCharacters;
    while (end < text.length && isSecret(text.slice(end - pieceCharacters + 1, end + 1))) end++;
    hidden += text.slice(taken, at) + marker;
    taken = end;
    at = end - 1;
  }
  hidden += text.slice(taken);
  for (const secret of shorts)
    if (!shown.some((one) => one.includes(secret))) hidden = hidden.replaceAll(secret, marker);
  return hidden;
}

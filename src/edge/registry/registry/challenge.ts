// WWW-Authenticate (RFC 9110, section 11.6.1): challenges with their parameters, read in linear time.

export interface Challenge {
  /** Lower case: "bearer", "basic". */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const charactersMax = 8192;
const token = /[A-Za-z0-9!#$%&'*+.^_`|~-]/;

/** What cannot be read ends the list; what was read before it counts. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, charactersMax);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const skip = (characters: string) => {
    while (at < text.length && characters.includes(text[at]!)) at++;
  };
  const word = (): string => {
    const start = at;
    while (at < text.length && token.test(text[at]!)) at++;
    return text.slice(start, at);
  };
  for (;;) {
    skip(" \t,");
    const name = word();
    if (name === "") return challenges;
    const end = at;
    skip(" \t");
    if (text[at] === "=" && text[at + 1] !== "=") {
      at++;
      skip(" \t");
      const value = text[at] === '"' ? quoted() : word();
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
    } else if (at > end || at >= text.length || text[at] === ",") {
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    } else return challenges;
  }

  function quoted(): string {
    let value = "";
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      value += text[at] ?? "";
    }
    at++;
    return value;
  }
}

// Addresses that lock files name, as they may stand in a report: without user, password, and anything in query or fragment that could be a token.

const lengthMax = 1024;

/** Of queries and fragments what says which code is meant; everything else is dropped. */
const knownKeys: ReadonlySet<string> = new Set(
  "rev branch tag ref commit head subdirectory egg path semver sha1 sha256 sha384 sha512 md5".split(" "),
);

/** Where the part between "//" and the path ends. */
const authorityEnd = /[/?#\s\\]/g;

/** Linear; what is no address stays as it is. "git@" in front of a host is nobody's secret. */
export function publicAddress(address: string): string {
  const text = address.slice(0, lengthMax);
  let clean = "";
  let at = 0;
  for (;;) {
    const from = text.indexOf("://", at);
    if (from < 0) break;
    authorityEnd.lastIndex = from + 3;
    const end = authorityEnd.exec(text)?.index ?? text.length;
    const [host, next] = hostOf(text, from + 3, end);
    clean += text.slice(at, from + 3) + host;
    at = next;
  }
  return withKnownKeys(clean + text.slice(at));
}

/** The host without its user, and where what follows begins. */
function hostOf(text: string, from: number, end: number): readonly [string, number] {
  const authority = text.slice(from, end);
  const cut = authority.lastIndexOf("@");
  if (cut >= 0) return [authority.startsWith("git@") && cut === 3 ? authority : authority.slice(cut + 1), end];
  // "user:pass/word@host": a port is a number, so this is a password with a slash in it.
  if (!/^[^:[]*:(?!\d{0,5}$)/.test(authority)) return [authority, end];
  const late = text.indexOf("@", end);
  return late < 0 ? ["", end] : hostOf(text, late + 1, endOfAuthority(text, late + 1));
}

function endOfAuthority(text: string, from: number): number {
  authorityEnd.lastIndex = from;
  return authorityEnd.exec(text)?.index ?? text.length;
}

function withKnownKeys(text: string): string {
  if (!text.includes("://")) return text;
  const hash = text.indexOf("#");
  const fragment = hash < 0 ? "" : text.slice(hash + 1);
  const rest = hash < 0 ? text : text.slice(0, hash);
  const question = rest.indexOf("?");
  const query = question < 0 ? "" : pairsOf(rest.slice(question + 1));
  // A fragment without a "=" is a commit or a tag.
  const known = fragment.includes("=") ? pairsOf(fragment) : fragment;
  return `${question < 0 ? rest : rest.slice(0, question)}${query === "" ? "" : `?${query}`}${known === "" ? "" : `#${known}`}`;
}

function pairsOf(text: string): string {
  return text
    .split("&")
    .filter((pair) => knownKeys.has(pair.split("=", 1)[0]?.toLowerCase() ?? ""))
    .join("&");
}

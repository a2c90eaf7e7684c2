// The last crumb of the head: what the open page is of. Pure.

/** Pages whose address ends in an id that tells a person nothing: what they are called until they tell their name. */
const namelessWords: Readonly<Record<string, string>> = { detections: "Detection" };

export interface Crumb {
  readonly text: string;
  /** The whole of what is shortened or stands behind the name. */
  readonly title: string;
}

/** Of an address below a screen ("/images/sha256:...") with the name that its page told; undefined for the screen itself. */
export function crumbOf(path: string, name: string | undefined): Crumb | undefined {
  const [, screen = "", ...parts] = path.split("/");
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  const title = decodeURIComponent(last);
  return { text: name ?? namelessWords[screen] ?? shortened(title), title };
}

/** A digest is named by its beginning. */
function shortened(part: string): string {
  return /^sha\d+:[0-9a-f]{32,}$/.test(part) ? part.slice(0, 19) : part;
}

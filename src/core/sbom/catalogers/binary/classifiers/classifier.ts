// How a program is known by its bytes: a row says which files, what to look for, and which package that is. Evidence is literal text first, a short bounded pattern around it second.

export interface Classifier {
  /** "nginx": unique, and what tests name. */
  readonly id: string;
  /** Base names; or a pattern over them. */
  readonly names?: readonly string[];
  readonly pattern?: RegExp;
  /** The whole path must hold this too. */
  readonly path?: RegExp;
  readonly package: string;
  readonly namespace?: string;
  /** Of the package URL; "generic" when absent. */
  readonly type?: string;
  /** "vendor:product" of CPE 2.3 names. */
  readonly cpes: readonly string[];
  /** Tried in order; the first that says a version wins. By base name where the name holds a part of the version. */
  readonly evidence: readonly Evidence[] | ((base: string) => readonly Evidence[]);
  /** No row after this one is asked about a file that this one knows. */
  readonly isFinal?: true;
}

/** `pattern`'s first group is the version; one character a byte. */
export type Evidence =
  | { readonly anchor: string; readonly before: number; readonly after: number; readonly pattern: RegExp }
  /** Without a literal to search for: the pattern runs over the whole file. Bounded, and beginning with something rare. */
  | { readonly anchor?: undefined; readonly pattern: RegExp };

export const two = String.raw`\d{1,4}\.\d{1,4}`;
export const three = String.raw`\d{1,4}\.\d{1,4}\.\d{1,4}`;
export const four = String.raw`\d{1,4}\.\d{1,4}\.\d{1,4}\.\d{1,4}`;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/** The version stands right behind the literal; `rest` must follow it. */
export function behind(anchor: string, version: string, rest = ""): Evidence {
  return { anchor, before: 0, after: 160, pattern: new RegExp(`^${escaped(anchor)}(${version})${rest}`, "s") };
}

/** The version stands right before the literal, and nothing that could be a part of it before that. */
export function before(version: string, anchor: string, rest = ""): Evidence {
  return {
    anchor,
    before: 64,
    after: 160,
    pattern: new RegExp(`(?<![\\d.])(${version})${escaped(anchor)}${rest}`, "s"),
  };
}

/** A pattern (with the version as its first group) in the stretch around the literal. */
export function around(
  anchor: string,
  pattern: string,
  reach: { readonly before?: number; readonly after?: number } = {},
): Evidence {
  return { anchor, before: reach.before ?? 0, after: reach.after ?? 200, pattern: new RegExp(pattern, "s") };
}

export function anywhere(pattern: string): Evidence {
  return { pattern: new RegExp(pattern, "s") };
}

/** A C string that is nothing but a version. */
export function alone(version: string, prefix = ""): Evidence {
  return anywhere(`\\0${prefix}(${version})\\0`);
}

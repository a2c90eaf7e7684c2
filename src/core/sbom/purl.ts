// Package URLs as the specification (ECMA-427) has them: parsed, checked, and written in their canonical form.
// Promises: printing what was parsed gives the canonical form, and parsing that again gives the same parts.
import { Fault } from "../../base/fault.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";
import { normalised, typeProblem, type PurlParts } from "./purl-types.ts";

export type { PurlParts } from "./purl-types.ts";

const lengthMax = 4096;
const qualifiersMax = 64;
const typePattern = /^[a-z][a-z0-9.+-]*$/;
const keyPattern = /^[a-z][a-z0-9._-]*$/;

/** Parts of a package URL, as its type writes them. Throws Fault "sbom/bad-purl" when the grammar or a rule of its type is broken. */
export function parsePurl(text: string): PurlParts {
  const parts = splitPurl(text, true);
  const problem = typeProblem(parts);
  if (problem !== "") throw bad(text, problem);
  return normalised(parts);
}

/**
 * The same for what others wrote: rules of types are left alone (a CRAN package without a version is still a package), letter case stays, a qualifier that is
 * no good is left out. Throws Fault "sbom/bad-purl" when it is no package URL at all.
 */
export function readPurl(text: string): PurlParts {
  return splitPurl(text, false);
}

/** The canonical text. Throws Fault "sbom/bad-purl" for parts that no package URL of the type may have. */
export function buildPurl(parts: PurlParts): string {
  const type = parts.type.toLowerCase();
  if (!typePattern.test(type)) throw bad(parts.type, "the type has letters, digits, dots and dashes only");
  for (const key of Object.keys(parts.qualifiers))
    if (!keyPattern.test(key.toLowerCase())) throw bad(key, "a qualifier's name has letters, digits, ._- only");
  const whole = normalised({ ...parts, type });
  if (trimSlashes(whole.name) === "") throw bad(`pkg:${type}/`, "it has no name");
  const problem = typeProblem(whole);
  if (problem !== "") throw bad(`pkg:${type}/${whole.name}`, problem);
  return printPurl(whole);
}

/** The canonical text of parts that are good already; nothing is refused. */
export function printPurl(given: PurlParts): string {
  const parts = normalised(given);
  const namespace = segments(parts.namespace);
  const path = namespace.length === 0 ? "" : `${namespace.map(encode).join("/")}/`;
  const version = parts.version === "" ? "" : `@${encode(parts.version)}`;
  const qualifiers = Object.entries(parts.qualifiers)
    .filter(([key, value]) => value !== "" && keyPattern.test(key.toLowerCase()))
    .map(([key, value]) => `${key.toLowerCase()}=${encode(value)}`)
    .toSorted();
  const subpath = segments(parts.subpath).filter(isPathSegment).map(encode).join("/");
  return `pkg:${parts.type}/${path}${encode(trimSlashes(parts.name) || parts.name)}${version}${qualifiers.length === 0 ? "" : `?${qualifiers.join("&")}`}${subpath === "" ? "" : `#${subpath}`}`;
}

/**
 * The canonical package URL of a package: architecture as `arch`, an rpm's epoch as `epoch`, the source package as `upstream` ("name" or "name@version", where it
 * differs), a module as `rpmmod`, and its own qualifiers.
 */
export function purlOf(subject: SoftwarePackage): string {
  const qualifiers: Record<string, string> = { ...subject.qualifiers };
  let { version } = subject;
  if (subject.architecture !== "") qualifiers["arch"] ??= subject.architecture;
  const epoch = subject.type === "rpm" ? /^(\d+):(.*)$/s.exec(version) : null;
  if (epoch !== null) {
    version = epoch[2] ?? "";
    if (epoch[1] !== "0") qualifiers["epoch"] ??= epoch[1] ?? "";
  }
  if (subject.source !== undefined) qualifiers["upstream"] ??= upstreamOf(subject, subject.source);
  if (subject.module !== "") qualifiers["rpmmod"] ??= subject.module;
  return printPurl({
    type: subject.type,
    namespace: subject.namespace,
    name: subject.name,
    version,
    qualifiers,
    subpath: "",
  });
}

/** rpm's tools name the file of the source package, the others name and version. */
function upstreamOf(subject: SoftwarePackage, source: { readonly name: string; readonly version: string }): string {
  // A file name has no epoch; one that is the package's own is understood.
  const bare = source.version === subject.version ? source.version.replace(/^\d+:/, "") : source.version;
  if (subject.type === "rpm" && /^[^:@,-]+-[^:@,-]+$/.test(bare)) return `${source.name}-${bare}.src.rpm`;
  const isSameVersion = source.version === "" || source.version === subject.version;
  if (isSameVersion) return source.name === subject.name ? "" : source.name;
  return `${source.name}@${source.version}`;
}

/** The same package whatever its qualifiers and subpath: "pkg:deb/debian/curl@7.50.3-1". */
export function purlWithoutQualifiers(parts: PurlParts): string {
  return printPurl({ ...parts, qualifiers: {}, subpath: "" });
}

function splitPurl(text: string, isStrict: boolean): PurlParts {
  if (text.length > lengthMax) throw bad(text.slice(0, 80), `it is longer than ${lengthMax} characters`);
  const scheme = /^pkg:\/*/i.exec(text)?.[0];
  if (scheme === undefined) throw bad(text, "it does not begin with pkg:");
  let rest = text.slice(scheme.length);
  const hash = rest.lastIndexOf("#");
  const subpath = hash < 0 ? "" : pathOf(text, rest.slice(hash + 1));
  if (hash >= 0) rest = rest.slice(0, hash);
  const question = rest.lastIndexOf("?");
  const qualifiers = question < 0 ? {} : qualifiersOf(text, rest.slice(question + 1), isStrict);
  if (question >= 0) rest = rest.slice(0, question);
  const slash = rest.indexOf("/");
  if (slash < 0) throw bad(text, "it has no type, or no name");
  const type = rest.slice(0, slash).toLowerCase();
  if (!typePattern.test(type)) throw bad(text, "its type has letters, digits, dots and dashes only");
  rest = rest.slice(slash + 1);
  const at = versionAt(rest);
  const version = at < 0 ? "" : decode(text, rest.slice(at + 1));
  if (at >= 0) rest = rest.slice(0, at);
  if (rest === "" || (at >= 0 && rest.endsWith("/"))) throw bad(text, "it has no name");
  const path = trimSlashes(rest);
  const last = path.lastIndexOf("/");
  const name = decode(text, path.slice(last + 1));
  if (name === "") throw bad(text, "it has no name");
  const namespace = segments(path.slice(0, Math.max(0, last)))
    .map((part) => decode(text, part))
    .join("/");
  return { type, namespace, name, version, qualifiers, subpath };
}

/** The last @ begins the version, unless it begins a segment that others follow: an npm scope that was not encoded. */
function versionAt(rest: string): number {
  const at = rest.lastIndexOf("@");
  const isScope = at >= 0 && (at === 0 || rest[at - 1] === "/") && rest.indexOf("/", at) >= 0;
  return isScope ? -1 : at;
}

function qualifiersOf(text: string, query: string, isStrict: boolean): Record<string, string> {
  const found = new Map<string, string>();
  const pairs = query.split("&");
  if (pairs.length > qualifiersMax) throw bad(text, `it has more than ${qualifiersMax} qualifiers`);
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const key = (equals < 0 ? pair : pair.slice(0, equals)).toLowerCase();
    if (equals < 0 || equals === pair.length - 1) {
      if (isStrict && pair !== "" && !keyPattern.test(key)) throw bad(text, `"${key}" is no name of a qualifier`);
      continue;
    }
    if (!keyPattern.test(key) || found.has(key)) {
      if (!isStrict) continue;
      throw bad(text, found.has(key) ? `qualifier ${key} is there twice` : `"${key}" is no name of a qualifier`);
    }
    found.set(key, decode(text, pair.slice(equals + 1)));
  }
  const sorted = [...found].filter(([, value]) => value !== "").toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(sorted);
}

function pathOf(text: string, subpath: string): string {
  const parts = segments(subpath).map((part) => decode(text, part));
  if (parts.some((part) => part.includes("/"))) throw bad(text, "a segment of its subpath has a slash in it");
  return parts.filter(isPathSegment).join("/");
}

function isPathSegment(segment: string): boolean {
  return segment !== "" && segment !== "." && segment !== "..";
}

function segments(path: string): readonly string[] {
  return path === "" ? [] : path.split("/").filter((segment) => segment !== "");
}

function trimSlashes(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && text[from] === "/") from += 1;
  while (to > from && text[to - 1] === "/") to -= 1;
  return text.slice(from, to);
}

function decode(text: string, part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw bad(text, "its percent-encoding is broken", cause);
  }
}

/** Everything but letters, digits, .-_~ and the colon is encoded. */
function encode(part: string): string {
  if (/^[A-Za-z0-9._~:-]*$/.test(part)) return part;
  return encodeURIComponent(part.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":");
}

function bad(text: string, because: string, cause?: unknown): Fault {
  return new Fault(`"${text.slice(0, 200)}" is no package URL: ${because}`, {
    code: "sbom/bad-purl",
    kind: "usage",
    hint: "pkg:type/namespace/name@version?qualifiers#subpath",
    ...(cause === undefined ? {} : { cause }),
  });
}

// Names of images as docker reads them: "nginx" is docker.io/library/nginx. Pure; what docker refuses is refused here, with the reason.
import { Fault } from "../../base/fault.ts";

export interface ImageReference {
  /** Host, with a port where one is written: "docker.io", "localhost:5000", "[::1]:5000". */
  readonly registry: string;
  /** Path in the registry: "library/nginx", "shop/web". */
  readonly repository: string;
  /** "" when none is written; see `tagOf`. */
  readonly tag: string;
  /** "sha256:..." or "" when none is written. */
  readonly digest: string;
}

export const referenceLimits = { charactersMax: 4096, nameMax: 255, tagMax: 128 } as const;

const hostPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** "[registry/]repository[:tag][@digest]" by docker's grammar and defaults; throws Fault "image/bad-reference" with what is wrong and what to write. */
export function parseReference(text: string): ImageReference {
  if (text.length > referenceLimits.charactersMax) throw bad(text, "it is too long", "");
  if (text === "") throw bad(text, "it is empty", "write an image's name: registry/repository:tag");
  const scheme = /^[a-z][a-z0-9+-]*:\/\//.exec(text)?.[0];
  if (scheme !== undefined) {
    throw bad(text, `it begins with ${scheme}`, `leave ${scheme} out: registry/repository:tag`);
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? "" : text.slice(at + 1);
  if (at >= 0) refuseBadDigest(text, digest);
  const named = at < 0 ? text : text.slice(0, at);
  const { name, tag } = splitTag(named);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw bad(text, "its tag has characters that a tag cannot have, or is too long", "tags are [A-Za-z0-9_.-]");
  }
  if (/^[a-f0-9]{64}$/.test(name)) {
    throw bad(text, "64 hexadecimal digits are an image id, not a name", "write repository@sha256:... instead");
  }
  const { registry, repository } = splitRegistry(name);
  refuseBadName(text, registry, repository);
  return { registry, repository, tag: tag ?? "", digest };
}

/** A colon after the last slash begins a tag; any other is a port's. */
function splitTag(named: string): { name: string; tag: string | undefined } {
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return colon < 0 ? { name: named, tag: undefined } : { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** The first part is a host when it could not be a repository's: a dot, a colon, an upper-case letter, or "localhost". */
function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = /[.:A-Z[]/.test(first) || first === "localhost";
  const registry = isHost ? first : "docker.io";
  const rest = isHost ? name.slice(slash + 1) : name;
  if (registry !== "docker.io" && registry !== "index.docker.io") return { registry, repository: rest };
  return { registry: "docker.io", repository: rest.includes("/") || rest === "" ? rest : `library/${rest}` };
}

function refuseBadName(text: string, registry: string, repository: string): void {
  if (!hostPattern.test(registry)) throw bad(text, "its registry is no host name", "write host or host:port");
  if (repository === "") throw bad(text, "it has no repository", "write registry/repository:tag");
  if (/[A-Z]/.test(repository)) {
    throw bad(text, "a repository's name must be lower case", `did you mean ${printable(repository.toLowerCase())}?`);
  }
  if (!repository.split("/").every((component) => componentPattern.test(component))) {
    throw bad(text, "its repository is not written as one", "parts are [a-z0-9], joined by one of . _ __ -");
  }
  if (repository.length > referenceLimits.nameMax) {
    throw bad(text, `its repository is longer than ${referenceLimits.nameMax} characters`, "");
  }
}

function refuseBadDigest(text: string, digest: string): void {
  if (!isDigest(digest)) {
    throw bad(text, "its digest is not written as one", "a digest is sha256: and 64 hexadecimal digits in lower case");
  }
}

/** "sha256:" and 64 lower-case hexadecimal digits, and its kin; of unknown algorithms the general form. */
export function isDigest(text: string): boolean {
  if (text.length > 256 || !digestPattern.test(text)) return false;
  const colon = text.indexOf(":");
  const length = hexLengths[text.slice(0, colon)];
  const hex = text.slice(colon + 1);
  return length === undefined || (hex.length === length && !/[A-F]/.test(hex));
}

/** The tag that is meant: as written, or "latest" where neither tag nor digest is; "" with a digest alone. */
export function tagOf(reference: ImageReference): string {
  return reference.tag === "" && reference.digest === "" ? "latest" : reference.tag;
}

/** In full: "docker.io/library/nginx:1.27@sha256:...". Reading it back gives the same reference. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === "" ? "" : `:${reference.tag}`;
  const digest = reference.digest === "" ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** As people write it: without docker.io and library. */
export function familiarReference(reference: ImageReference): string {
  const full = formatReference(reference);
  if (reference.registry !== "docker.io") return full;
  const path = full.slice("docker.io/".length);
  const short = path.slice("library/".length);
  const isShort = reference.repository.startsWith("library/") && !reference.repository.slice(8).includes("/");
  return isShort ? short : path;
}

function bad(text: string, because: string, hint: string): Fault {
  return new Fault(`"${printable(text)}" is no image reference: ${because}`, {
    code: "image/bad-reference",
    kind: "usage",
    ...(hint === "" ? {} : { hint }),
  });
}

/** Bounded, without control characters. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.slice(0, 200).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/g, "?");
}

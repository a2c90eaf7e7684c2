// npm's names: scope and name, what a version field of a lock file means when it is no version (git, file, alias, tarball).
import { publicAddress } from "../parts/address.ts";
import type { Found } from "../parts/found.ts";

export function splitScope(fullName: string): { namespace: string; name: string } {
  const slash = fullName.startsWith("@") ? fullName.indexOf("/") : -1;
  return slash < 0
    ? { namespace: "", name: fullName }
    : { namespace: fullName.slice(0, slash), name: fullName.slice(slash + 1) };
}

/** "@s/a@1.0.0" at its last "@" that is not the scope's: ["@s/a", "1.0.0"]; without one the version is "". */
export function splitAtVersion(text: string): { name: string; version: string } {
  const at = text.indexOf("@", 1);
  return at < 0 ? { name: text, version: "" } : { name: text.slice(0, at), version: text.slice(at + 1) };
}

const gitReference = /^(?:git\+|git:|git@|github:|gitlab:|bitbucket:|gist:)|\.git(?:#|$)/;
const localReference = /^(?:file|link|portal|workspace|root|exec):/;
const plainVersion = /^v?\d+(?:\.[0-9A-Za-z-]+)*(?:[+][0-9A-Za-z.-]+)?$/;

export function isGitReference(text: string): boolean {
  return gitReference.test(text);
}

/** Of this machine or of this repository: no package that anybody published. */
export function isLocalReference(text: string): boolean {
  return localReference.test(text) || text.startsWith("./") || text.startsWith("../");
}

/** "1.2.3", "1.0.0-rc.1+build". */
export function isPlainVersion(text: string): boolean {
  return plainVersion.test(text);
}

export interface Locked {
  readonly name: string;
  readonly version: string;
  /** What was resolved, when it is no plain registry version. */
  readonly resolved?: string;
  readonly scope?: Found["scope"];
  readonly line?: number;
  readonly licenses?: readonly string[];
}

/** A locked package as a record; undefined for what is local. Aliases ("npm:real@1.2.3") give the real package. */
export function toNpmFound(locked: Locked): Found | undefined {
  if (isLocalReference(locked.version)) return undefined;
  if (locked.version.startsWith("npm:")) {
    const real = splitAtVersion(locked.version.slice(4));
    return toNpmFound({ ...locked, name: real.name, version: real.version });
  }
  const rest = {
    type: "npm",
    ...(locked.scope === undefined ? {} : { scope: locked.scope }),
    ...(locked.line === undefined ? {} : { line: locked.line }),
    ...(locked.licenses === undefined ? {} : { licenses: locked.licenses }),
  };
  const from = isPlainVersion(locked.version) ? (locked.resolved ?? "") : locked.version;
  const qualifiers = qualifiersOf(from);
  const version = isPlainVersion(locked.version) ? locked.version.replace(/^v/, "") : versionOfTarball(locked);
  return { ...rest, ...splitScope(locked.name), version, ...(qualifiers === undefined ? {} : { qualifiers }) };
}

function qualifiersOf(reference: string): Record<string, string> | undefined {
  if (reference === "") return undefined;
  if (isGitReference(reference)) return { vcs_url: publicAddress(reference) };
  return undefined;
}

/** ".../-/name-1.2.3.tgz" says the version that an address alone does not. */
function versionOfTarball(locked: Locked): string {
  const file = (locked.version.split(/[?#]/)[0] ?? "").split("/").at(-1) ?? "";
  const { name } = splitScope(locked.name);
  if (!file.startsWith(`${name}-`) || !file.endsWith(".tgz")) return "";
  const version = file.slice(name.length + 1, -4);
  return isPlainVersion(version) ? version : "";
}

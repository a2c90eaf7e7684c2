// Python's names and requirements: the normal form of a name (PEP 503) and what one line of a requirements file says (PEP 508).
import { publicAddress } from "../parts/address.ts";

export function normalName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[-_.]+/g, "-");
}

const nameStart = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]{0,500}\])?\s*/;

export interface Requirement {
  readonly name: string;
  /** "" when the specifier is none or a range. */
  readonly version: string;
  /** Of "name @ address". */
  readonly address: string;
}

/** undefined: not a requirement (an option, an address without a name, a template). */
export function parseRequirement(line: string): Requirement | undefined {
  const text = (line.split(/\s--?[A-Za-z]/)[0] ?? "").trim();
  if (/^(?:[a-z+]+:\/\/|\.{0,2}\/|file:)/i.test(text)) return ofAddress(text);
  const found = nameStart.exec(text);
  const name = found?.[1];
  if (found === null || name === undefined) return undefined;
  const rest = text.slice(found[0].length);
  if (rest.startsWith("@")) return { name, version: "", address: (rest.slice(1).trim().split(/\s/)[0] ?? "").trim() };
  const specifier = (rest.split(";")[0] ?? "").trim().replace(/^\((.*)\)$/, "$1");
  if (specifier !== "" && !/^[<>=!~]/.test(specifier)) return undefined;
  return { name, version: exactVersion(specifier), address: "" };
}

/** "git+https://host/x.git@1.0#egg=name", or a wheel's file name at the end of an address. */
function ofAddress(text: string): Requirement | undefined {
  const address = text.split(/\s/)[0] ?? "";
  const egg = /[#&]egg=([A-Za-z0-9._-]+)/.exec(address)?.[1];
  if (egg !== undefined) return { name: egg, version: "", address };
  const wheel = /\/([A-Za-z0-9_.]+)-([^-/]+)-[^/]*\.whl(?:[#?]|$)/.exec(address);
  return wheel === null ? undefined : { name: wheel[1] ?? "", version: wheel[2] ?? "", address };
}

/** Of "==1.2" or "===1.2", also among other clauses; "" for ranges and wildcards. */
export function exactVersion(specifier: string): string {
  for (const clause of specifier.split(",")) {
    const version = /^\s*={2,3}\s*([^\s,;*]+)\s*$/.exec(clause)?.[1];
    if (version !== undefined) return version;
  }
  return "";
}

/** Qualifiers of a package URL for code that came from an address and not from an index. */
export function qualifiersOfAddress(address: string): Readonly<Record<string, string>> {
  const clean = publicAddress(address);
  if (/^(?:git|hg|svn|bzr)\+|\.git(?:[@#]|$)/.test(address)) return { vcs_url: clean };
  return /^https?:/.test(address) ? { download_url: clean } : {};
}

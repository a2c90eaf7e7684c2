// Licences out of a Debian copyright file: the machine-readable fields, else the common licences it refers to. Looks only at the lines that matter.
import type { CatalogFile, CatalogTools } from "../../cataloger.ts";
import { boundedLicenses } from "../distribution.ts";

const fileBytesMax = 512 * 1024;
const lineBytesMax = 200;
const licensesMax = 30;
const commonFolder = "/usr/share/common-licenses/";

function lineAt(file: CatalogFile, tools: CatalogTools, from: number): string {
  const text = tools.latin1(file.bytes.subarray(from, from + lineBytesMax));
  const end = text.indexOf("\n");
  return end === -1 ? text : text.slice(0, end);
}

function* linesAfter(file: CatalogFile, tools: CatalogTools, needle: string): Generator<string> {
  for (let at = tools.indexOf(file.bytes, needle, 0), seen = 0; at !== -1 && seen < 1000; seen += 1) {
    yield lineAt(file, tools, at + needle.length);
    at = tools.indexOf(file.bytes, needle, at + needle.length);
  }
}

/** At most 30, in order of first mention; none when the file says nothing that a program can read. */
export function readCopyright(file: CatalogFile, tools: CatalogTools): string[] {
  if (file.bytes.length > fileBytesMax) return [];
  const found = new Set<string>();
  for (const line of linesAfter(file, tools, "\nLicense:")) found.add(line.trim());
  if (found.size === 0) {
    for (const line of linesAfter(file, tools, commonFolder)) {
      const name = /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}/.exec(line)?.[0].replace(/[.]+$/, "");
      if (name !== undefined) found.add(name);
    }
  }
  return boundedLicenses(found).slice(0, licensesMax);
}

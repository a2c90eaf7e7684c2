// python/requirements: requirements*.txt. An exact version ("==") is a package, a range is one without a version. Included files (-r) are read when they are found themselves.
import type { CatalogFile, CatalogTools } from "../../cataloger.ts";
import { defineCataloger } from "../../cataloger.ts";
import type { FoundPart } from "../parts/found.ts";
import { combineFound, createCollector } from "../parts/found.ts";
import { normalName, parseRequirement, qualifiersOfAddress } from "./names.ts";

const id = "python/requirements";
const linesMax = 200_000;

function read(file: CatalogFile, tools: CatalogTools): FoundPart | undefined {
  const base = file.path.slice(file.path.lastIndexOf("/") + 1);
  const scope = /(?:^|[-_.])(?:dev|develop|development|tests?|testing|lint|docs?|ci)(?:[-_.]|$)/i.test(base)
    ? "development"
    : "declared";
  const collector = createCollector();
  let odd = 0;
  for (const { text, line } of logicalLines(textOfFile(file, tools))) {
    // An editable one is installed like any other; of the other options none names a package.
    const editable = /^(?:-e\s*|--editable[\s=]\s*)(.*)$/.exec(text)?.[1];
    if (editable === undefined && text.startsWith("-")) continue;
    if (editable !== undefined && !editable.includes("://")) continue;
    const requirement = parseRequirement(editable ?? text);
    if (requirement === undefined) {
      odd += 1;
      continue;
    }
    const qualifiers = requirement.address === "" ? {} : qualifiersOfAddress(requirement.address);
    collector.add({
      type: "pypi",
      name: normalName(requirement.name),
      version: requirement.version,
      scope,
      line,
      qualifiers,
    });
  }
  if (odd > 0) collector.gap({ kind: "file-unreadable", because: "lines that are no requirement", count: odd });
  return collector.part();
}

/** PowerShell writes UTF-16 with a mark in front; names and versions are ASCII. */
function textOfFile(file: CatalogFile, tools: CatalogTools): string {
  const { bytes } = file;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return tools.latin1(bytes.subarray(2)).replaceAll("\u0000", "");
  const text = file.text();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Lines joined over a backslash, without comments and empty ones; `line` is where each begins. */
function* logicalLines(text: string): Generator<{ text: string; line: number }> {
  let whole = "";
  let from = 0;
  for (const [index, raw] of text.split("\n").slice(0, linesMax).entries()) {
    const line = raw.trim();
    if (whole === "") from = index + 1;
    const code = line.startsWith("#") ? "" : (line.split(/\s#/)[0] ?? "").trim();
    if (code.endsWith("\\")) {
      whole += `${code.slice(0, -1)} `;
      continue;
    }
    whole += code;
    if (whole.trim() !== "") yield { text: whole.trim(), line: from };
    whole = "";
  }
  if (whole.trim() !== "") yield { text: whole.trim(), line: from };
}

export const pythonRequirements = defineCataloger<FoundPart>({
  id,
  version: 3,
  wants: { pattern: /^[^/]{0,100}requirements[^/]{0,100}\.txt$/i, bytesMax: 4 * 1024 * 1024 },
  read,
  combine: combineFound(id, "manifest", "declared"),
});

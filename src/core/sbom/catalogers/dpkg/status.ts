// dpkg's status files: paragraphs of fields, read line by line without splitting the whole. Only what is really there counts: not what was removed and left its configuration.
import { vendorLengthMax, vendorName } from "../../vendor.ts";
import { isPlainName, isPlainVersion, packagesMax } from "../distribution.ts";

export interface DpkgEntry {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** "" when it is the same as the package's. */
  readonly source: string;
  readonly sourceVersion: string;
  /** Its Vendor, which others' tools write, or else its Maintainer; "" for neither. */
  readonly vendor: string;
}

export interface DpkgStatus {
  readonly entries: readonly DpkgEntry[];
  /** Paragraphs whose name or version is missing or not printable. */
  readonly refused: number;
  /** More than `packagesMax`. */
  readonly isCut: boolean;
}

interface Paragraph {
  package: string;
  status: string;
  version: string;
  architecture: string;
  source: string;
  vendor: string;
  maintainer: string;
}

type Field = keyof Paragraph;

const fields = new Map<string, Field>(
  (["package", "status", "version", "architecture", "source", "vendor", "maintainer"] as const).map((name) => [
    name,
    name,
  ]),
);

/** First letters of the fields that are read, both cases: all other lines are passed over after one look. */
const initials = new Set(Array.from("psvamPSVAM", (letter) => letter.charCodeAt(0)));

/** States in which nothing of the package is unpacked. The first word ("deinstall") is only what somebody wants. */
const absentStates = new Set(["not-installed", "config-files"]);

function emptyParagraph(): Paragraph {
  return { package: "", status: "", version: "", architecture: "", source: "", vendor: "", maintainer: "" };
}

function setField(paragraph: Paragraph, text: string, start: number, end: number): void {
  if (!initials.has(text.charCodeAt(start))) return;
  const colon = text.indexOf(":", start);
  if (colon === -1 || colon >= end || colon - start > 12) return;
  const field = fields.get(text.slice(start, colon).toLowerCase());
  if (field !== undefined) paragraph[field] = text.slice(colon + 1, end).trim();
}

/** "glibc (2.36-9)" or "glibc". */
function readSource(source: string): { name: string; version: string } {
  const open = source.indexOf("(");
  if (open === -1) return { name: source, version: "" };
  return {
    name: source.slice(0, open).trim(),
    version: source
      .slice(open + 1)
      .replace(/\).*$/, "")
      .trim(),
  };
}

/** undefined: not installed. "refused": broken. */
function entryOf(paragraph: Paragraph): DpkgEntry | "refused" | undefined {
  const { package: name, version, architecture } = paragraph;
  if (paragraph.status !== "") {
    const words = paragraph.status.split(/\s+/);
    if (absentStates.has(words.at(-1) ?? "")) return undefined;
  }
  if (!isPlainName(name) || !isPlainVersion(version)) return "refused";
  const source = readSource(paragraph.source);
  const isSame = source.name === "" || (source.name === name && (source.version === "" || source.version === version));
  const isPlain = isPlainName(source.name) && (source.version === "" || isPlainVersion(source.version));
  return {
    name,
    version,
    architecture: isPlainName(architecture) ? architecture.slice(0, 64) : "",
    source: isSame || !isPlain ? "" : source.name,
    sourceVersion: isSame || !isPlain ? "" : source.version || version,
    vendor: (vendorName(paragraph.vendor) || paragraph.maintainer).slice(0, vendorLengthMax),
  };
}

/** Reads a whole status file. Linear; never throws. */
export function readDpkgStatus(text: string): DpkgStatus {
  const entries: DpkgEntry[] = [];
  let refused = 0;
  let paragraph = emptyParagraph();
  let hasField = false;
  const finish = (): void => {
    if (!hasField) return;
    const entry = entryOf(paragraph);
    if (entry === "refused") refused += 1;
    else if (entry !== undefined) entries.push(entry);
    paragraph = emptyParagraph();
    hasField = false;
  };
  for (let start = 0; start < text.length && entries.length < packagesMax;) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const first = text.charCodeAt(start);
    const isBlank = end === start || (end === start + 1 && first === 13);
    if (isBlank) finish();
    else if (first !== 32 && first !== 9) {
      hasField = true;
      setField(paragraph, text, start, end);
    } else if (text.slice(start, end).trim() === "") finish();
    start = end + 1;
  }
  finish();
  return { entries, refused, isCut: entries.length >= packagesMax };
}

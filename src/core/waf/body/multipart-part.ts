// One part of a multipart body: its headers as they come in lines, then its content: kept for a field, counted for a file.
import { trim, trimLeft, trimRight } from "../transform/trim.ts";
import type { BodyLimits, BodySink } from "./body-parser.ts";
import type { Findings } from "./findings.ts";
import { parseDisposition, type Disposition } from "./multipart-disposition.ts";

export interface Part {
  headers: string[];
  headerBytes: number;
  disposition: Disposition | undefined;
  content: string;
  bytes: number;
}

export function createPart(): Part {
  return { headers: [], headerBytes: 0, disposition: undefined, content: "", bytes: 0 };
}

/** A line of the part's head without its line end, not empty. */
export function addHeaderLine(part: Part, line: string, limits: BodyLimits, findings: Findings): void {
  part.headerBytes += line.length;
  if (part.headerBytes > limits.partHeaderBytesMax) {
    findings.stop("partHeaderBytesMax");
    return;
  }
  if (/^[\t-\r ]/.test(line)) {
    findings.flag("MULTIPART_HEADER_FOLDING");
    if (!/^[ \t]/.test(line)) findings.flag("MULTIPART_INVALID_HEADER_FOLDING");
    const last = part.headers.pop();
    if (last === undefined) findings.error("multipart: a part begins with a folded header");
    else part.headers.push(`${last} ${trimLeft.apply(line)}`);
    return;
  }
  const colon = line.indexOf(":");
  if (colon < 0) {
    findings.error("multipart: a part's header without a colon");
    return;
  }
  if (colon === 0) findings.error("multipart: a part's header without a name");
  else if (!/^[!-9;-~]+$/.test(trimRight.apply(line.slice(0, colon))))
    findings.error("multipart: bad characters in a part's header name");
  part.headers.push(line);
}

/** The empty line after the head. */
export function endHead(part: Part, findings: Findings): void {
  const values = part.headers.flatMap((header) => {
    const colon = header.indexOf(":");
    return trim.apply(header.slice(0, colon)).toLowerCase() === "content-disposition" ? [header.slice(colon + 1)] : [];
  });
  if (values.length > 1) findings.error("multipart: Content-Disposition twice in a part");
  const dispositions = values.map(parseDisposition);
  part.disposition = dispositions[0];
  if (part.disposition === undefined) {
    findings.error("multipart: a part without Content-Disposition");
    findings.flag("MULTIPART_INVALID_PART");
  }
  for (const { isBadlyQuoted, error } of dispositions) {
    if (isBadlyQuoted) findings.flag("MULTIPART_INVALID_QUOTING");
    if (error === "") continue;
    findings.error(error);
    findings.flag("MULTIPART_INVALID_PART");
  }
}

export function isFile(part: Part): boolean {
  return (part.disposition?.fileName ?? part.disposition?.extendedFileName ?? "") !== "";
}

/** Of a field no more is kept than `room` bytes. How many it took. */
export function addContent(part: Part, text: string, room: number): number {
  part.bytes += text.length;
  if (isFile(part)) return 0;
  part.content += text.length > room ? text.slice(0, room) : text;
  return text.length;
}

/** Tells what the part was. An unnamed one is told under the empty name: its content is looked at too. */
export function tellPart(part: Part, sink: BodySink, argument: (name: string, value: string) => void): void {
  const name = part.disposition?.name ?? "";
  for (const header of part.headers) sink.partHeader(name, header);
  if (!isFile(part)) {
    argument(name, part.content);
    return;
  }
  const { fileName, extendedFileName } = part.disposition ?? {};
  if (fileName !== undefined) sink.file({ field: name, fileName, bytes: part.bytes });
  // A back end may take the one or the other name: rules see both, bytes are counted once.
  if (extendedFileName !== undefined && extendedFileName !== fileName)
    sink.file({ field: name, fileName: extendedFileName, bytes: fileName === undefined ? part.bytes : 0 });
}

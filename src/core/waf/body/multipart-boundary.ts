// The boundary of a multipart body, out of its Content-Type. Strict as ModSecurity in what it calls an error, lenient in what it still reads by: a back end may be too.
import { trim, trimLeft, trimRight } from "../transform/trim.ts";

export interface MultipartBoundary {
  /** "" when there is none to read by. */
  readonly boundary: string;
  readonly error: string;
  /** MULTIPART_BOUNDARY_QUOTED and others. */
  readonly flags: readonly string[];
}

/** Content types longer than this are refused as a whole. */
export const contentTypeBytesMax = 1_024;
const boundaryBytesMax = 256;

export function multipartBoundaryOf(contentType: string): MultipartBoundary {
  if (contentType.length > contentTypeBytesMax)
    return { boundary: "", error: "multipart: Content-Type is too long", flags: [] };
  const found = /boundary/i.exec(contentType);
  if (found === null) return { boundary: "", error: "multipart: no boundary in Content-Type", flags: [] };
  const flags: string[] = [];
  const before = contentType.slice(0, found.index);
  const rest = contentType.slice(found.index + "boundary".length);
  const equals = rest.indexOf("=");
  const value = equals < 0 ? "" : rest.slice(equals + 1);
  const error = errorBefore(before, found[0]) || errorOfName(equals < 0 ? undefined : rest.slice(0, equals));
  if (/^multipart\/[a-z-]+[\t-\r ]*$/i.test(before))
    flags.push("MULTIPART_MISSING_SEMICOLON", "MULTIPART_SEMICOLON_MISSING");
  if (/^[\t-\r ]/.test(rest) || /^[\t-\r ]/.test(value)) flags.push("MULTIPART_BOUNDARY_WHITESPACE");
  const read = readValue(trimLeft.apply(value));
  if (read.isQuoted) flags.push("MULTIPART_BOUNDARY_QUOTED");
  const errors = [error, read.error, errorOfRest(rest, read.boundary)];
  return { boundary: read.boundary, error: errors.find((text) => text !== "") ?? "", flags };
}

function errorBefore(before: string, word: string): string {
  if (word !== "boundary") return "multipart: boundary in Content-Type is not in small letters";
  return /^multipart\/form-data[\t-\r ]*;?[\t-\r ]*$/i.test(before)
    ? ""
    : "multipart: malformed Content-Type before the boundary";
}

function errorOfName(between: string | undefined): string {
  if (between === undefined) return "multipart: boundary in Content-Type has no value";
  return trim.apply(between) === "" ? "" : "multipart: malformed boundary parameter in Content-Type";
}

function readValue(value: string): { readonly boundary: string; readonly isQuoted: boolean; readonly error: string } {
  const quoted = /^"([^"]*)"[\t-\r ]*(?:;|$)/.exec(value);
  const plain = /^[^;]*/.exec(value)?.[0] ?? "";
  const boundary = quoted?.[1] ?? trim.apply(plain).replaceAll('"', "");
  const isQuoted = quoted !== null;
  if (!isQuoted && plain.includes('"'))
    return { boundary, isQuoted, error: "multipart: boundary is quoted on one side" };
  if (boundary === "") return { boundary, isQuoted, error: "multipart: boundary is empty" };
  if (boundary.length > boundaryBytesMax) return { boundary: "", isQuoted, error: "multipart: boundary is too long" };
  const isTrimmed = isQuoted || trimRight.apply(plain) === plain;
  const hasForeign = !/^[0-9A-Za-z'()+_,\-./:=? ]+$/.test(boundary);
  return {
    boundary,
    isQuoted,
    error: isTrimmed && !hasForeign ? "" : "multipart: characters that a boundary must not have",
  };
}

/** A second boundary parameter: who reads which is anybody's guess. */
function errorOfRest(rest: string, boundary: string): string {
  return /;[\t-\r ]*boundary/i.test(rest.slice(boundary.length))
    ? "multipart: more than one boundary in Content-Type"
    : "";
}

// The list of transformations. A new one is a file and a line here.
import { base64Decode } from "./base64-decode.ts";
import { base64DecodeExt } from "./base64-decode-ext.ts";
import { base64Encode } from "./base64-encode.ts";
import { cmdLine } from "./cmd-line.ts";
import { compressWhitespace } from "./compress-whitespace.ts";
import { cssDecode } from "./css-decode.ts";
import { digestTransformation } from "./digest.ts";
import { escapeSeqDecode } from "./escape-seq-decode.ts";
import { hexDecode } from "./hex-decode.ts";
import { hexEncode } from "./hex-encode.ts";
import { htmlEntityDecode } from "./html-entity-decode.ts";
import { jsDecode } from "./js-decode.ts";
import { length } from "./length.ts";
import { lowercase } from "./lowercase.ts";
import { none } from "./none.ts";
import { normalisePath, normalisePathWin, normalizePath, normalizePathWin } from "./normalize-path.ts";
import { parityEven7bit, parityOdd7bit, parityZero7bit } from "./parity.ts";
import { removeComments } from "./remove-comments.ts";
import { removeCommentsChar } from "./remove-comments-char.ts";
import { removeNulls, replaceNulls } from "./remove-nulls.ts";
import { removeWhitespace } from "./remove-whitespace.ts";
import { replaceComments } from "./replace-comments.ts";
import { sqlHexDecode } from "./sql-hex-decode.ts";
import { trim, trimLeft, trimRight } from "./trim.ts";
import { uppercase } from "./uppercase.ts";
import { urlDecode } from "./url-decode.ts";
import { urlDecodeUni, urlDecodeUniWith } from "./url-decode-uni.ts";
import { urlEncode } from "./url-encode.ts";
import { utf8ToUnicode } from "./utf8-to-unicode.ts";
import type { Transformation, WafHashes } from "./transformation.ts";

const plain: readonly Transformation[] = [
  base64Decode,
  base64DecodeExt,
  base64Encode,
  cmdLine,
  compressWhitespace,
  cssDecode,
  escapeSeqDecode,
  hexDecode,
  hexEncode,
  htmlEntityDecode,
  jsDecode,
  length,
  lowercase,
  none,
  normalisePath,
  normalisePathWin,
  normalizePath,
  normalizePathWin,
  parityEven7bit,
  parityOdd7bit,
  parityZero7bit,
  removeComments,
  removeCommentsChar,
  removeNulls,
  removeWhitespace,
  replaceComments,
  replaceNulls,
  sqlHexDecode,
  trim,
  trimLeft,
  trimRight,
  uppercase,
  urlDecode,
  urlDecodeUni,
  urlEncode,
  utf8ToUnicode,
];
const byName: ReadonlyMap<string, Transformation> = new Map(plain.map((one) => [one.name, one]));

/** Names in lower case, as rule sets have them. */
export const transformationNames: readonly string[] = [...byName.keys(), "md5", "sha1"].toSorted();

export interface TransformationOptions {
  /** SecUnicodeMapFile: code units to bytes, for urlDecodeUni. */
  readonly unicodeMap?: ReadonlyMap<number, number> | undefined;
}

/** By its name in lower case; undefined: there is none of this name. */
export function transformationOf(
  name: string,
  hashes: WafHashes,
  options: TransformationOptions = {},
): Transformation | undefined {
  if (name === "md5" || name === "sha1") return digestTransformation(name, hashes);
  if (name === "urldecodeuni" && options.unicodeMap !== undefined) return urlDecodeUniWith(options.unicodeMap);
  return byName.get(name);
}

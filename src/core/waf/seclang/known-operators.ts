// The operators and transformations of the reference, and what this WAF does with each. A name that is in no list is refused with the nearest one.

/** text: its argument is taken as it is. words: phrases parted by blanks. file: names word lists. none: takes no argument. never: loads, and never matches here. */
export type OperatorShape = "text" | "words" | "file" | "none" | "never";

export const knownOperators: ReadonlyMap<string, OperatorShape> = new Map<string, OperatorShape>([
  ["beginswith", "text"],
  ["contains", "text"],
  ["containsword", "text"],
  ["detectsqli", "none"],
  ["detectxss", "none"],
  ["endswith", "text"],
  ["eq", "text"],
  ["ge", "text"],
  ["gt", "text"],
  ["ipmatch", "text"],
  ["ipmatchfromfile", "file"],
  ["le", "text"],
  ["lt", "text"],
  ["nomatch", "none"],
  ["pm", "words"],
  ["pmfromfile", "file"],
  ["rx", "text"],
  ["rxglobal", "text"],
  ["streq", "text"],
  ["strmatch", "text"],
  ["unconditionalmatch", "none"],
  ["validatebyterange", "text"],
  ["validateurlencoding", "none"],
  ["validateutf8encoding", "none"],
  ["verifycc", "text"],
  ["verifycpf", "text"],
  ["verifyssn", "text"],
  ["verifysvnr", "text"],
  ["within", "text"],
  ["geolookup", "never"],
  ["rbl", "never"],
]);

/** Spellings as the reference writes them, for hints. */
export const operatorNames: readonly string[] = [
  ..."beginsWith contains containsWord detectSQLi detectXSS endsWith eq ge geoLookup gt ipMatch ipMatchFromFile le lt noMatch pm".split(
    " ",
  ),
  ..."pmFromFile rbl rx rxGlobal streq strmatch unconditionalMatch validateByteRange validateUrlEncoding validateUtf8Encoding".split(
    " ",
  ),
  ..."verifyCC verifyCPF verifySSN verifySVNR within".split(" "),
];

export const operatorAliases: ReadonlyMap<string, string> = new Map([
  ["ipmatchf", "ipmatchfromfile"],
  ["pmf", "pmfromfile"],
]);

export const neverReasons: ReadonlyMap<string, string> = new Map([
  ["geolookup", "no address database is looked up while a request waits"],
  ["rbl", "no name is looked up while a request waits"],
]);

export const refusedOperators: ReadonlyMap<string, string> = new Map([
  ["fuzzyhash", "there is no fuzzy hashing here"],
  ["gsblookup", "nothing outside is asked while a request waits"],
  ["inspectfile", "rules start no programs"],
  ["rsub", "bodies are not rewritten"],
  ["validatedtd", "XML is not validated against files"],
  ["validatehash", "hashes are not put into pages"],
  ["validateschema", "XML is not validated against files"],
  ["verifyhash", "hashes are not put into pages"],
]);

/** As the reference writes them. */
export const transformationNames: readonly string[] = [
  ..."base64Decode base64DecodeExt base64Encode cmdLine compressWhitespace cssDecode escapeSeqDecode hexDecode hexEncode".split(
    " ",
  ),
  ..."htmlEntityDecode jsDecode length lowercase md5 none normalizePath normalizePathWin parityEven7bit parityOdd7bit".split(
    " ",
  ),
  ..."parityZero7bit removeComments removeCommentsChar removeNulls removeWhitespace replaceComments replaceNulls sha1".split(
    " ",
  ),
  ..."sqlHexDecode trim trimLeft trimRight uppercase urlDecode urlDecodeUni urlEncode utf8toUnicode".split(" "),
];

export const knownTransformations: ReadonlySet<string> = new Set(transformationNames.map((name) => name.toLowerCase()));

export const transformationAliases: ReadonlyMap<string, string> = new Map([
  ["normalisepath", "normalizepath"],
  ["normalisepathwin", "normalizepathwin"],
]);

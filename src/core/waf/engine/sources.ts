// Where values of a request come from, and which variables of rules hold them. A value is kept once: ARGS and ARGS_GET see the same one.
// What is not here changes while rules run (TX, MATCHED_VAR, flags of bodies, times) and is read by variables.ts.

export const sourceNames = [
  "argumentsGet",
  "argumentsPost",
  "argumentNamesGet",
  "argumentNamesPost",
  "requestHeaders",
  "requestHeaderNames",
  "cookies",
  "cookieNames",
  "fileNames",
  "fileFields",
  "fileSizes",
  "partHeaders",
  "partNames",
  "xmlTexts",
  "xmlAttributes",
  "responseHeaders",
  "responseHeaderNames",
  "requestUri",
  "requestUriRaw",
  "requestFilename",
  "requestBasename",
  "requestLine",
  "requestMethod",
  "requestProtocol",
  "queryString",
  "requestBody",
  "responseBody",
  "responseStatus",
  "responseProtocol",
  "responseContentType",
  "remoteAddress",
  "remotePort",
  "serverAddress",
  "serverPort",
  "serverName",
  "authenticationType",
  "uniqueId",
  "remoteUser",
] as const;
export type SourceName = (typeof sourceNames)[number];

/** Index of a source: what values carry. */
export const sources = Object.fromEntries(sourceNames.map((name, index) => [name, index])) as Readonly<
  Record<SourceName, number>
>;

const whole: Readonly<Record<string, readonly SourceName[]>> = {
  ARGS: ["argumentsGet", "argumentsPost"],
  ARGS_GET: ["argumentsGet"],
  ARGS_POST: ["argumentsPost"],
  ARGS_NAMES: ["argumentNamesGet", "argumentNamesPost"],
  ARGS_GET_NAMES: ["argumentNamesGet"],
  ARGS_POST_NAMES: ["argumentNamesPost"],
  REQUEST_HEADERS: ["requestHeaders"],
  REQUEST_HEADERS_NAMES: ["requestHeaderNames"],
  REQUEST_COOKIES: ["cookies"],
  REQUEST_COOKIES_NAMES: ["cookieNames"],
  FILES: ["fileNames"],
  FILES_NAMES: ["fileFields"],
  FILES_SIZES: ["fileSizes"],
  MULTIPART_FILENAME: ["fileNames"],
  MULTIPART_NAME: ["partNames"],
  MULTIPART_PART_HEADERS: ["partHeaders"],
  RESPONSE_HEADERS: ["responseHeaders"],
  RESPONSE_HEADERS_NAMES: ["responseHeaderNames"],
  REQUEST_URI: ["requestUri"],
  REQUEST_URI_RAW: ["requestUriRaw"],
  REQUEST_FILENAME: ["requestFilename"],
  PATH_INFO: ["requestFilename"],
  REQUEST_BASENAME: ["requestBasename"],
  REQUEST_LINE: ["requestLine"],
  REQUEST_METHOD: ["requestMethod"],
  REQUEST_PROTOCOL: ["requestProtocol"],
  QUERY_STRING: ["queryString"],
  REQUEST_BODY: ["requestBody"],
  RESPONSE_BODY: ["responseBody"],
  RESPONSE_STATUS: ["responseStatus"],
  STATUS_LINE: ["responseStatus"],
  RESPONSE_PROTOCOL: ["responseProtocol"],
  RESPONSE_CONTENT_TYPE: ["responseContentType"],
  REMOTE_ADDR: ["remoteAddress"],
  REMOTE_HOST: ["remoteAddress"],
  REMOTE_PORT: ["remotePort"],
  REMOTE_USER: ["remoteUser"],
  SERVER_ADDR: ["serverAddress"],
  SERVER_PORT: ["serverPort"],
  SERVER_NAME: ["serverName"],
  AUTH_TYPE: ["authenticationType"],
  UNIQUE_ID: ["uniqueId"],
};

/** Variables that hold one value have no key. */
const plain = new Set<number>(sourceNames.flatMap((_, index) => (index >= sources.requestUri ? [index] : [])));

/** The sources of a variable; undefined: it is no value of the request, or not known. XML by its path. */
export function sourcesOf(variable: string, select: string, argument: string): readonly number[] | undefined {
  if (variable === "XML") {
    if (select !== "xpath") return undefined;
    if (argument === "/*") return [sources.xmlTexts];
    if (argument === "//@*") return [sources.xmlAttributes];
    return undefined;
  }
  const names = Object.hasOwn(whole, variable) ? whole[variable] : undefined;
  return names?.map((name) => sources[name]);
}

export function isPlain(source: number): boolean {
  return plain.has(source);
}

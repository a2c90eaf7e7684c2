// Bodies of requests: counted, bounded, parsed as they come; what parsing says of them.
import type { BodyLimits, BodyParser, BodySink } from "../body/body-parser.ts";
import { createJsonParser } from "../body/json.ts";
import { createMultipartParser } from "../body/multipart.ts";
import { createUrlencodedParser } from "../body/urlencoded.ts";
import { createXmlParser } from "../body/xml.ts";
import type { Judge } from "./judge.ts";
import { reachLimit } from "./over-limit.ts";
import { noteSecretText } from "./secret-members.ts";
import { sources } from "./sources.ts";
import type { State } from "./state.ts";
import { addValue } from "./values.ts";

export const bodyLimits = { partsMax: 1000, partHeaderBytesMax: 16_384, nameBytesMax: 16_384 } as const;

export interface RequestBody {
  /** false: over the limit, the rest is not looked at. */
  write(chunk: string): boolean;
  end(): void;
}

/** Made when the first bytes come: by then rules have said how to read them. */
export function createRequestBody(state: State, judge: Judge | undefined): RequestBody {
  const { settings } = state.compiled.ruleSet;
  // As in the reference: a body that must be there as a text is read as a form.
  if (state.body.processor === "" && state.body.isForced) state.body.processor = "URLENCODED";
  const kind = state.body.processor;
  const bytesMax =
    kind === "MULTIPART"
      ? settings.requestBodyBytesMax
      : Math.min(settings.requestBodyBytesMax, settings.requestBodyNoFilesBytesMax);
  const parser = createParser(state, judge);
  // What no parser takes apart is one text.
  // What libmodsecurity does, but for two: the Core Rule Set's tests want no REQUEST_BODY beside XML, and files of multipart are not texts. A rule may ask for it.
  const isKept = state.body.isForced || (kind !== "XML" && kind !== "MULTIPART");
  const chunks: string[] = [];
  let keptRoom = settings.requestBodyNoFilesBytesMax;
  const keep = (piece: string): void => {
    if (piece.length > keptRoom)
      reachLimit(state, `REQUEST_BODY after its first ${settings.requestBodyNoFilesBytesMax} bytes`);
    if (keptRoom > 0) chunks.push(piece.length > keptRoom ? piece.slice(0, keptRoom) : piece);
    keptRoom = Math.max(0, keptRoom - piece.length);
  };
  return {
    write: (chunk) => {
      const room = bytesMax - state.body.bytes;
      const piece = chunk.length > room ? chunk.slice(0, Math.max(0, room)) : chunk;
      state.body.bytes += piece.length;
      if (piece !== "") {
        parser?.write(piece);
        if (isKept) keep(piece);
      }
      if (chunk.length <= room) return true;
      if (!state.body.isOverLimit) state.notInspected.push(`request body over ${bytesMax} bytes`);
      state.body.isOverLimit = true;
      return false;
    },
    end: () => {
      if (state.body.bytes > 0 && parser === undefined)
        state.notInspected.push("request body: no processor for its content type");
      if (parser !== undefined && state.body.bytes > 0) {
        const verdict = parser.end();
        state.body.error = verdict.error;
        state.body.flags = verdict.flags;
        if (verdict.limit !== "") state.notInspected.push(`request body: ${verdict.limit}`);
      }
      if (isKept && state.body.bytes > 0)
        addValue(state, judge, sources.requestBody, "", chunks.length === 1 ? chunks[0]! : chunks.join(""));
    },
  };
}

function createParser(state: State, judge: Judge | undefined): BodyParser | undefined {
  const { settings } = state.compiled.ruleSet;
  const limits: BodyLimits = {
    bytesMax: settings.requestBodyBytesMax,
    argumentsMax: settings.argumentsMax,
    depthMax: settings.jsonDepthMax,
    fieldBytesMax: settings.requestBodyNoFilesBytesMax,
    ...bodyLimits,
  };
  const sink = createSink(state, judge);
  switch (state.body.processor) {
    case "URLENCODED":
      return createUrlencodedParser(sink, limits, { separator: settings.argumentSeparator });
    case "MULTIPART":
      return createMultipartParser(sink, limits, { contentType: contentTypeOf(state) });
    case "JSON":
      return createJsonParser(sink, limits, {});
    case "XML":
      return createXmlParser(sink, limits, { texts: "both" });
    case "":
      return undefined;
  }
}

function createSink(state: State, judge: Judge | undefined): BodySink {
  const isXml = state.body.processor === "XML";
  const isJson = state.body.processor === "JSON";
  const isMultipart = state.body.processor === "MULTIPART";
  let lastArray = "";
  return {
    argument: (name, value) => {
      state.body.argumentsBytes += name.length + value.length;
      const array = isJson ? arrayOf(name) : "";
      if (array !== lastArray) {
        lastArray = array;
        if (array !== "") addValue(state, judge, sources.argumentNamesPost, array, array);
      }
      if (isMultipart) addValue(state, judge, sources.partNames, name, name);
      addValue(state, judge, sources.argumentNamesPost, name, name);
      addValue(state, judge, sources.argumentsPost, name, value);
    },
    file: ({ field, fileName, bytes }) => {
      state.body.filesBytes += bytes;
      addValue(state, judge, sources.fileNames, field, fileName);
      addValue(state, judge, sources.fileFields, field, field);
      addValue(state, judge, sources.partNames, field, field);
      addValue(state, judge, sources.fileSizes, field, String(bytes));
    },
    partHeader: (part, header) => addValue(state, judge, sources.partHeaders, part, header),
    xmlText: (text, name) => {
      noteSecretText(state, text, name);
      if (isXml) addValue(state, judge, sources.xmlTexts, "", text);
    },
    xmlAttribute: (value, name) => {
      noteSecretText(state, value, name);
      addValue(state, judge, sources.xmlAttributes, "", value);
    },
  };
}

/** "json.roles.array_0" is of "json.roles": a name that a client chose, which is to be seen whole. "": no member of an array. */
function arrayOf(name: string): string {
  const at = name.lastIndexOf(".array_");
  return at > 0 && /^[0-9]+$/.test(name.slice(at + 7)) ? name.slice(0, at) : "";
}

function contentTypeOf(state: State): string {
  for (let value = state.sourceHead[sources.requestHeaders]!; value >= 0; value = state.valueNext[value]!) {
    if (state.valueKey[value]!.toLowerCase() === "content-type") return state.valueText[value]!;
  }
  return "";
}

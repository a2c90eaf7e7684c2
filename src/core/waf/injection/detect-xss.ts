// Script in a value that a page would show: reads it as HTML5 in each start context. Never throws; linear time.
import { emptyHtmlReader, readHtml, startHtml, type HtmlContext, type HtmlReader } from "./html-reader.ts";
import {
  attributeKinds,
  eventNames,
  hostileAttributePrefixes,
  hostileElementPrefixes,
  hostileElements,
  type AttributeKind,
} from "./html-names.ts";
import { isScriptUrl } from "./html-url.ts";

/** One reader for all calls: never entered twice at a time. */
const scratch = emptyHtmlReader();

const quotedContexts: readonly (readonly [string, HtmlContext])[] = [
  ["'", "single"],
  ['"', "double"],
  ["`", "tick"],
];

/** True when the value holds markup that runs script (latin1 string: one character, one byte). */
export function detectXss(value: string): boolean {
  // A tag needs "<", an attribute "=": without them there is nothing in any context.
  if (value.includes("<") && isHostileIn(value, "data")) return true;
  if (!value.includes("=")) return false;
  if (isHostileIn(value, "unquoted")) return true;
  for (const [quote, context] of quotedContexts) if (value.includes(quote) && isHostileIn(value, context)) return true;
  return false;
}

function isHostileIn(value: string, context: HtmlContext): boolean {
  startHtml(scratch, value, context);
  let kind: AttributeKind = "none";
  // In a quoting context the first value is what the page had begun.
  let isTag = false;
  while (readHtml(scratch)) {
    switch (scratch.type) {
      case "DOCTYPE":
        return true;
      case "TAG_NAME_OPEN":
        if (isHostileElement(textOf(scratch))) return true;
        break;
      case "TAG_COMMENT":
        if (isHostileComment(textOf(scratch))) return true;
        break;
      case "ATTR_NAME":
        isTag = scratch.isInTag || isTag;
        kind = kindOf(textOf(scratch), isTag);
        continue;
      case "ATTR_VALUE":
        if (isHostileValue(kind, isTag)) return true;
        break;
      default:
        break;
    }
    kind = "none";
    isTag = scratch.isInTag;
  }
  return false;
}

function textOf(reader: HtmlReader): string {
  return reader.text.slice(reader.start, reader.start + reader.length);
}

const nameLengthMax = 64;

/** Lower case and without the NUL bytes that old browsers skip. Names are short: more cannot match. */
function plainName(name: string): string {
  const short = name.length > nameLengthMax ? name.slice(0, nameLengthMax) : name;
  return (short.includes("\0") ? short.replaceAll("\0", "") : short).toLowerCase();
}

function isHostileElement(raw: string): boolean {
  const name = plainName(raw);
  // A prefix is one name and one colon: C++ has two.
  const local = /^[\w.-]*:(?!:)/.test(name) ? name.slice(name.indexOf(":") + 1) : name;
  return (
    hostileElements.has(local) ||
    hostileElementPrefixes.some((prefix) => local.startsWith(prefix) || name.startsWith(prefix))
  );
}

function kindOf(raw: string, isTag: boolean): AttributeKind {
  const name = plainName(raw);
  if (name.startsWith("on")) return isEvent(name, isTag) ? "script" : "none";
  if (hostileAttributePrefixes.some((prefix) => name.startsWith(prefix)))
    return name === "xlink:href" ? "url" : "script";
  return attributeKinds.get(name) ?? "none";
}

/** In a tag every "on..." may be a handler of some browser; elsewhere it must be one that exists: "once=1" is a setting. */
function isEvent(name: string, isTag: boolean): boolean {
  const event = name.slice(2);
  if (isTag) return event.length > 2 && /^[a-z-]+$/.test(event);
  return eventNames.has(event);
}

function isHostileValue(kind: AttributeKind, isTag: boolean): boolean {
  switch (kind) {
    case "none":
      return false;
    case "script":
      return true;
    case "url":
      return isScriptUrl(textOf(scratch));
    case "style":
      return isTag || runsFromStyle.test(scratch.text.slice(scratch.start, scratch.start + styleMax));
    case "attributeName":
      return kindOf(textOf(scratch).trim(), true) !== "none";
  }
}

/** What makes a style load or run something; outside a tag "style=" without a declaration is a setting. */
const runsFromStyle =
  /(?:expression|url) {0,4}\(|behaviou?r|-binding|javascript|@import|\\|^\s{0,8}[a-z-]{1,32}\s{0,8}:/i;
const styleMax = 256;

/** Comments that Internet Explorer runs, processing instructions of XML, entities. */
function isHostileComment(text: string): boolean {
  if (text.includes("`")) return true;
  const start = text.slice(0, 16).trimStart().toLowerCase();
  return start.startsWith("[if") || start.startsWith("xml") || start.startsWith("import") || start.startsWith("entity");
}

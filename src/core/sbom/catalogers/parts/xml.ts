// The part of XML that build files are written in (pom.xml, *.nuspec, packages.config): elements, attributes, text, CDATA. A document type is passed over and
// its entities are never expanded. Linear, bounded in depth and in elements.
import { brokenFile } from "./found.ts";

export interface XmlElement {
  /** Without a namespace's prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const depthMax = 100;
const elementsMax = 500_000;

/** The root element. Throws a Fault "sbom/broken-file". */
export function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: "", attributes: new Map(), children: [], text: "" };
  const open: XmlElement[] = [top];
  let elements = 0;
  let at = 0;
  for (;;) {
    const less = text.indexOf("<", at);
    const parent = open.at(-1);
    if (parent === undefined) throw brokenFile("not XML: an end without a beginning");
    if (less < 0) break;
    if (less > at && open.length > 1) parent.text += unescapeXml(text.slice(at, less));
    if (text.startsWith("<!--", less)) at = after(text, "-->", less + 4);
    else if (text.startsWith("<![CDATA[", less)) {
      at = after(text, "]]>", less + 9);
      parent.text += text.slice(less + 9, at - 3);
    } else if (text.startsWith("<!", less)) at = afterDocumentType(text, less + 2);
    else if (text.startsWith("<?", less)) at = after(text, "?>", less + 2);
    else if (text[less + 1] === "/") {
      at = after(text, ">", less);
      if (open.length === 1) throw brokenFile("not XML: an end without a beginning");
      open.pop();
    } else {
      elements += 1;
      if (elements > elementsMax || open.length > depthMax) throw brokenFile("XML with too many or too deep elements");
      const tag = readTag(text, less + 1);
      parent.children.push(tag.element);
      if (!tag.isEmpty) open.push(tag.element);
      at = tag.end;
    }
  }
  const root = top.children[0];
  if (root === undefined || open.length > 1) throw brokenFile("not XML: no element, or one without its end");
  return root;
}

function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  if (found < 0) throw brokenFile("not XML: something without its end");
  return found + end.length;
}

/** Over "<!DOCTYPE ... [ ... ]>". */
function afterDocumentType(text: string, from: number): number {
  const bracket = text.indexOf("[", from);
  const end = after(text, ">", from);
  return bracket >= 0 && bracket < end ? after(text, ">", after(text, "]", bracket)) : end;
}

const nameEnd = /[\s/>=]/g;

function endOfName(text: string, from: number): number {
  nameEnd.lastIndex = from;
  return nameEnd.exec(text)?.index ?? text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

function readTag(text: string, from: number): { element: XmlElement; isEmpty: boolean; end: number } {
  let at = endOfName(text, from);
  const attributes = new Map<string, string>();
  const element: XmlElement = { name: withoutPrefix(text.slice(from, at)), attributes, children: [], text: "" };
  for (;;) {
    at = skipSpace(text, at);
    if (at >= text.length) throw brokenFile("not XML: a tag without its end");
    if (text[at] === ">") return { element, isEmpty: false, end: at + 1 };
    if (text.startsWith("/>", at)) return { element, isEmpty: true, end: at + 2 };
    const nameTo = endOfName(text, at);
    const name = text.slice(at, nameTo);
    at = skipSpace(text, nameTo);
    if (name === "" || text[at] !== "=") throw brokenFile("not XML: an attribute without a value");
    at = skipSpace(text, at + 1);
    const quote = text[at];
    if (quote !== '"' && quote !== "'") throw brokenFile("not XML: a value without quotes");
    const end = after(text, quote, at + 1);
    attributes.set(withoutPrefix(name), unescapeXml(text.slice(at + 1, end - 1)));
    at = end;
  }
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

const entities: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name: string) => {
    const digits = (decimal ?? hex) as string | undefined;
    if (digits === undefined) return entities.get(name) ?? whole;
    const code = Number.parseInt(digits, decimal === undefined ? 16 : 10);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The trimmed text of a child, "" when there is none. */
export function childText(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text.trim() ?? "";
}

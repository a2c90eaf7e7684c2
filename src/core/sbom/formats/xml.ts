// A small XML reader: elements, attributes, text. No DTD, no entities but the five of the standard and character references, bounded depth and count, one pass.
import { Fault } from "../../../base/fault.ts";
import { sbomLimits } from "./limits.ts";

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Names without prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text right inside, joined and trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly text: string[];
}

/** The root element. Throws Fault "sbom/bad-xml" with the position. */
export function parseXml(text: string): XmlElement {
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let at = text.startsWith("\ufeff") ? 1 : 0;
  let count = 0;
  while (at < text.length) {
    const open = text.indexOf("<", at);
    const plain = text.slice(at, open < 0 ? text.length : open);
    stack.at(-1)?.text.push(unescaped(plain));
    if (open < 0) break;
    if (text.startsWith("<!--", open)) at = after(text, "-->", open);
    else if (text.startsWith("<![CDATA[", open)) {
      at = after(text, "]]>", open);
      stack.at(-1)?.text.push(text.slice(open + 9, at - 3));
    } else if (text.startsWith("<?", open)) at = after(text, "?>", open);
    else if (text.startsWith("<!", open)) throw bad("a document type is not read", open);
    else {
      at = after(text, ">", open);
      const tag = text.slice(open + 1, at - 1);
      count += 1;
      if (count > sbomLimits.xmlElementsMax) throw bad(`more than ${sbomLimits.xmlElementsMax} elements`, open);
      if (tag.startsWith("/")) root = closed(stack, nameOf(tag.slice(1).trim()), open) ?? root;
      else {
        const isEmpty = tag.endsWith("/");
        stack.push(opened(isEmpty ? tag.slice(0, -1) : tag, open));
        if (stack.length > sbomLimits.xmlDepthMax)
          throw bad(`elements are more than ${sbomLimits.xmlDepthMax} deep`, open);
        if (isEmpty) root = closed(stack, stack.at(-1)?.name ?? "", open) ?? root;
      }
    }
  }
  if (stack.length > 0) throw bad(`<${stack.at(-1)?.name ?? ""}> is not closed`, text.length);
  if (root === undefined) throw bad("there is no element", 0);
  return root;
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function childText(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text ?? "";
}

/** A tag ends at the next ">": one inside an attribute's value has to be written as &gt; by the documents we read. */
function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  if (found < 0) throw bad(`"${mark}" is missing`, from);
  return found + mark.length;
}

function opened(tag: string, position: number): Open {
  const name = /^[^\s/>]+/.exec(tag)?.[0] ?? "";
  if (name === "") throw bad("an element has no name", position);
  const attributes = new Map<string, string>();
  for (const match of tag.slice(name.length).matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    attributes.set(nameOf(match[1] ?? ""), unescaped(match[2] ?? match[3] ?? ""));
  return { name: nameOf(name), attributes, children: [], text: [] };
}

function closed(stack: Open[], name: string, position: number): XmlElement | undefined {
  const top = stack.pop();
  if (top === undefined || top.name !== name) throw bad(`</${name}> closes nothing`, position);
  const element = {
    name: top.name,
    attributes: top.attributes,
    children: top.children,
    text: top.text.join("").trim(),
  };
  const parent = stack.at(-1);
  if (parent === undefined) return element;
  parent.children.push(element);
  return undefined;
}

function nameOf(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g,
    (whole, decimal: string, hex: string, name: string) => {
      if (name !== undefined) return entities[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}

function bad(because: string, position: number): Fault {
  return new Fault(`the XML is broken: ${because}`, {
    code: "sbom/bad-xml",
    kind: "usage",
    where: `character ${position}`,
  });
}

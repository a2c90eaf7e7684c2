// The inside of a start tag: its name and the values of its attributes. Namespace declarations are none.
import { trim } from "../transform/trim.ts";
import { decodeReferences } from "./xml-text.ts";

export interface StartTag {
  readonly name: string;
  readonly isEmpty: boolean;
  readonly values: readonly { readonly name: string; readonly value: string }[];
  readonly error: string;
}

const tagName = /^[A-Za-z_:\x80-\xff][^\t-\r /=<>"']*/;
const attribute = /([\t-\r ]*)([^\t-\r /=<>"']+)[\t-\r ]*=[\t-\r ]*(?:"([^"]*)"|'([^']*)')/y;

/** `inside` is what stands between the angle brackets. What cannot be read as attributes is given as one more value. */
export function parseStartTag(inside: string): StartTag {
  const isEmpty = inside.endsWith("/");
  const text = isEmpty ? inside.slice(0, -1) : inside;
  const name = tagName.exec(text)?.[0] ?? "";
  const values: { name: string; value: string }[] = [];
  const seen = new Set<string>();
  let error = name === "" ? "XML: a tag without a name" : "";
  let at = name.length;
  for (;;) {
    attribute.lastIndex = at;
    const found = attribute.exec(text);
    if (found === null) break;
    const key = found[2] ?? "";
    const { text: value, isUnknown } = decodeReferences(found[3] ?? found[4] ?? "");
    if (isUnknown) error ||= "XML: a reference to what is not predefined";
    if (value.includes("<") && (found[3] ?? found[4] ?? "").includes("<")) error ||= "XML: < in an attribute";
    if (found[1] === "" || seen.has(key)) error ||= "XML: malformed attributes";
    seen.add(key);
    if (key !== "xmlns" && !key.startsWith("xmlns:")) values.push({ name: key, value });
    at = attribute.lastIndex;
  }
  const left = trim.apply(text.slice(at));
  if (left !== "") {
    error ||= "XML: malformed attributes";
    values.push({ name: "", value: left });
  }
  return { name, isEmpty, values, error };
}

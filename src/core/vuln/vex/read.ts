// Reads a VEX document of any format we know, recognised by its content; also inside an in-toto statement or a DSSE envelope.
import { Fault } from "../../../base/fault.ts";
import { fromBase64 } from "../../sbom/formats/base64.ts";
import { cycloneDxShape } from "../../sbom/formats/cyclonedx/read-xml.ts";
import { sbomLimits } from "../../sbom/formats/limits.ts";
import { jsonOf, listAt, member, textAt, textOf } from "../../sbom/formats/value.ts";
import { parseXml } from "../../sbom/formats/xml.ts";
import { readCsaf } from "./read-csaf.ts";
import { readCycloneDxVex } from "./read-cyclonedx.ts";
import { readOpenVex } from "./read-openvex.ts";
import { vexLimits, type VexDocument } from "./statement.ts";

/** Statements with what could not be used. Throws Fault "vex/..." when it is no VEX document. */
export function readVex(text: string): VexDocument {
  if (text.length > vexLimits.bytesMax)
    throw new Fault(`the document is longer than ${vexLimits.bytesMax} characters`, {
      code: "vex/too-large",
      kind: "too-large",
    });
  const start = text
    .slice(0, 1024)
    .replace(/^\ufeff/, "")
    .trimStart();
  if (start.startsWith("<")) return ofJson(cycloneDxShape(parseXml(text)), 0);
  const value = jsonOf(text.replace(/^\ufeff/, ""));
  if (value === undefined) throw unknown("it is not JSON to its end");
  return ofJson(value, 0);
}

function ofJson(value: unknown, depth: number): VexDocument {
  const context = member(value, "@context");
  const contexts = [textOf(context), ...(Array.isArray(context) ? context.map(textOf) : [])];
  if (contexts.some((one) => one.includes("openvex.dev"))) return readOpenVex(value);
  if (textAt(member(value, "document"), "csaf_version") !== "") return readCsaf(value);
  if (textAt(value, "bomFormat") === "CycloneDX") return readCycloneDxVex(value);
  if (depth >= sbomLimits.wrapsMax) throw unknown("it is wrapped too often");
  const envelope = member(value, "dsseEnvelope") ?? value;
  const payload = textAt(envelope, "payload");
  if (payload !== "") return ofJson(jsonOf(utf8(fromBase64(payload))), depth + 1);
  if (textAt(value, "_type").startsWith("https://in-toto.io/Statement/"))
    return ofJson(member(value, "predicate"), depth + 1);
  // OpenVEX of its first days had no context of its own.
  if (listAt(value, "statements").length > 0 && textAt(value, "author") !== "") return readOpenVex(value);
  throw unknown("no format's mark is in it");
}

function utf8(bytes: Uint8Array): string {
  let escaped = "";
  for (const byte of bytes)
    escaped += byte < 0x80 && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(escaped);
  } catch (cause) {
    throw new Fault("the payload is not UTF-8", { code: "vex/bad-text", kind: "usage", cause });
  }
}

function unknown(because: string): Fault {
  return new Fault(`this is no VEX document that we know: ${because}`, {
    code: "vex/unknown-format",
    kind: "usage",
    hint: "OpenVEX, CSAF 2.0 or CycloneDX with analyses, also in in-toto or DSSE",
  });
}

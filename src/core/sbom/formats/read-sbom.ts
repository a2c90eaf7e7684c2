// Reads an SBOM of any format we know, recognised by its content: CycloneDX JSON and XML, SPDX 2 JSON and tag-value, SPDX 3 JSON-LD, Syft's JSON, GitHub's
// snapshots; also inside an in-toto statement, a DSSE envelope or a sigstore bundle (whose signature is somebody else's to verify).
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { CatalogTools } from "../cataloger.ts";
import { fromBase64 } from "./base64.ts";
import { createCollector, type Collector } from "./collect.ts";
import { readCycloneDx } from "./cyclonedx/read-json.ts";
import { cycloneDxShape } from "./cyclonedx/read-xml.ts";
import { sbomLimits } from "./limits.ts";
import { readSpdx3 } from "./spdx/read-3.ts";
import { readSpdx } from "./spdx/read-json.ts";
import { spdxShape } from "./spdx/read-tag-value.ts";
import { readGithubSnapshot, readSyft } from "./syft.ts";
import { listAt, member, objectOf, textAt, textOf } from "./value.ts";
import { parseXml } from "./xml.ts";

export type SbomTools = Pick<CatalogTools, "utf8" | "sha256">;

export const sbomFormats = [
  "cyclonedx-json",
  "cyclonedx-xml",
  "spdx-json",
  "spdx-tag-value",
  "spdx-3",
  "syft",
  "github",
] as const;
export type SbomFormat = (typeof sbomFormats)[number];

/** The document as an analysis: its digest is that of its bytes; digests that it claims are only in `otherDigests`. Throws Fault "sbom/..." when it is no SBOM. */
export function readSbom(
  bytes: Uint8Array,
  tools: SbomTools,
  options: { readonly reference?: string } = {},
): ImageAnalysis {
  if (bytes.length > sbomLimits.bytesMax)
    throw new Fault(`the document has ${bytes.length} bytes, more than ${sbomLimits.bytesMax}`, {
      code: "sbom/too-large",
      kind: "too-large",
    });
  const reference = options.reference ?? "sbom";
  const collector = createCollector(reference);
  const document = recognise(tools.utf8(bytes), tools, collector, 0);
  refuseShape(document, collector);
  readInto(document, collector);
  const { packages, operatingSystem, gaps, otherDigests } = collector.finish();
  return {
    schema: 1,
    source: "sbom",
    reference,
    digest: `sha256:${tools.sha256(bytes)}`,
    otherDigests: [...otherDigests],
    ...(operatingSystem === undefined ? {} : { operatingSystem }),
    layers: [],
    packages: [...packages],
    secrets: [],
    secretsSearched: false,
    facts: {},
    gaps: [...gaps],
    catalogers: [`sbom/${document.format}@1`],
  };
}

/** A document whose format is known, JSON's shape whatever it was written in. */
export interface KnownDocument {
  readonly format: SbomFormat;
  readonly value: unknown;
}

/** The format of a text by its content; envelopes are opened, their subjects' digests go to the collector. */
export function recognise(
  given: string,
  tools: Pick<SbomTools, "utf8">,
  collector: Pick<Collector, "digest">,
  depth: number,
): KnownDocument {
  const text = given.startsWith("\ufeff") ? given.slice(1) : given;
  const start = text.slice(0, 4096).trimStart();
  if (start.startsWith("<")) return recogniseXml(text, start);
  if (/^(?:#[^\n]*\n\s*)*SPDXVersion:/.test(start)) return { format: "spdx-tag-value", value: spdxShape(text) };
  if (/^(?:---\s*\n|#[^\n]*\n|\s)*["']?(?:spdxVersion|SPDXID)["']?:/.test(start))
    throw notRead("SPDX as YAML", "JSON or tag-value");
  if (!start.startsWith("{")) throw unknown("it is neither JSON, nor XML, nor SPDX tag-value");
  return recogniseJson(parsed(text), tools, collector, depth);
}

function recogniseXml(text: string, start: string): KnownDocument {
  if (/<rdf:RDF/i.test(start)) throw notRead("SPDX as RDF", "JSON or tag-value");
  const root = parseXml(text);
  if (root.name === "bom") return { format: "cyclonedx-xml", value: cycloneDxShape(root) };
  throw unknown(`its root element is <${root.name.slice(0, 60)}>`);
}

function recogniseJson(
  value: unknown,
  tools: Pick<SbomTools, "utf8">,
  collector: Pick<Collector, "digest">,
  depth: number,
): KnownDocument {
  if (textAt(value, "bomFormat") === "CycloneDX") return { format: "cyclonedx-json", value };
  if (textAt(value, "spdxVersion").startsWith("SPDX-")) return { format: "spdx-json", value };
  const context = member(value, "@context");
  const contexts = [textOf(context), ...(Array.isArray(context) ? context.map(textOf) : [])];
  if (
    contexts.some((one) => /spdx\.org\/rdf\/3\./.test(one)) ||
    (context !== undefined && listAt(value, "@graph").length > 0)
  )
    return { format: "spdx-3", value };
  if (listAt(value, "artifacts").length > 0 || textAt(member(value, "descriptor"), "name") === "syft")
    return { format: "syft", value };
  if (member(value, "manifests") !== undefined && member(value, "detector") !== undefined)
    return { format: "github", value };
  if (depth >= sbomLimits.wrapsMax) throw unknown(`it is wrapped more than ${sbomLimits.wrapsMax} times`);
  return unwrapped(value, tools, collector, depth);
}

function unwrapped(
  value: unknown,
  tools: Pick<SbomTools, "utf8">,
  collector: Pick<Collector, "digest">,
  depth: number,
): KnownDocument {
  const envelope = member(value, "dsseEnvelope") ?? value;
  const payload = textAt(envelope, "payload");
  if (payload !== "" && textAt(envelope, "payloadType") !== "")
    return recognise(tools.utf8(fromBase64(payload)), tools, collector, depth + 1);
  if (!textAt(value, "_type").startsWith("https://in-toto.io/Statement/")) throw unknown("no format's mark is in it");
  for (const subject of listAt(value, "subject")) {
    const sha256 = textAt(member(subject, "digest"), "sha256");
    if (sha256 !== "") collector.digest(`sha256:${sha256}`);
  }
  const predicate = member(value, "predicate");
  // Older attestations keep the document as a text, or under Data.
  const data = textOf(predicate) || textAt(predicate, "Data");
  if (data !== "") return recognise(data, tools, collector, depth + 1);
  return recogniseJson(member(predicate, "Data") ?? predicate, tools, collector, depth + 1);
}

const listNames: Readonly<Partial<Record<SbomFormat, string>>> = {
  "cyclonedx-json": "components",
  "spdx-json": "packages",
  syft: "artifacts",
};

/** A list that is none reads like an empty one: that must not look like "nothing in it". */
function refuseShape({ format, value }: KnownDocument, collector: Collector): void {
  const name = listNames[format];
  const list = name === undefined ? undefined : member(value, name);
  if (name !== undefined && list !== undefined && !Array.isArray(list))
    collector.gap("not-supported", name, `"${name}" is no list: nothing in it was read`);
}

function readInto({ format, value }: KnownDocument, collector: Collector): void {
  switch (format) {
    case "cyclonedx-json":
    case "cyclonedx-xml":
      readCycloneDx(value, collector);
      return;
    case "spdx-json":
    case "spdx-tag-value":
      readSpdx(value, collector);
      return;
    case "spdx-3":
      readSpdx3(value, collector);
      return;
    case "syft":
      readSyft(value, collector);
      return;
    case "github":
      readGithubSnapshot(value, collector);
      return;
  }
}

/** The engine's own parser: bounded by the document's size, and it does not recurse. */
function parsed(text: string): unknown {
  try {
    return objectOf(JSON.parse(text));
  } catch (cause) {
    throw new Fault("the document is not JSON to its end", {
      code: "sbom/bad-json",
      kind: "usage",
      hint: "it may be cut off, or hold several documents: one is read at a time",
      cause,
    });
  }
}

function notRead(what: string, instead: string): Fault {
  return new Fault(`${what} is not read`, {
    code: "sbom/not-supported",
    kind: "usage",
    hint: `convert it to ${instead}`,
  });
}

function unknown(because: string): Fault {
  return new Fault(`this is no SBOM that we know: ${because}`, {
    code: "sbom/unknown-format",
    kind: "usage",
    hint: "CycloneDX (JSON, XML), SPDX 2.2 and 2.3 (JSON, tag-value), SPDX 3.0 (JSON-LD), Syft JSON, GitHub snapshot, also in in-toto or DSSE",
  });
}

// What documents of both formats need of an analysis: the image's name, package URL and time, and identifiers made of the content, so that the same analysis gives
// the same bytes.
import { formatInstant, parseInstantMs } from "../../../base/instant.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { printPurl } from "../purl.ts";

export interface DocumentOptions {
  /** Our own version: "0.1.0"; without it the tool is named alone. */
  readonly toolVersion?: string;
  /** RFC 3339; without it the time in the image's configuration. */
  readonly createdAt?: string;
}

export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly isImage: boolean;
  /** Hex of a SHA-256 digest; "". */
  readonly sha256: string;
}

/** What the document describes. */
export function subjectOf(analysis: ImageAnalysis): Subject {
  const isImage = !["root", "container", "sbom"].includes(analysis.source);
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(analysis.digest)?.[1] ?? "";
  const bare = analysis.reference.split("@", 1)[0] ?? "";
  const colon = bare.lastIndexOf(":");
  const hasTag = isImage && colon > bare.lastIndexOf("/");
  const name = hasTag ? bare.slice(0, colon) : bare;
  const tag = hasTag ? bare.slice(colon + 1) : "";
  const last = name.slice(name.lastIndexOf("/") + 1);
  const isPull = analysis.source === "registry" || analysis.source === "containerd";
  const purl =
    !isImage || sha256 === "" || last === ""
      ? ""
      : printPurl({
          type: "oci",
          namespace: "",
          name: last,
          version: analysis.digest,
          qualifiers: {
            arch: analysis.config?.architecture ?? "",
            ...(isPull ? { repository_url: name, tag } : {}),
          },
          subpath: "",
        });
  return { name: name === "" ? "unnamed" : name, version: analysis.digest, purl, isImage, sha256 };
}

/** "2026-11-23T07:00:00Z" of what was asked for or of the image's configuration; "" when neither is a time. */
export function createdAt(analysis: ImageAnalysis, options: DocumentOptions): string {
  const ms = parseInstantMs(options.createdAt ?? analysis.config?.created ?? "");
  return ms === undefined ? "" : formatInstant(Math.floor(ms / 1000) * 1000).replace(".000Z", "Z");
}

const blankUuid = "00000000-0000-8000-8000-000000000000";

/** JSON, indented, ending in a line break. `make` gets the UUID that its own text decides: the same content gives the same one, any other content another. */
export function withUuid(make: (uuid: string) => object): string {
  const draft = JSON.stringify(make(blankUuid), undefined, 2);
  const at = draft.indexOf(blankUuid);
  return `${draft.slice(0, at)}${uuidOf(draft)}${draft.slice(at + blankUuid.length)}\n`;
}

/** A UUID (version 8) that the text decides alone. Not a signature: it tells documents apart, it does not protect them. */
export function uuidOf(text: string): string {
  const hex = hash128(text);
  const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Four FNV-1a lanes over UTF-16 units in one pass, each from a seed of its own and mixed at the end. */
function hash128(text: string): string {
  let [one, two, three, four] = [0x811c_9dc5, 0x9e37_79b9, 0x85eb_ca6b, 0xc2b2_ae35];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x0100_0193);
    two = Math.imul(two ^ unit, 0x0100_0193);
    three = Math.imul(three ^ unit, 0x0100_01b3);
    four = Math.imul(four ^ unit, 0x0100_01b3);
  }
  return [one, two, three, four].map((lane) => (mixed(lane) >>> 0).toString(16).padStart(8, "0")).join("");
}

function mixed(lane: number): number {
  let hash = Math.imul(lane ^ (lane >>> 16), 0x21f0_aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a_2d97);
  return hash ^ (hash >>> 15);
}

// The record of what the committed kernel objects were built from: bpf/objects.json. Run: node tools/bpf-objects.ts (after make -C bpf).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../bpf/", import.meta.url);

export interface BpfRecord {
  /** SHA-256 of what sha256sum prints for all sources and the Makefile, in name order. */
  readonly sourcesSha256: string;
  readonly objectSha256ByName: Readonly<Record<string, string>>;
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What is in bpf/ now. */
export function describeBpf(): BpfRecord {
  const sources = readdirSync(folder)
    .filter((name) => /\.(c|h)$/.test(name) || name === "Makefile")
    .toSorted();
  const objects = readdirSync(new URL("objects/", folder))
    .filter((name) => name.endsWith(".o"))
    .toSorted();
  return {
    sourcesSha256: sha256(sources.map((name) => `${sha256(readFileSync(new URL(name, folder)))}  ${name}\n`).join("")),
    objectSha256ByName: Object.fromEntries(
      objects.map((name) => [name, sha256(readFileSync(new URL(`objects/${name}`, folder)))]),
    ),
  };
}

/** What was recorded when the objects were built. */
export function readBpfRecord(): BpfRecord {
  return JSON.parse(readFileSync(new URL("objects.json", folder), "utf8")) as BpfRecord;
}

if (import.meta.main) writeFileSync(new URL("objects.json", folder), `${JSON.stringify(describeBpf(), null, 2)}\n`);

// The record of what each committed kernel object was built from: bpf/objects/NAME.json, one per object, so that two can change side by side.
// Run: node tools/bpf-objects.ts [NAME...] (after make -C bpf); without names all of them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../bpf/", import.meta.url);

export interface BpfRecord {
  /** SHA-256 of what sha256sum prints for the Makefile, the program and every header it includes, in name order. */
  readonly sourcesSha256: string;
  readonly objectSha256: string;
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Objects that bpf/ has a program for: "sensor" of sensor.bpf.c, in name order. */
export function bpfObjectNames(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".bpf.c"))
    .map((name) => name.slice(0, -".bpf.c".length))
    .toSorted();
}

/** The file and all that it includes from bpf/ itself ("..."; the <...> ones are libbpf's). */
export function sourcesOf(file: string, seen: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  let found: ReadonlySet<string> = new Set([...seen, file]);
  const text = readFileSync(new URL(file, folder), "utf8");
  for (const [, included = ""] of text.matchAll(/^#include "([^"]+)"$/gm)) found = sourcesOf(included, found);
  return found;
}

/** What is in bpf/ now for one object. */
export function describeBpf(name: string): BpfRecord {
  const sources = [...sourcesOf(`${name}.bpf.c`), "Makefile"].toSorted();
  return {
    sourcesSha256: sha256(
      sources.map((source) => `${sha256(readFileSync(new URL(source, folder)))}  ${source}\n`).join(""),
    ),
    objectSha256: sha256(readFileSync(new URL(`objects/${name}.bpf.o`, folder))),
  };
}

/** What was recorded when the object was built. */
export function readBpfRecord(name: string): BpfRecord {
  return JSON.parse(readFileSync(new URL(`objects/${name}.json`, folder), "utf8")) as BpfRecord;
}

if (import.meta.main) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : bpfObjectNames();
  for (const name of names)
    writeFileSync(new URL(`objects/${name}.json`, folder), `${JSON.stringify(describeBpf(name), null, 2)}\n`);
}

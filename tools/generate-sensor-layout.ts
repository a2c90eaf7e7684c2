// Derives the decoders' offsets from the C headers of records in bpf/, so that no offset is ever copied by hand. Run: node tools/generate-sensor-layout.ts
// Reads a strict subset of C and refuses anything else: a surprise in the header must stop the build, not shift a field.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const bpfFolder = new URL("../bpf/", import.meta.url);

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

interface Struct {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly size: number;
}

export interface SensorLayout {
  readonly constants: ReadonlyMap<string, number>;
  readonly structs: readonly Struct[];
}

const sizeByScalar = new Map([
  ["u8", 1],
  ["char", 1],
  ["u16", 2],
  ["u32", 4],
  ["u64", 8],
]);

export interface LayoutFile {
  /** In bpf/: events.h of the base family, and NAME.h of an object of its own, with nothing but its records in it. */
  readonly header: string;
  /** In src/edge/sensor/. */
  readonly file: string;
}

/** A new object with records is a line here; a header may include another one of this list and use its structs. */
const layoutFilesKnown: readonly LayoutFile[] = [
  { header: "events.h", file: "layout.gen.ts" },
  { header: "guard.h", file: "guard/guard-layout.gen.ts" },
  { header: "lsm.h", file: "guard/lsm-layout.gen.ts" },
  { header: "learn.h", file: "learn/learn-layout.gen.ts" },
];

/** Those whose header is here. */
export function layoutFiles(): readonly LayoutFile[] {
  return layoutFilesKnown.filter(({ header }) => existsSync(new URL(header, bpfFolder)));
}

/** The header's own records; what it includes is known to them, but not part of the answer. */
export function readSensorHeader(header: string): SensorLayout {
  const source = readFileSync(new URL(header, bpfFolder), "utf8");
  const inner = [...source.matchAll(/^#include "([^"]+)"$/gm)].map(([, name = ""]) => readSensorHeader(name));
  return parseSensorHeader(source, {
    constants: new Map(inner.flatMap(({ constants }) => [...constants])),
    structs: inner.flatMap(({ structs }) => structs),
  });
}

const nothingIncluded: SensorLayout = { constants: new Map(), structs: [] };

/** Parses the header. Throws on any line it does not understand and on implicit padding. */
export function parseSensorHeader(source: string, included: SensorLayout = nothingIncluded): SensorLayout {
  const constants = new Map<string, number>();
  const structs: Struct[] = [];
  const bare = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^#include "[^"]+"$/gm, "");
  const withoutStructs = bare.replaceAll(/struct (\w+) \{([^}]*)\};/g, (_whole, name: string, body: string) => {
    const known = {
      structs: [...included.structs, ...structs],
      constants: new Map([...included.constants, ...constantsOf(bare)]),
    };
    structs.push(parseStruct(name, body, known));
    return "";
  });
  for (const [name, value] of constantsOf(bare)) constants.set(name, value);
  const leftOver = withoutStructs
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^#(define \w+( \d+)?|ifndef \w+|endif)$/.test(line));
  if (leftOver.length > 0) throw new Error(`header of records: not understood: ${leftOver[0]}`);
  return { constants, structs };
}

function constantsOf(source: string): ReadonlyMap<string, number> {
  return new Map([...source.matchAll(/^#define (\w+) (\d+)$/gm)].map((match) => [match[1] ?? "", Number(match[2])]));
}

function parseStruct(
  name: string,
  body: string,
  known: { structs: readonly Struct[]; constants: ReadonlyMap<string, number> },
): Struct {
  const fields: Field[] = [];
  let offset = 0;
  for (const declaration of body.split(";").map((text) => text.trim())) {
    if (declaration === "") continue;
    const match = /^(?:struct )?(\w+) (\w+)(?:\[(\w+)\])?$/.exec(declaration);
    if (match === null) throw new Error(`header of records: struct ${name}: not understood: ${declaration}`);
    const [, type = "", field = "", count = "1"] = match;
    const inner = known.structs.find((struct) => struct.name === type)?.size;
    const unit = sizeByScalar.get(type) ?? inner;
    if (unit === undefined) throw new Error(`header of records: struct ${name}: unknown type ${type}`);
    const alignment = inner === undefined ? unit : 8;
    if (offset % alignment !== 0) throw new Error(`header of records: struct ${name}: ${field} would be padded`);
    const size = unit * (known.constants.get(count) ?? Number(count));
    fields.push({ name: field, offset, size });
    offset += size;
  }
  if (offset % 8 !== 0) throw new Error(`header of records: struct ${name}: size ${offset} is not a multiple of 8`);
  return { name, fields, size: offset };
}

function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase());
}

/** Constants with these beginnings go together under one name; all others are limits. */
const groups = [
  ["EVENT_", "eventType"],
  ["FLAG_", "eventFlag"],
  ["DEED_", "deedNumber"],
  ["WATCHED_", "watchedNumber"],
  ["FILE_CALL_", "fileCallNumber"],
  ["KIND_", "descriptorKind"],
] as const;

/** The TypeScript file's text: byte offsets and sizes per record, event types, flags and limits. */
export function renderSensorLayout(layout: SensorLayout, header = "events.h"): string {
  const lines = [`// Generated by tools/generate-sensor-layout.ts from bpf/${header}. Do not edit.`, ""];
  const group = (prefix: string): string =>
    [...layout.constants]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => `  ${camelCase(name.slice(prefix.length))}: ${value},\n`)
      .join("");
  for (const [prefix, name] of groups) {
    const members = group(prefix);
    if (members !== "" || prefix === "EVENT_" || prefix === "FLAG_")
      lines.push(`export const ${name} = {\n${members}} as const;`, "");
  }
  const limits = [...layout.constants].filter(([name]) => !groups.some(([prefix]) => name.startsWith(prefix)));
  lines.push(
    `export const limit = {\n${limits.map(([name, value]) => `  ${camelCase(name)}: ${value},\n`).join("")}} as const;`,
    "",
  );
  lines.push(
    "/** Byte offsets inside each record; `size` is the fixed part, after which strings or payload follow. */",
  );
  lines.push("export const layout = {");
  for (const struct of layout.structs) {
    const fields = struct.fields.map((field) => `    ${camelCase(field.name)}: ${field.offset},\n`).join("");
    lines.push(`  ${camelCase(struct.name)}: {\n${fields}    size: ${struct.size},\n  },`);
  }
  lines.push("} as const;", "");
  return lines.join("\n");
}

if (import.meta.main) {
  for (const { header, file } of layoutFiles()) {
    const target = new URL(`../src/edge/sensor/${file}`, import.meta.url);
    mkdirSync(new URL(".", target), { recursive: true });
    writeFileSync(target, renderSensorLayout(readSensorHeader(header), header));
  }
}

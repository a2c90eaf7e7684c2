// The committed kernel objects belong to the committed sources, and the decoder's offsets to the header.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { bpfObjectNames, describeBpf, readBpfRecord, sourcesOf } from "./bpf-objects.ts";
import { layoutFiles, parseSensorHeader, readSensorHeader, renderSensorLayout } from "./generate-sensor-layout.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const bpfFolder = new URL("../bpf/", import.meta.url);

/** `_Static_assert(sizeof(struct NAME) == BYTES` of all sources. */
const assertedSizes = new Map(
  readdirSync(bpfFolder)
    .filter((name) => /\.[ch]$/.test(name))
    .flatMap((name) => [...read(`../bpf/${name}`).matchAll(/_Static_assert\(sizeof\(struct (\w+)\) == (\d+)/g)])
    .map((match) => [match[1], Number(match[2])]),
);

for (const name of bpfObjectNames()) {
  test(`bpf/objects/${name}.json describes the sources and the object that are here (else: make -C bpf && node tools/bpf-objects.ts ${name})`, () => {
    assert.deepEqual(describeBpf(name), readBpfRecord(name));
  });
}

test("an object's sources are its program and what it includes", () => {
  const sources = sourcesOf("sensor.bpf.c");
  for (const name of ["sensor.bpf.c", "common.h", "events.h", "vmlinux.h"]) assert.ok(sources.has(name), name);
  assert.ok(!sources.has("Makefile"));
});

for (const { header, file } of layoutFiles()) {
  test(`${file} is what bpf/${header} says (else: node tools/generate-sensor-layout.ts)`, () => {
    assert.equal(read(`../src/edge/sensor/${file}`), renderSensorLayout(readSensorHeader(header), header));
  });

  test(`the sizes computed of bpf/${header} are those that the C compiler asserts`, () => {
    const computed = readSensorHeader(header).structs;
    assert.ok(computed.length > 0);
    for (const { name, size } of computed) assert.equal(assertedSizes.get(name), size, name);
  });
}

test("the base family's header is among them", () => {
  assert.ok(layoutFiles().some(({ header }) => header === "events.h"));
});

test("a header may use the records of one that it includes", () => {
  const inner = parseSensorHeader("#define N 4\nstruct a {\n\tu64 b;\n};");
  const outer = parseSensorHeader('#include "a.h"\nstruct c {\n\tstruct a d;\n\tu16 e[N];\n};', inner);
  assert.deepEqual(outer.structs, [
    {
      name: "c",
      fields: [
        { name: "d", offset: 0, size: 8 },
        { name: "e", offset: 8, size: 8 },
      ],
      size: 16,
    },
  ]);
});

const refused: readonly [name: string, source: string, message: RegExp][] = [
  ["an unknown type", "struct a {\n\tlong b;\n};", /unknown type long/],
  ["implicit padding", "struct a {\n\tu32 b;\n\tu64 c;\n};", /c would be padded/],
  ["a bit field", "struct a {\n\tu32 b : 3;\n};", /not understood/],
  ["a ragged size", "struct a {\n\tu32 b;\n};", /not a multiple of 8/],
  ["other code", "int main(void);", /not understood: int main/],
  ["an expression", "#define A (1 << 2)", /not understood: #define A/],
];
for (const [name, source, message] of refused) {
  test(`the generator refuses ${name}`, () => assert.throws(() => parseSensorHeader(source), message));
}

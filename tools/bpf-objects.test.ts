// The committed kernel objects belong to the committed sources, and the decoder's offsets to the header.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeBpf, readBpfRecord } from "./bpf-objects.ts";
import { parseSensorHeader, renderSensorLayout } from "./generate-sensor-layout.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("bpf/objects.json describes the sources and objects that are here (else: make -C bpf && node tools/bpf-objects.ts)", () => {
  assert.deepEqual(describeBpf(), readBpfRecord());
});

test("layout.gen.ts is what bpf/events.h says (else: node tools/generate-sensor-layout.ts)", () => {
  assert.equal(
    read("../src/edge/sensor/layout.gen.ts"),
    renderSensorLayout(parseSensorHeader(read("../bpf/events.h"))),
  );
});

test("the sizes that the generator computes are those that the C compiler asserts", () => {
  const asserted = new Map(
    [...read("../bpf/common.h").matchAll(/_Static_assert\(sizeof\(struct (\w+)\) == (\d+)/g)].map((match) => [
      match[1],
      Number(match[2]),
    ]),
  );
  const computed = new Map(
    parseSensorHeader(read("../bpf/events.h")).structs.map((struct) => [struct.name, struct.size]),
  );
  assert.ok(computed.size >= 9);
  assert.deepEqual(asserted, computed);
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

// What a body parser tells, recorded in order: for its tests. Chunks as given; `inPieces` cuts a body at random places.
import { integer, array, type Arbitrary } from "fast-check";
import type { BodyLimits, BodyParser, BodySink, BodyVerdict } from "../../src/core/waf/body/body-parser.ts";

export const roomyLimits: BodyLimits = {
  bytesMax: 64 * 1024 * 1024,
  argumentsMax: 1_000,
  depthMax: 64,
  partsMax: 100,
  partHeaderBytesMax: 4_096,
  nameBytesMax: 4_096,
  fieldBytesMax: 64 * 1024 * 1024,
};

export type Told =
  | readonly ["argument", string, string]
  | readonly ["file", string, string, number]
  | readonly ["header", string, string]
  | readonly ["text", string]
  | readonly ["attribute", string];

export interface Recorded {
  readonly told: readonly Told[];
  readonly verdict: BodyVerdict;
}

export type MakeParser = (sink: BodySink) => BodyParser;

export function recordBody(make: MakeParser, chunks: readonly string[]): Recorded {
  const told: Told[] = [];
  const parser = make({
    argument: (name, value) => told.push(["argument", name, value]),
    file: ({ field, fileName, bytes }) => told.push(["file", field, fileName, bytes]),
    partHeader: (part, header) => told.push(["header", part, header]),
    xmlText: (text) => told.push(["text", text]),
    xmlAttribute: (value) => told.push(["attribute", value]),
  });
  for (const chunk of chunks) parser.write(chunk);
  return { told, verdict: parser.end() };
}

/** Places to cut a body at. */
export const cuts: Arbitrary<readonly number[]> = array(integer({ min: 0, max: 400 }), { maxLength: 12 });

export function inPieces(body: string, places: readonly number[]): readonly string[] {
  const at = [...new Set(places.map((place) => place % (body.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, index) => body.slice(start, at[index] ?? body.length));
}

/** Names of the flags that are set. */
export function flagsOf(recorded: Recorded): readonly string[] {
  return Object.keys(recorded.verdict.flags).toSorted();
}
